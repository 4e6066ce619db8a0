"""How reports look in a terminal: flows, gates, outcomes, and what waits for a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from accord.cli.report import Report

_MARKS = {"met": "green", "late": "yellow", "pending": "cyan", "missed": "red"}
_LANDING = ("read", "landed", "unchanged", "rejected")
_IDENTITY = ("read", "landed", "unchanged", "removed")
_DELIVERY = ("due", "delivered", "unchanged", "rejected")
# Shown, and explained, only where there are any.
_RARE = {
    "removed": "no longer in the source; kept as tombstones",
    "held": "kept back: by the gate, until what it needs is there, or until a steward has decided",
    "waiting": "still to be sent; the next pass sends them",
    "unknown": "sent, but no answer came; looked up before anything is sent again",
    "unusual": "outside the usual range, such as a quiet Sunday; warns and never blocks",
}
LISTED = 12
_PLACES = 3
_ALERT_DAYS = timedelta(days=7)


def show_report(console: Console, report: Report) -> None:
    """Print flows, gates, outcomes and what waits for a person."""
    if not report["flows"]:
        console.print("Nothing has been run yet. Start with [bold]accord demo[/] or accord run.")
    else:
        _show_flows(console, report["flows"])
        _show_gates(console, report["gates"])
        _show_golden(console, report["golden"])
    _show_outcomes(console, report["outcomes"])
    _show_waiting(console, report)


def show_alerts(console: Console, alerts: Sequence[Mapping[str, Any]], now: datetime) -> None:
    """Print the alerts of the last days, in the reader's own time."""
    recent = [
        (at.astimezone(), alert)
        for alert in alerts
        if now - (at := datetime.fromisoformat(alert["at"])) < _ALERT_DAYS
    ]
    if recent:
        console.print(f"\n[bold]Alerts[/]  [dim]of the last {_ALERT_DAYS.days} days[/]")
    for at, alert in recent[:LISTED]:
        over = "[green]over[/]  " if alert["state"] == "recovered" else ""
        text = escape(f"{alert['subject']}: {alert['message']}")
        console.print(f"  {at:%Y-%m-%d %H:%M}  {over}{text}", highlight=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A plain table: words left, numbers right."""
    made = Table(
        title=title, title_justify="left", title_style="", box=None, padding=(0, 2, 0, 0),
        header_style="dim",
    )  # fmt: skip
    rows = list(rows)
    for index, column in enumerate(columns):
        numeric = bool(rows) and all(
            row[index].replace(",", "").strip("-·").isdigit() or row[index] in "·" for row in rows
        )
        made.add_column(column, justify="right" if numeric else "left", no_wrap=True)
    for row in rows:
        made.add_row(*row)
    return made


def values_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A plain table of values that anybody may have written: nothing in them is markup."""
    return table(title, columns, [tuple(escape(cell) for cell in row) for row in rows])


def _show_flows(console: Console, flows: Sequence[Mapping[str, Any]]) -> None:
    landed = [flow for flow in flows if flow["stage"] == "landing"]
    identified = [flow for flow in flows if flow["stage"] == "identity"]
    delivered = [flow for flow in flows if flow["stage"] == "delivery"]
    if landed:
        named = [(_landing_name(flow), flow) for flow in landed]
        _show_stage(console, "Read", _LANDING, ("removed",), named)
    if identified:
        named = [(f"records of {flow['name']}s", flow) for flow in identified]
        _show_stage(console, "Recognised", _IDENTITY, (), named)
    if delivered:
        named = [(_delivery_name(flow, delivered), flow) for flow in delivered]
        _show_stage(console, "Delivered", _DELIVERY, ("held", "waiting", "unknown"), named)


def _landing_name(flow: Mapping[str, Any]) -> str:
    return f"{flow['name']} (read back)" if flow["read_back"] else str(flow["name"])


def _delivery_name(flow: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> str:
    """The flow and where it goes; the kind of object as well where a system gets several."""
    system, _, kind = flow["part"].partition(".")
    twins = [it for it in others if it["name"] == flow["name"] and it["systems"] == [system]]
    return f"{flow['name']} → {system}{f' {kind}' if len(twins) > 1 else ''}"


def _show_stage(
    console: Console,
    title: str,
    columns: Sequence[str],
    rare: Sequence[str],
    flows: Sequence[tuple[str, Mapping[str, Any]]],
) -> None:
    """Print one stage of the flows, with the columns that have to add up named above it."""
    seen = [name for name in rare if any(flow[name] for _, flow in flows)]
    parts = [*columns, *(name for name in seen if name != "removed")]
    sum_of = f"{parts[0]} = {' + '.join(parts[1:])}"
    shown = [*columns, *seen, "dead"]
    rows = [
        (
            name,
            *(f"{flow[column]:,}" for column in shown),
            "[green]balanced[/]" if flow["balanced"] else "[red bold]NOT BALANCED[/]",
        )
        for name, flow in flows
    ]
    console.print(table(f"\n[bold]{title}[/]  [dim]{sum_of}[/]", ("", *shown, ""), rows))
    _explain(console, seen)


def _show_gates(console: Console, gates: Sequence[Mapping[str, Any]]) -> None:
    if not gates:
        return
    seen = ["unusual"] if any(gate["unusual"] for gate in gates) else []
    rows = [
        (
            gate["entity"],
            f"{gate['checked']:,}",
            f"{gate['rejected']:,}",
            *(f"{gate[column]:,}" for column in ("open", "closed", *seen)),
            "[red bold]CLOSED[/]" if gate["closed"] else "[green]open[/]",
        )
        for gate in gates
    ]
    title = "\n[bold]Gates[/]  [dim]one verdict a day, or one for a table without days[/]"
    columns = ("", "rows checked", "rejected", "open", "closed", *seen, "")
    console.print(table(title, columns, rows))
    _explain(console, seen)
    for gate in gates:
        if gate["closed"]:
            days = _listed([day or "the whole table" for day in gate["closed_days"]])
            rules = ", ".join(gate["closed_by"])
            console.print(f"  {gate['entity']} is closed for {days}: {rules}", highlight=False)


def _show_golden(console: Console, golden: Sequence[Mapping[str, Any]]) -> None:
    """Print who is who: golden records, what they are made of, and what waits for a steward."""
    for it in golden:
        systems = it["systems"] or {}
        told = ", ".join(f"{name} {records:,}" for name, records in sorted(systems.items()))
        console.print(f"\n[bold]{it['entity'].capitalize()}s[/]  [dim]one golden record each[/]")
        console.print(
            f"  {it['golden']:,} from {sum(systems.values()):,} records: {told}", highlight=False
        )
        waiting = [
            (it["reviews"], "may be the same as another", "accord match review"),
            (
                it["conflicts"],
                "edited where not owned, held for a steward",
                "accord conflicts list",
            ),
            (it["answered"], "edited where not owned, answered", "accord conflicts list"),
        ]
        for count, what, command in waiting:
            if count:
                console.print(f"  {count:,} {what}  [dim]{command}[/]", highlight=False)


def _show_outcomes(console: Console, outcomes: Sequence[Mapping[str, Any]]) -> None:
    console.print("\n[bold]Outcomes[/]")
    for outcome in outcomes:
        colour = _MARKS[outcome["state"]]
        told = escape(f"{outcome['says']} (owner: {outcome['owner']})")
        console.print(f"  [{colour} bold]{outcome['state']}[/]  {told}", highlight=False)
        detail = f"{outcome['detail']} Times are those of {outcome['timezone']}."
        console.print(f"       {escape(detail)}", highlight=False)
        _remedy(console, outcome["remedy"])


def _show_waiting(console: Console, report: Report) -> None:
    letters = report["dead_letters"]
    if letters:
        count = "1 record waits" if len(letters) == 1 else f"{len(letters):,} records wait"
        console.print(f"\n[bold]Dead letters[/]  [dim]{count} for a person[/]")
        kinds = [
            (kind, list(alike)) for kind, alike in groupby(sorted(letters, key=_kind), key=_kind)
        ]
        for (name, cause, remedy), alike in kinds[:LISTED]:
            console.print(f"  [yellow]{cause}[/]  {name}, {len(alike):,}", highlight=False)
            for letter in alike[:_PLACES]:
                console.print(f"       {escape(_place(letter))}", highlight=False)
            if len(alike) > _PLACES:
                console.print(f"       … and {len(alike) - _PLACES:,} more")
            _remedy(console, remedy)
        if len(kinds) > LISTED:
            console.print(f"  … and {len(kinds) - LISTED:,} more causes; --output json lists all")
    if report.get("trouble"):
        console.print("\n[bold red]Trouble[/]")
        for sentence in report["trouble"]:
            console.print(f"  {escape(sentence)}", highlight=False)


def _kind(letter: Mapping[str, Any]) -> tuple[str, str, str]:
    return letter["name"], letter["cause"], letter["remedy"]


def _place(letter: Mapping[str, Any]) -> str:
    """Where it is and what is wrong; a rejected line is named by its place in the export."""
    place = "partition" if letter["stage"] == "landing" else "record"
    return f"{letter[place]} {letter['detail']}".strip()


def _remedy(console: Console, remedy: str) -> None:
    if remedy:
        console.print(f"       Remedy: {escape(remedy)}", highlight=False)


def _explain(console: Console, columns: Iterable[str]) -> None:
    for column in columns:
        console.print(f"  [dim]{column}: {_RARE[column]}[/]", highlight=False)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
