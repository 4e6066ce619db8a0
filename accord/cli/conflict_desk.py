"""What `accord conflicts` does and shows."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Console

from accord.cli.entities import golden_entity
from accord.cli.exits import Exit
from accord.cli.letters import who
from accord.cli.show import values_table
from accord.cli.world import opened
from accord.golden import desk
from accord.store.audit import By
from accord.store.database import Role
from accord.store.desk import Answer, Listed

NOTHING = "·"


def list_conflicts(
    console: Console, entity: str, *, every: bool, limit: int
) -> tuple[Exit, list[dict[str, Any]]]:
    """List the edits where they are not owned."""
    state = None if every else "held"
    with opened() as world, world.store.session(Role.STEWARD) as connection:
        found = desk.conflicts(connection, golden_entity(entity), state=state, limit=limit)
    if found:
        columns = ("", "customer", "in", "field", "owner", "was", "edited to", "golden", "")
        console.print(values_table("", columns, [_row(it) for it in found]))
    else:
        console.print("No conflict waits." if not every else "There was no conflict.")
    return Exit.OK, [asdict(it) for it in found]


def answer_conflict(
    console: Console, entity: str, number: int, reply: Answer, *, why: str
) -> tuple[Exit, dict[str, Any]]:
    """Answer one conflict."""
    with opened() as world, world.store.transaction(Role.STEWARD) as connection:
        by = By(who(world.settings), why)
        done = desk.answer(connection, golden_entity(entity), number, reply, by)
    if reply == "overwrite":
        console.print(f"{done.attribute} goes to {done.system} again with the next pass.")
    else:
        console.print(
            f"{done.attribute} is as {done.system} has it, until {done.owner} says another."
        )
    return Exit.OK, asdict(done)


def undo_answer(
    console: Console, entity: str, number: int, *, why: str
) -> tuple[Exit, dict[str, Any]]:
    """Take one answer back."""
    with opened() as world, world.store.transaction(Role.STEWARD) as connection:
        by = By(who(world.settings), why)
        done = desk.undo_answer(connection, golden_entity(entity), number, by)
    console.print(f"Conflict {number} waits again; {done.system} keeps its {done.attribute}.")
    return Exit.OK, asdict(done)


def _row(it: Listed) -> tuple[str, ...]:
    said = it.answer and f"{it.answer} by {it.answered_by}"
    values = (it.was, it.value, it.golden_value)
    return (
        str(it.conflict_id),
        it.golden_id,
        f"{it.system}:{it.source_key}",
        it.attribute,
        it.owner,
        *(NOTHING if value is None else value for value in values),
        said or it.state,
    )
