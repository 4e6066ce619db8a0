"""What stewards see and decide about golden records: reviews, decisions, conflicts, histories.

Everything here runs on the connection given, inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from psycopg.rows import class_row

from accord.store.audit import By
from accord.store.database import Connection
from accord.store.identity import Two
from accord.store.queries import queries

Kind = Literal["must_link", "cannot_link"]
Answer = Literal["overwrite", "accept_once"]
_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class Review:
    """A pair that a person has to decide, or has decided; `evidence` says what spoke for it."""

    review_id: int
    probability: float
    evidence: Sequence[Mapping[str, Any]]
    model_version: str
    state: Literal["open", "linked", "apart", "gone"]
    opened_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    action_id: str | None
    left_id: int
    right_id: int
    left_golden: str
    right_golden: str


@dataclass(frozen=True, slots=True)
class Side:
    """One record, as it is shown to a steward; `given` are its values as its system wrote them."""

    record_id: int
    system: str
    stream: str
    source_key: str
    changed_at: datetime | None
    normal: Mapping[str, str]
    given: Mapping[str, str]
    removed_at: datetime | None
    golden_id: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about a pair."""

    decision_id: int
    left_id: int
    right_id: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Action:
    """What a steward did at once, about these golden ids."""

    action_id: str
    act: str
    decided_by: str
    decided_at: datetime
    why: str
    is_undone: bool
    undone_by: str | None
    golden_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Listed:
    """An edit in a system that does not own the field, as a steward sees it.

    An answer `can_be_undone` while the record still says what it was about, and no later edit
    has taken the place of this one.
    """

    conflict_id: int
    golden_id: str
    attribute: str
    owner: str
    was: str | None
    value: str | None
    golden_value: str | None
    state: Literal["held", "answered", "gone"]
    answer: str
    opened_at: datetime
    answered_at: datetime | None
    answered_by: str
    why: str
    record_id: int
    system: str
    stream: str
    source_key: str
    can_be_undone: bool


@dataclass(frozen=True, slots=True)
class Stay:
    """How long a record belonged to a golden id, and why."""

    system: str
    stream: str
    source_key: str
    golden_id: str
    valid_from: datetime
    valid_to: datetime | None
    decision: str
    score: float | None
    model_version: str
    decided_by: str


