"""What `accord match` does with reviews and golden ids; evaluating has a module of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console

from accord.cli.entities import golden_entity
from accord.cli.exits import Exit
from accord.cli.letters import who
from accord.cli.show import values_table
from accord.cli.world import World, opened
from accord.errors import Stop
from accord.golden import desk
from accord.golden.acting import Done
from accord.golden.consolidate import consolidate
from accord.golden.desk import Field, Verdict
from accord.golden.explaining import explain
from accord.lineage import described, feeds
from accord.store import audit
from accord.store.audit import By
from accord.store.database import Role
from accord.store.desk import Side

Report = dict[str, Any]
NOTHING = "·"


def list_reviews(
    console: Console, entity: str, *, every: bool, limit: int
) -> tuple[Exit, list[Report]]:
    """List the pairs that wait for a person."""
    state = None if every else "open"
    with opened() as world, world.store.session(Role.STEWARD) as connection:
        found = desk.reviews(connection, golden_entity(entity), state=state, limit=limit)
    rows = [
        (
            str(it.review_id),
            f"{it.probability:.3f}",
            it.left_golden,
            it.right_golden,
            f"{it.state} by {it.settled_by}" if it.settled_by else it.state,
        )
        for it in found
    ]
    if rows:
        columns = ("", "probability", "golden id", "and", "")
        console.print(values_table("", columns, rows))
        console.print("\nShow one with accord match review NUMBER.")
    else:
        console.print("No pair waits for a person.")
    return Exit.OK, [asdict(it) for it in found]


def show_review(console: Console, entity: str, number: int) -> tuple[Exit, Report]:
    """Show one pair side by side."""
    with opened() as world, world.store.session(Role.STEWARD) as connection:
        shown = desk.review(connection, golden_entity(entity), number)
    console.print(
        f"Review {number}, {shown.review.state}: the same with a probability of "
        f"{shown.review.probability:.3f}",
        highlight=False,
    )
    _show_sides(console, shown.left, shown.right, shown.fields)
    _show_evidence(console, shown.review.evidence)
    console.print(f"\nNext: accord match decide {number} link, or apart", highlight=False)
    return Exit.OK, {**asdict(shown), "same": [it.name for it in shown.fields if it.is_same]}


def decide_review(
    console: Console, entity: str, number: int, verdict: Verdict, *, why: str
) -> tuple[Exit, Report]:
    """Decide one review."""
    with opened() as world, world.store.transaction(Role.STEWARD) as connection:
        by = By(who(world.settings), why)
        done = desk.decide(connection, golden_entity(entity), number, verdict, by)
    return _show_done(console, done, "linked" if verdict == "link" else "kept apart")


def merge_records(
    console: Console, entity: str, names: Sequence[str], *, why: str
) -> tuple[Exit, Report]:
    """Make golden records one."""
    with opened() as world, world.store.transaction(Role.STEWARD) as connection:
        by = By(who(world.settings), why)
        done = desk.merge(connection, golden_entity(entity), names, by)
    return _show_done(console, done, "merged")


def unmerge_record(console: Console, entity: str, name: str, *, why: str) -> tuple[Exit, Report]:
    """Take a golden id or a record out of a golden record."""
    with opened() as world, world.store.transaction(Role.STEWARD) as connection:
        by = By(who(world.settings), why)
        done = desk.unmerge(connection, golden_entity(entity), name, by)
    return _show_done(console, done, "taken apart")


def undo_action(console: Console, entity: str, action: str, *, why: str) -> tuple[Exit, Report]:
    """Take an action back."""
    with opened() as world, world.store.transaction(Role.STEWARD) as connection:
        by = By(who(world.settings), why)
        done = desk.undo(connection, golden_entity(entity), action, by)
    return _show_done(console, done, "as they were before")


def list_actions(console: Console, entity: str, *, limit: int) -> tuple[Exit, list[Report]]:
    """List what stewards decided."""
    with opened() as world, world.store.session(Role.STEWARD) as connection:
        found = desk.actions(connection, golden_entity(entity), limit=limit)
    rows = [
        (
            f"{it.decided_at:%Y-%m-%d %H:%M}",
            it.act,
            it.decided_by,
            f"undone by {it.undone_by}" if it.is_undone else "",
            it.action_id,
            it.why,
        )
        for it in found
    ]
    if rows:
        columns = ("when", "what", "who", "", "action", "why")
        console.print(values_table("", columns, rows))
    else:
        console.print("No steward has decided anything yet.")
    return Exit.OK, [asdict(it) for it in found]


def explain_pair(console: Console, entity: str, first: str, second: str) -> tuple[Exit, Report]:
    """Show why two records are taken for one, or are not."""
    with opened() as world, world.store.session(Role.STEWARD) as connection:
        found = explain(connection, golden_entity(entity), first, second)
    _show_sides(console, found.left, found.right, found.fields)
    if found.probability is None:
        console.print("\nBy their values they are two.")
    else:
        console.print(f"\nThe same with a probability of {found.probability:.3f}.", highlight=False)
    _show_evidence(console, found.evidence)
    if found.known and found.known.reason != "matched":
        console.print(f"They are linked by a key ({found.known.reason}).")
    for decision in found.decisions:
        said = "one" if decision.kind == "must_link" else "two"
        console.print(f"A steward has decided that they are {said}.")
    is_one = found.left.golden_id == found.right.golden_id
    console.print(f"They belong to {'one golden record' if is_one else 'two golden records'}.")
    return Exit.OK, {**asdict(found), "is_one": is_one}


def retrain_model(console: Console, entity: str, *, why: str) -> tuple[Exit, Report]:
    """Learn the matching model anew."""
    with opened() as world:
        by, run_id = By(who(world.settings), why), f"retrain-{uuid.uuid4()}"
        found = _feeds(world, entity)
        with world.store.transaction(Role.STEWARD) as connection:
            audit.note(connection, "retrain", [entity], by, detail=run_id)
        done = consolidate(
            world.store, found, golden_entity(entity), run_id=run_id, retrain=True, by=by.who
        )
    console.print(
        f"All records are compared anew: {done.linked:,} linked, {done.merged:,} golden ids "
        f"merged, {done.reviews_opened:,} pairs for a person.",
        highlight=False,
    )
    return Exit.OK, {"run_id": run_id, **done.counts()}


def _feeds(world: World, entity: str) -> Iterable[Any]:
    manifest = described(world.settings.home)
    if manifest is None:
        raise Stop("No system has told of anything yet", remedy="run accord run first")
    return feeds(manifest, entity)


def _show_done(console: Console, done: Done, what: str) -> tuple[Exit, Report]:
    console.print(f"{', '.join(done.golden_ids)}: {what}.", highlight=False)
    console.print(f"To take it back: accord match undo {done.action_id}", highlight=False)
    return Exit.OK, asdict(done)


def _show_sides(console: Console, left: Side, right: Side, shown: Iterable[Field]) -> None:
    rows = [
        ("record", _name(left), _name(right), ""),
        ("golden id", left.golden_id, right.golden_id, ""),
        *(
            (it.name, _said(it.left, it.left_given), _said(it.right, it.right_given),
             "=" if it.is_same else "")
            for it in shown
        ),
    ]  # fmt: skip
    console.print(values_table("", ("", "one", "other", ""), rows))


def _name(side: Side) -> str:
    return f"{side.system}:{side.source_key}"


def _said(value: str | None, given: str | None) -> str:
    """A value as normalised, and as its system wrote it where that is something else."""
    if value is None:
        return f"({given})" if given else NOTHING
    return value if given in (None, value) else f"{value} ({given})"


def _show_evidence(console: Console, evidence: Sequence[Any]) -> None:
    if evidence:
        console.print("\nWhat speaks for it (+) and against it (-), in bits:")
    for item in evidence:
        console.print(
            f"  {item['weight']:+6.1f}  {item['column']}: {item['level']}",
            markup=False,
            highlight=False,
        )
