"""The steward's desk: what a person decides about golden records.

The command line and the console call the same functions.

Each function works on a connection as the steward's role, inside the caller's transaction, and puts
what was done into the audit trail. Decisions are about records, so they outlive golden ids and
every retraining.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from accord.errors import Stop
from accord.golden.acting import Done, Work
from accord.golden.consolidate import Entity, redecided
from accord.golden.naming import leaving, the_golden
from accord.golden.surviving import decided
from accord.store import audit, desk, golden, identity
from accord.store.audit import By
from accord.store.database import Connection
from accord.store.desk import Action, Answer, Decision, Listed, Review, Side
from accord.store.survivors import Conflict

Verdict = Literal["link", "apart"]


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute of two records, as normalised and as their systems wrote it."""

    name: str
    left: str | None
    right: str | None
    left_given: str | None
    right_given: str | None

    @property
    def is_same(self) -> bool:
        """Whether both say the same, and say anything."""
        return self.left is not None and self.left == self.right


@dataclass(frozen=True, slots=True)
class Compared:
    """A review with its two records side by side, and all records of both golden records."""

    review: Review
    left: Side
    right: Side
    fields: tuple[Field, ...]
    left_members: tuple[Side, ...]
    right_members: tuple[Side, ...]


def reviews(
    connection: Connection, entity: Entity, *, state: str | None = "open", limit: int | None = None
) -> list[Review]:
    """The pairs that wait for a person, the likeliest first."""
    return desk.reviews(connection, entity.name, state=state, limit=limit)


def review(connection: Connection, entity: Entity, review_id: int) -> Compared:
    """One pair side by side. Raises Stop when there is none of that number."""
    found = _the_review(connection, entity, review_id)
    left, right = desk.sides(connection, [found.left_id, found.right_id])
    return Compared(
        review=found,
        left=left,
        right=right,
        fields=fields(entity, left, right),
        left_members=tuple(desk.sides(connection, desk.group_of(connection, left.record_id))),
        right_members=tuple(desk.sides(connection, desk.group_of(connection, right.record_id))),
    )


def fields(entity: Entity, left: Side, right: Side) -> tuple[Field, ...]:
    """The attributes that either record says anything of."""
    return tuple(
        Field(
            name,
            left.normal.get(name),
            right.normal.get(name),
            left.given.get(name),
            right.given.get(name),
        )
        for name in entity.authority.names
        if name in {*left.given, *right.given, *left.normal, *right.normal}
    )


def decide(
    connection: Connection, entity: Entity, review_id: int, verdict: Verdict, by: By
) -> Done:
    """Link the two records of a review, or keep them apart, for good or until it is undone."""
    golden.serialise(connection, entity.name)
    found = _the_review(connection, entity, review_id)
    if found.state not in ("open", "gone"):
        raise Stop(
            f"Review {review_id} was decided by {found.settled_by}",
            remedy=f"undo it first: accord match undo {found.action_id}",
        )
    two = (found.left_id, found.right_id)
    work = Work.begun(connection, entity, by, "link" if verdict == "link" else "apart")
    if verdict == "link":
        work.link(two)
    elif found.left_golden == found.right_golden:
        raise Stop(
            f"The records of review {review_id} are one by now", remedy="see accord match unmerge"
        )
    else:
        work.keep_apart([two])
    state = "linked" if verdict == "link" else "apart"
    desk.settle_review(
        connection, review_id, state, by=by.who, action=work.action_id, at=work.resolver.at
    )
    return work.done("match_link" if verdict == "link" else "match_apart", two)


def merge(connection: Connection, entity: Entity, names: Sequence[str], by: By) -> Done:
    """Make these golden records one; the oldest id survives and the others resolve to it."""
    golden.serialise(connection, entity.name)
    founders = sorted({the_golden(connection, entity.name, name)[1] for name in names})
    if len(founders) < 2:
        raise Stop("These are one golden record already", remedy="name two that differ")
    work = Work.begun(connection, entity, by, "merge")
    for other in founders[1:]:
        work.link((founders[0], other))
    return work.done("merge", founders)


def unmerge(connection: Connection, entity: Entity, name: str, by: By) -> Done:
    """Take apart what is no one.

    A golden id that was merged gets back the records it had; a record, given as system:key, leaves
    its golden record. Either is kept apart from the rest until that is undone.
    """
    golden.serialise(connection, entity.name)
    going = leaving(connection, entity.name, name)
    rest = set(desk.group_of(connection, min(going))) - going
    if not rest:
        raise Stop(f"{name} is not merged with anything", remedy="see accord trace for its records")
    work = Work.begun(connection, entity, by, "unmerge")
    work.separate(going, rest)
    apart = dict.fromkeys(going, "going") | dict.fromkeys(rest, "staying")
    return work.done("unmerge", [min(going), min(rest)], together=apart)