@dataclass(frozen=True, slots=True)
class Holding:
    """What a destination holds of a golden record, and how its newest write stands."""

    system: str
    kind: str
    destination_id: str
    is_doubted: bool
    delivered_at: datetime
    state: str | None
    cause: str | None
    intended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for a steward of an entity, the oldest of it since when."""

    entity: str
    reviews: int
    conflicts: int
    since: datetime


def reviews(
    connection: Connection,
    entity: str,
    *,
    review: int | None = None,
    state: str | None = None,
    limit: int | None = None,
) -> list[Review]:
    """The reviews asked for, the likeliest first."""
    values = {"entity": entity, "review": review, "state": state, "limit": limit}
    return _rows(connection, Review, "reviews", values)


def following_review(connection: Connection, entity: str, review: int) -> int | None:
    """The open review that comes after this one, after the last the first; None for no other."""
    values = {"entity": entity, "review": review}
    row = connection.execute(queries("desk")["following_review"], values).fetchone()
    return int(row[0]) if row else None


def sides(connection: Connection, records: Sequence[int]) -> list[Side]:
    """These records, the oldest first."""
    return _rows(connection, Side, "sides", {"records": list(records)})


def settle_review(
    connection: Connection, review: int, state: str, *, by: str, action: str, at: datetime
) -> None:
    """Note what was decided about a review."""
    values = {
        "review": review, "state": state, "by": by, "action": action, "at": at, "run_id": action,
    }  # fmt: skip
    connection.execute(queries("desk")["settle_review"], values)


def reopen(connection: Connection, action: str, *, at: datetime, run_id: str) -> None:
    """Take back what an action decided about reviews; they are asked again where need be."""
    values = {"action": action, "at": at, "run_id": run_id}
    connection.execute(queries("desk")["reopen"], values)


def resolve(connection: Connection, entity: str, golden_id: str) -> tuple[str, int] | None:
    """The golden id that one resolves to, with its founder; None where there is none."""
    values = {"entity": entity, "golden_id": golden_id}
    row = connection.execute(queries("desk")["resolve"], values).fetchone()
    return (row[0], row[1]) if row else None


def like(connection: Connection, entity: str, name: str) -> list[str]:
    """Golden ids that begin or end so, two at the most."""
    rows = connection.execute(queries("desk")["like"], {"entity": entity, "name": name})
    return [row[0] for row in rows.fetchall()]


def founder(connection: Connection, entity: str, golden_id: str) -> int:
    """The record that founded a golden id."""
    values = {"entity": entity, "golden_id": golden_id}
    (found,) = connection.execute(queries("desk")["founder"], values).fetchone() or (0,)
    return int(found)


def records_of(connection: Connection, entity: str, system: str, key: str) -> list[int]:
    """The records that a system calls so, in whatever stream; those that are gone come last."""
    values = {"entity": entity, "system": system, "key": key}
    return _numbers(connection, "record", values)


def group_of(connection: Connection, record: int) -> list[int]:
    """All records of the golden id that a record belongs to, the oldest first."""
    return _numbers(connection, "group_of", {"record": record})


def went_along(connection: Connection, golden_id: str) -> list[int]:
    """The records that left a golden id when its founder did."""
    return _numbers(connection, "went_along", {"golden_id": golden_id})


def between(
    connection: Connection, kind: Kind, these: Iterable[int], those: Iterable[int]
) -> list[Decision]:
    """What stands decided between two sets of records."""
    rows = connection.execute(
        queries("desk")["standing_between"],
        {"kind": kind, "these": list(these), "those": list(those)},
    )
    return [Decision(*row[:4]) for row in rows.fetchall()]


def decide(
    connection: Connection,
    entity: str,
    kind: Kind,
    pairs: Iterable[Two],
    *,
    act: str,
    action: str,
    by: By,
    at: datetime,
) -> None:
    """Keep decisions about pairs; what is decided already stays as it is."""
    ordered = sorted({(min(two), max(two)) for two in pairs})
    connection.execute(
        queries("desk")["decide"],
        {
            "entity": entity, "kind": kind, "act": act, "action": action, "by": by.who,
            "why": by.why, "at": at, "lefts": [left for left, _ in ordered],
            "rights": [right for _, right in ordered],
        },
    )  # fmt: skip


def withdraw(
    connection: Connection, decisions: Iterable[Decision], *, action: str, by: str, at: datetime
) -> None:
    """Take decisions back; they stay on record."""
    ids = [it.decision_id for it in decisions]
    values = {"decisions": ids, "action": action, "by": by, "at": at}
    connection.execute(queries("desk")["withdraw"], values)


def made_in(connection: Connection, entity: str, action: str) -> list[Decision]:
    """What an action decided, as far as it stands."""
    values = {"entity": entity, "action": action}
    return _rows(connection, Decision, "decisions_in", values)


def withdrawn_in(connection: Connection, entity: str, action: str) -> list[Decision]:
    """What an action took back."""
    values = {"entity": entity, "action": action}
    return _rows(connection, Decision, "withdrawn_in", values)


def restore(connection: Connection, decisions: Iterable[Decision]) -> None:
    """Let decisions stand again."""
    ids = [it.decision_id for it in decisions]
    connection.execute(queries("desk")["restore"], {"decisions": ids})


def actions(
    connection: Connection, entity: str, *, golden_id: str | None = None, limit: int | None = None
) -> list[Action]:
    """What stewards did, newest first."""
    values = {"entity": entity, "golden_id": golden_id, "limit": limit}
    return _rows(connection, Action, "actions", values)


def conflicts(
    connection: Connection,
    entity: str,
    *,
    conflict: int | None = None,
    state: str | None = None,
    golden_id: str | None = None,
    limit: int | None = None,
) -> list[Listed]:
    """The conflicts asked for, newest first."""
    values = {
        "entity": entity, "conflict": conflict, "state": state, "golden_id": golden_id,
        "limit": limit,
    }  # fmt: skip
    return _rows(connection, Listed, "conflicts", values)


def answer(connection: Connection, conflict: int, answer: Answer, by: By, *, at: datetime) -> None:
    """Note a steward's answer to a conflict."""
    values = {"conflict": conflict, "answer": answer, "by": by.who, "why": by.why, "at": at}
    connection.execute(queries("desk")["answer"], values)


def take_back(connection: Connection, conflict: int) -> None:
    """Let a conflict wait as if it had never been answered; the audit trail knows that it was."""
    connection.execute(queries("desk")["take_back"], {"conflict": conflict})


def history(connection: Connection, records: Sequence[int]) -> list[Stay]:
    """Where these records ever belonged, oldest first."""
    return _rows(connection, Stay, "history", {"records": list(records)})


def merged_into(connection: Connection, golden_id: str) -> list[str]:
    """The golden ids that resolve to this one."""
    rows = connection.execute(queries("desk")["merged_into"], {"golden_id": golden_id})
    return [row[0] for row in rows.fetchall()]


def waiting(connection: Connection) -> list[Waiting]:
    """What waits on each entity's desk, where anything does."""
    return _rows(connection, Waiting, "waiting", {})


def holdings(connection: Connection, golden_id: str) -> list[Holding]:
    """What destinations hold of a golden record."""
    return _rows(connection, Holding, "deliveries", {"golden_id": golden_id})


def _rows(
    connection: Connection, kind: type[_Row], name: str, values: Mapping[str, object]
) -> list[_Row]:
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(queries("desk")[name], values).fetchall()


def _numbers(connection: Connection, name: str, values: Mapping[str, object]) -> list[int]:
    return [row[0] for row in connection.execute(queries("desk")[name], values).fetchall()]
