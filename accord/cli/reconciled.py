"""`accord reconcile`: read the destinations back and say where they differ from landing."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

from rich.console import Console

from accord.cli.exits import Exit
from accord.cli.show import table
from accord.cli.world import World, opened
from accord.connector import Source
from accord.contracts.outcomes import Outcome
from accord.errors import Stop
from accord.reconcile import compared, read_back
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
        span = _bounded(world, window)
        with world.company() as company:
            found = {o.reconciliation: _compared(world, company, o, span) for o in asked}
    report = {
        "from": span.first,
        "to": span.last,
        "comparisons": {name: [_row(row) for row in rows] for name, rows in found.items()},
        "equal": all(row.state == "equal" for rows in found.values() for row in rows),
    }
    for name, rows in found.items():
        _show(console, name, rows, span)
    return (Exit.OK if report["equal"] else Exit.TROUBLE), report


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


def _bounded(world: World, window: Window) -> Span:
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
