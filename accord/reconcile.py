"""Reconciliation: reading back what a destination holds and comparing it with what it should hold.

Flows with days are compared by a view, day by day; flows without, object by object, by looking each
one up at its destination.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from psycopg.rows import class_row

from accord.catalog import Delivery, Stream
from accord.connector import Destination, Matches, Source
from accord.intake import Taken, take_in
from accord.records import Found, Window, Write, content_digest
from accord.store.builds import Span
from accord.store.database import Connection, Role, Store
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


Agreement = Literal["equal", "missing", "different", "doubled"]


@dataclass(slots=True)
class LookedBack:
    """What a destination holds of one kind of object: how many are as they should be.

    `apart` names the first objects that are not, by golden id or number, with what is wrong.
    """

    counts: Counter[Agreement] = field(default_factory=Counter)
    apart: list[tuple[str, Agreement]] = field(default_factory=list)

    @property
    def objects(self) -> int:
        """How many were compared."""
        return self.counts.total()

    @property
    def differing(self) -> int:
        """How many are not as they should be."""
        return self.objects - self.counts["equal"]


LISTED = 100
"""How many objects that differ are named."""


def comparison_of(delivery: Delivery) -> str:
    """What the comparison of a delivery without days is kept under."""
    return f"{delivery.flow}__{delivery.system}__{delivery.kind}"


def looked_back(
    store: Store, delivery: Delivery, destination: Destination, *, run_id: str
) -> LookedBack:
    """Look every object of a delivery without days up at its destination, and keep the result.

    Raises Retry or Stop when the destination cannot be asked; nothing is kept then.
    """
    result = LookedBack()
    with store.session(Role.READER) as connection:
        for batch in _published(connection, delivery):
            for key, agreement in _judged(delivery, destination, batch):
                result.counts[agreement] += 1
                if agreement != "equal" and len(result.apart) < LISTED:
                    result.apart.append((key, agreement))
    worst: Agreement = result.apart[0][1] if result.apart else "equal"
    with store.transaction(Role.DELIVERER) as connection:
        connection.execute(
            queries("reconciliations")["keep"],
            {
                "name": comparison_of(delivery), "partition": "", "state": worst,
                "expected": result.objects, "found": result.counts["equal"],
                "difference": result.differing, "records": result.objects, "run_id": run_id,
            },
        )  # fmt: skip
    return result


def _published(connection: Connection, delivery: Delivery) -> Iterator[Sequence[Write]]:
    """What the publish model says, a batch at a time."""
    statement = for_table(queries("reconciliations")["published"], delivery.model)
    with connection.transaction(), connection.cursor(name="published") as cursor:
        cursor.execute(statement)
        while rows := cursor.fetchmany(delivery.batch):
            yield [
                Write("", key, content, content_digest(content), destination_id=target)
                for key, target, content in rows
            ]


def _judged(
    delivery: Delivery, destination: Destination, writes: Sequence[Write]
) -> Iterator[tuple[str, Agreement]]:
    found: dict[str, Found] = dict(
        destination.look_up(delivery.kind, [write.key for write in writes])
    )
    absent = [write for write in writes if write.key not in found]
    if absent and isinstance(destination, Matches):
        found |= destination.match(delivery.kind, absent)
    for write in writes:
        yield write.key, agreement(write, found)


def agreement(write: Write, found: Mapping[str, Any]) -> Agreement:
    """Say how what was found under a write's key stands to its content."""
    here = found.get(write.key)
    if here is None:
        return "missing"
    if len(here.destination_ids) > 1:
        return "doubled"
    return "equal" if here.digest == write.digest else "different"
