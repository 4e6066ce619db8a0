"""Reconciliation: reading back what a destination holds and comparing it with what was landed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from psycopg.rows import class_row

from accord.catalog import Stream
from accord.connector import Source
from accord.intake import Taken, take_in
from accord.records import Window
from accord.store.builds import Span
from accord.store.database import Role, Store
from accord.store.queries import for_table, queries
from accord.store.reports import Compared


@dataclass(frozen=True, slots=True)
class Comparison:
    """A named comparison: the view that makes it, and the streams to read back first."""

    name: str
    read_back: tuple[Stream, ...]


def read_back(
    store: Store, sources: Iterable[tuple[Stream, Source]], window: Window, *, run_id: str
) -> list[Taken]:
    """Read what the destinations hold now. Raises Retry or Stop when one cannot be read."""
    return [take_in(store, stream, source, window, run_id=run_id) for stream, source in sources]


def compared(store: Store, name: str, span: Span, *, run_id: str) -> list[Compared]:
    """Compare both sides day by day as they were last read, and keep the result."""
    values = {"name": name, "run_id": run_id, **span.bounds}
    with (
        store.transaction(Role.DELIVERER) as connection,
        connection.cursor(row_factory=class_row(Compared)) as cursor,
    ):
        rows = cursor.execute(
            for_table(queries("reconciliations")["compare"], name), values
        ).fetchall()
        known = [row.partition_key for row in rows]
        cursor.execute(queries("reconciliations")["gone"], {**values, "known": known})
    return sorted(rows, key=lambda row: row.partition_key)
