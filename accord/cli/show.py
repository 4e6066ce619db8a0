"""How reports look in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from accord.cli.report import Report

_MARKS = {"met": "green", "late": "yellow", "pending": "cyan", "missed": "red"}
_FLOW_COLUMNS = (
    "read", "landed", "due", "delivered", "unchanged", "rejected", "removed", "held", "waiting",
    "unknown",
)  # fmt: skip
LISTED = 12


def show_report(console: Console, report: Report) -> None:
    """Print flows, gates, outcomes and what waits for a person."""
    if not report["flows"]:
        console.print("Nothing has been run yet. Start with [bold]accord run[/] or accord demo.")
    else:
        _show_flows(console, report)
        _show_gates(console, report["gates"])
    _show_outcomes(console, report["outcomes"])
    _show_waiting(console, report)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A plain table: words left, numbers right."""
    made = Table(
        title=title, title_justify="left", box=None, padding=(0, 2, 0, 0), header_style="dim"
    )
    rows = list(rows)
    for index, column in enumerate(columns):
        numeric = bool(rows) and all(
            row[index].replace(",", "").strip("-·").isdigit() or row[index] in "·" for row in rows
        )
        made.add_column(column, justify="right" if numeric else "left", no_wrap=True)
    for row in rows:
        made.add_row(*row)
    return made


def _show_flows(console: Console, report: Report) -> None:
    rows = [
        (
            flow["name"],
            flow["stage"],
            *(_count(flow, column) for column in _FLOW_COLUMNS),
            str(report["dead_by_flow"].get(flow["name"], 0)) if "dead_by_flow" in report else "·",
            "[green]balanced[/]" if flow["balanced"] else "[red]NOT BALANCED[/]",
        )
        for flow in report["flows"]
        if flow["stage"] != "gate"
    ]
    console.print(table("\nFlows", ("flow", "stage", *_FLOW_COLUMNS, "dead", ""), rows))


def _count(flow: Mapping[str, Any], column: str) -> str:
    return f"{flow[column]:,}" if column in flow else "·"


def _show_gates(console: Console, gates: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        (
            gate["entity"],
            "[red]closed[/]" if gate["closed"] else "[green]open[/]",
            f"{gate['checked']:,}",
            f"{gate['rejected']:,}",
            f"{gate['open']:,}",
            f"{gate['closed']:,}",
            f"{gate['unusual']:,}",
            "; ".join([*gate["closed_by"], *gate["closed_days"][:3]]) or "·",
        )
        for gate in gates
    ]
    columns = (
        "entity",
        "verdict",
        "checked",
        "rejected",
        "days open",
        "closed",
        "unusual",
        "closed by",
    )
    console.print(table("\nGates", columns, rows))


def _show_outcomes(console: Console, outcomes: Sequence[Mapping[str, Any]]) -> None:
    console.print("\nOutcomes")
    for outcome in outcomes:
        colour = _MARKS[outcome["state"]]
        console.print(
            f"  [{colour} bold]{outcome['state']}[/]  {outcome['says']} [dim]({outcome['owner']})[/]"
        )
        console.print(f"       {outcome['detail']}", highlight=False)
        if outcome["remedy"]:
            console.print(f"       Remedy: {outcome['remedy']}", highlight=False)


def _show_waiting(console: Console, report: Report) -> None:
    letters = report["dead_letters"]
    if letters:
        console.print(f"\nDead letters: {len(letters)} wait for a person")
        for letter in letters[:LISTED]:
            where = f"{letter['name']} {letter['partition']}".strip()
            console.print(
                f"  [yellow]{letter['cause']}[/]  {where}: {letter['detail']}", highlight=False
            )
            console.print(f"       Remedy: {letter['remedy']}", highlight=False)
        if len(letters) > LISTED:
            console.print(f"  … and {len(letters) - LISTED} more; --output json lists all")
    for sentence in report.get("trouble", ()):
        console.print(f"[red]Trouble[/]  {sentence}", highlight=False)
