"""What the store knows, for people: flows, gates, comparisons, and the facts behind an outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from psycopg.rows import class_row

from accord.store.database import Connection
from accord.store.queries import queries


@dataclass(frozen=True, slots=True)
class Flow:
    """One stage of one flow, summed over its partitions.

    `part` tells the deliveries of a flow apart, as system.kind; it is "" at other stages.
    """

    stage: str
    name: str
    part: str
    partitions: int
    read: int
    landed: int
    removed: int
    checked: int
    passed: int
    due: int
    delivered: int
    unchanged: int
    rejected: int
    held: int
    waiting: int
    unknown: int
    posted_at: datetime

    @property
    def balanced(self) -> bool:
        """Whether everything that entered the stage is accounted for."""
        return {
            "landing": self.read == self.landed + self.unchanged + self.rejected,
            "identity": self.read == self.landed + self.unchanged + self.removed,
            "gate": self.checked == self.passed + self.rejected,
            "delivery": self.due
            == self.delivered
            + self.unchanged
            + self.rejected
            + self.held
            + self.waiting
            + self.unknown,
        }[self.stage]


@dataclass(frozen=True, slots=True)
class Gate:
    """The current verdicts on one entity."""

    entity: str
    open: int
    closed: int
    checked: int
    rejected: int
    closed_days: list[str] | None
    closed_by: list[str] | None
    warned: int


@dataclass(frozen=True, slots=True)
class Compared:
    """The latest comparison of one partition."""

    partition_key: str
    state: str
    expected: Decimal | None
    found: Decimal | None
    difference: Decimal
    records: int
    compared_at: datetime


@dataclass(frozen=True, slots=True)
class DayFacts:
    """When a day's exports arrived, when both sides were first seen equal, and the difference."""

    day: str
    landed: bool
    first_arrived_at: datetime | None
    last_arrived_at: datetime | None
    reconciled_at: datetime | None
    difference: Decimal | None


@dataclass(frozen=True, slots=True)
class Golden:
    """One entity's golden records: of which systems' records they are made, and what waits.

    `conflicts` wait for a steward, `answered` ones were answered by policy or by a steward.
    """

    entity: str
    golden: int
    systems: dict[str, int] | None
    reviews: int
    conflicts: int
    answered: int


def golden(connection: Connection) -> list[Golden]:
    """The entities that have golden records."""
    with connection.cursor(row_factory=class_row(Golden)) as cursor:
        return cursor.execute(queries("reports")["golden"]).fetchall()


@dataclass(frozen=True, slots=True)
class Propagated:
    """Golden records of which the same attributes changed, and the systems they were sent to."""

    entity: str
    attributes: list[str]
    systems: list[str]
    records: int


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit in a system that does not own the attribute; `held` for a steward, or answered."""

    system: str
    attribute: str
    owner: str
    held: bool


def golden_changes(connection: Connection, runs: Sequence[str]) -> list[Propagated]:
    """What these runs changed of golden records, and whom that was told."""
    with connection.cursor(row_factory=class_row(Propagated)) as cursor:
        return cursor.execute(queries("reports")["golden_changes"], {"runs": list(runs)}).fetchall()


def edits(connection: Connection, runs: Sequence[str]) -> list[Edit]:
    """What these runs found edited in the wrong place."""
    with connection.cursor(row_factory=class_row(Edit)) as cursor:
        return cursor.execute(queries("reports")["edits"], {"runs": list(runs)}).fetchall()


def flows(connection: Connection, runs: Sequence[str] | None = None) -> list[Flow]:
    """The flows' counts in these runs, or as everything stands now."""
    with connection.cursor(row_factory=class_row(Flow)) as cursor:
        if runs is None:
            return cursor.execute(queries("reports")["flows_now"]).fetchall()
        return cursor.execute(queries("reports")["flows_of_runs"], {"runs": list(runs)}).fetchall()


def unbalanced(connection: Connection) -> list[int]:
    """Ledger entries that do not balance; the table refuses them, so any is an alarm."""
    return [row[0] for row in connection.execute(queries("reports")["unbalanced"]).fetchall()]


def gates(connection: Connection) -> list[Gate]:
    """The current verdicts by entity."""
    with connection.cursor(row_factory=class_row(Gate)) as cursor:
        return cursor.execute(queries("reports")["gates"]).fetchall()


def comparisons(connection: Connection, name: str) -> list[Compared]:
    """The latest comparison of each partition, oldest day first."""
    with connection.cursor(row_factory=class_row(Compared)) as cursor:
        return cursor.execute(queries("reports")["comparisons"], {"name": name}).fetchall()


def day_facts(
    connection: Connection, *, comparison: str, streams: Sequence[str], days: Sequence[str]
) -> list[DayFacts]:
    """The facts an outcome is judged by, for each of the business days."""
    with connection.cursor(row_factory=class_row(DayFacts)) as cursor:
        return cursor.execute(
            queries("reports")["day_facts"],
            {"name": comparison, "streams": list(streams), "days": list(days)},
        ).fetchall()


@dataclass(frozen=True, slots=True)
class FlowState:
    """The facts a continuous outcome is judged by."""

    compared_at: datetime | None
    objects: int
    apart: int
    apart_since: datetime | None
    waiting_since: datetime | None
    landed_since: datetime | None


def flow_state(
    connection: Connection,
    *,
    flow: str,
    comparisons: Sequence[str],
    streams: Sequence[str],
    target: str,
) -> FlowState:
    """How a flow without days stands; `target` is the build its golden records are noted under."""
    values = {
        "flow": flow, "comparisons": list(comparisons), "streams": list(streams), "target": target,
    }  # fmt: skip
    with connection.cursor(row_factory=class_row(FlowState)) as cursor:
        row = cursor.execute(queries("reports")["flow_facts"], values).fetchone()
    return row or FlowState(None, 0, 0, None, None, None)
