"""`accord reconcile`: read the destinations back and say where they differ from landing."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from rich.console import Console

from accord import catalog
from accord.catalog import Delivery
from accord.cli.exits import Exit
from accord.cli.show import LISTED, table
from accord.cli.world import World, opened
from accord.connector import Destination, Source
from accord.contracts.outcomes import Outcome
from accord.errors import Stop
from accord.reconcile import LookedBack, compared, comparison_of, looked_back, read_back
from accord.records import Window
from accord.sandbox.company import Company
from accord.store.builds import Span
from accord.store.database import Role, first_day
from accord.store.reports import Compared


def reconcile(console: Console, flow: str | None, window: Window) -> tuple[Exit, dict[str, Any]]:
    """Compare every outcome's flow (or one) day by day; exit 4 when any day differs."""
    with opened() as world:
        asked = [o for o in world.outcomes.values() if flow in (None, o.flow)]
        if not asked:
            raise Stop(f"No outcome is declared for a flow {flow!r}", remedy="see `accord status`")
        daily = [outcome for outcome in asked if outcome.deadline is not None]
        span = _bounded(world, window, asked=bool(daily))
        with world.company() as company:
            found = {o.reconciliation: _compared(world, company, o, span) for o in daily}
            objects = {
                comparison_of(delivery): back
                for delivery in _without_days(world, asked)
                if (back := _looked_back(world, company, delivery)) is not None
            }
    report = {
        "from": span.first,
        "to": span.last,
        "comparisons": {name: [_row(row) for row in rows] for name, rows in found.items()},
        "objects": {name: _told(back) for name, back in objects.items()},
        "equal": all(row.state == "equal" for rows in found.values() for row in rows)
        and not any(back.differing for back in objects.values()),
    }
    for name, rows in found.items():
        _show(console, name, rows, span)
    for name, back in objects.items():
        _show_objects(console, name, back)
    return (Exit.OK if report["equal"] else Exit.TROUBLE), report


def _without_days(world: World, asked: Iterable[Outcome]) -> list[Delivery]:
    flows = {outcome.flow for outcome in asked if outcome.deadline is None}
    return [item for item in catalog.deliveries(world.systems) if item.flow in flows]


def _looked_back(world: World, company: Company, delivery: Delivery) -> LookedBack | None:
    """Compare each object of a delivery without days; None before its model is built."""
    client = company.client(delivery.system)
    with world.store.session(Role.READER) as connection:
        built = connection.execute(
            "select to_regclass(%s) is not null", (f"publish.{delivery.model}",)
        ).fetchone()
    if built != (True,) or not isinstance(client, Destination):
        return None
    return looked_back(world.store, delivery, client, run_id=f"reconcile-{uuid.uuid4()}")


def _compared(world: World, company: Company, outcome: Outcome, span: Span) -> list[Compared]:
    run_id = f"reconcile-{uuid.uuid4()}"
    window = Window(date.fromisoformat(span.first), date.fromisoformat(span.last))
    sources = [
        (stream, source)
        for system in world.systems.values()
        for stream in system.streams
        if stream.read_back
        and any(delivery.flow == outcome.flow for delivery in system.deliveries)
        and isinstance(source := company.client(system.name), Source)
    ]
    read_back(world.store, sources, window, run_id=run_id)
    return compared(world.store, outcome.reconciliation, span, run_id=run_id)


def _bounded(world: World, window: Window, *, asked: bool) -> Span:
    """The days to compare; without a flow that has days, none."""
    if not asked:
        return Span("", "")
    with world.store.session(Role.READER) as connection:
        first = window.first or first_day(connection)
        built = connection.execute(
            "select to_regnamespace('reconciliation') is not null "
            "and exists (select from pg_views where schemaname = 'reconciliation')"
        ).fetchone()
    if first is None or built != (True,):
        raise Stop("Nothing has been run yet", remedy="run `accord run` first")
    last = window.last or datetime.now(UTC).date()
    return Span(first.isoformat(), last.isoformat())


def _told(back: LookedBack) -> dict[str, Any]:
    return {
        "objects": back.objects,
        "equal": back.counts["equal"],
        "differing": back.differing,
        "apart": [{"key": key, "state": state} for key, state in back.apart],
    }


def _show_objects(console: Console, name: str, back: LookedBack) -> None:
    agreed = f"{back.differing:,} of them apart" if back.differing else "all equal"
    console.print(
        f"[bold]{name}[/]  {back.objects:,} objects looked up, {agreed}.", highlight=False
    )
    for key, state in back.apart[:LISTED]:
        console.print(f"  {state}  {key}", highlight=False)
    if back.differing:
        console.print(
            "Remedy: `accord status` names what waits or was refused; docs/operations.md."
        )


def _row(row: Compared) -> dict[str, Any]:
    return {
        "day": row.partition_key,
        "state": row.state,
        "expected": row.expected,
        "found": row.found,
        "difference": row.difference,
        "records": row.records,
    }


def _show(console: Console, name: str, rows: list[Compared], span: Span) -> None:
    apart = [row for row in rows if row.state != "equal"]
    expected = sum((row.expected or 0) for row in rows)
    found = sum((row.found or 0) for row in rows)
    console.print(f"[bold]{name}[/]  {span.first} to {span.last}", highlight=False)
    if apart:
        lines = [
            (
                row.partition_key,
                row.state,
                *(f"{amount or 0:,}" for amount in (row.expected, row.found, row.difference)),
            )
            for row in apart
        ]
        console.print(table("", ("day", "state", "expected", "found", "difference"), lines))
        console.print("Remedy: docs/operations.md says what each state means and what to do.")
    agreed = f"{len(apart)} of them apart" if apart else "all equal"
    console.print(
        f"{len(rows)} days compared, {agreed}. "
        f"Expected {expected:,}, found {found:,}, difference {found - expected:,}.",
        highlight=False,
    )