def undo(connection: Connection, entity: Entity, action_id: str, by: By) -> Done:
    """Take back what somebody decided, as if it had never been. Raises Stop when there is none."""
    golden.serialise(connection, entity.name)
    made, withdrawn = _done_in(connection, entity, action_id)
    if not made and not withdrawn:
        raise Stop(f"There is no action {action_id} to undo", remedy="see accord match actions")
    work = Work.begun(connection, entity, by, "undo")
    at = work.resolver.at
    desk.withdraw(connection, made, action=work.action_id, by=by.who, at=at)
    desk.restore(connection, withdrawn)
    desk.reopen(connection, action_id, at=at, run_id=work.action_id)
    records = [record for it in (*made, *withdrawn) for record in (it.left_id, it.right_id)]
    before = identity.before(connection, action_id)
    return work.done("match_undo", sorted({*records, *before}), together=before)


def _done_in(
    connection: Connection, entity: Entity, action_id: str
) -> tuple[list[Decision], list[Decision]]:
    """What an action decided, and what it took back; nothing where no action can be called so."""
    try:
        UUID(action_id)
    except ValueError:
        return [], []
    return (
        desk.made_in(connection, entity.name, action_id),
        desk.withdrawn_in(connection, entity.name, action_id),
    )


def actions(
    connection: Connection, entity: Entity, *, golden_id: str | None = None, limit: int | None = 50
) -> list[Action]:
    """What stewards did, newest first, and whether it stands."""
    return desk.actions(connection, entity.name, golden_id=golden_id, limit=limit)


def conflicts(
    connection: Connection, entity: Entity, *, state: str | None = "held", limit: int | None = None
) -> list[Listed]:
    """The edits in systems that do not own the field; without a state also those answered."""
    return desk.conflicts(connection, entity.name, state=state, limit=limit)


def answer(
    connection: Connection, entity: Entity, conflict_id: int, answer: Answer, by: By
) -> Listed:
    """Answer a conflict that waits: send the golden value again, or let the edit win once."""
    golden.serialise(connection, entity.name)
    found = next(iter(desk.conflicts(connection, entity.name, conflict=conflict_id)), None)
    if found is None or found.state != "held":
        raise Stop(f"No conflict {conflict_id} waits", remedy="see accord conflicts list")
    at = entity.clock()
    survivors = entity.survivors(connection, at=at, run_id=f"conflict {conflict_id}")
    if answer == "accept_once":
        _accept(connection, entity, found, by)
    desk.answer(connection, conflict_id, answer, by, at=at)
    redecided(connection, entity, [found.golden_id], at=at, run_id=f"conflict {conflict_id}")
    if answer == "overwrite" and found.system in entity.authority[found.attribute].copies:
        survivors.resend([(found.system, found.golden_id)])
    audit.note(connection, "answer", [found.golden_id], by, detail=f"{found.attribute}: {answer}")
    (now,) = desk.conflicts(connection, entity.name, conflict=conflict_id)
    return now


def undo_answer(connection: Connection, entity: Entity, conflict_id: int, by: By) -> Listed:
    """Take an answer back: the conflict waits again, and its system keeps what it has.

    Raises Stop where the world has gone on since, so that there is nothing to go back to.
    """
    golden.serialise(connection, entity.name)
    found = next(iter(desk.conflicts(connection, entity.name, conflict=conflict_id)), None)
    if found is None or found.state != "answered":
        raise Stop(
            f"No answer to conflict {conflict_id} stands", remedy="see accord conflicts list"
        )
    if not found.can_be_undone:
        raise Stop(
            f"{found.system} no longer says what conflict {conflict_id} was about",
            remedy=f"correct {found.attribute} in {found.owner}, which owns it",
        )
    at, run_id = entity.clock(), f"conflict {conflict_id}"
    survivors = entity.survivors(connection, at=at, run_id=run_id)
    accepted = survivors.accepted([found.golden_id])
    mine = (found.record_id, found.attribute)
    survivors.end_accepted([it for it in accepted if (it.record_id, it.attribute) == mine])
    desk.take_back(connection, conflict_id)
    redecided(connection, entity, [found.golden_id], at=at, run_id=run_id)
    told = f"{found.attribute}: {found.answer} by {found.answered_by}"
    audit.note(connection, "answer_undo", [found.golden_id], by, detail=told)
    (now,) = desk.conflicts(connection, entity.name, conflict=conflict_id)
    return now


def golden_id_of(connection: Connection, entity: Entity, name: str) -> str:
    """The golden id that a name stands for now: an id, part of one, or a record as system:key."""
    return the_golden(connection, entity.name, name)[0]


def _accept(connection: Connection, entity: Entity, found: Listed, by: By) -> None:
    if found.value is None:
        raise Stop(
            f"Conflict {found.conflict_id} is about a value that was cleared, which cannot win",
            remedy=f"clear it in {found.owner}, which owns {found.attribute}",
        )
    survivors = entity.survivors(connection, at=entity.clock(), run_id="")
    rows = survivors.members([found.golden_id])[found.golden_id]
    against = decided(entity.authority, rows)[found.attribute].value
    conflict = Conflict(
        found.record_id, found.golden_id, found.attribute, found.owner, found.was, found.value,
        found.golden_value, "held",
    )  # fmt: skip
    survivors.accept(conflict, against, by=by.who)


def _the_review(connection: Connection, entity: Entity, review_id: int) -> Review:
    found = desk.reviews(connection, entity.name, review=review_id)
    if not found:
        raise Stop(f"There is no review {review_id}", remedy="see accord match review")
    return found[0]
