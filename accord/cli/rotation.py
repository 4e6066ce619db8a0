"""`accord dlq rotate-key`: every sealed payload under another key, with a new one of our own."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from accord.cli.exits import Exit
from accord.cli.letters import counted, who
from accord.cli.world import opened
from accord.errors import Stop
from accord.store import audit, sealed
from accord.store.audit import By
from accord.store.database import Role
from accord.store.dead_letters import about


def rotate(console: Console, *, lost: bool, why: str) -> tuple[Exit, dict[str, Any]]:
    """Seal everything with the newest key, after making one where the keys are our own."""
    with opened() as world:
        keys = world.store.sealing
        if keys is None:
            raise Stop("There are no sealing keys", remedy="open the store with them")
        with world.store.transaction(Role.STEWARD) as connection:
            now = connection.execute("select ops.sealing_key()").fetchone()
        # A rotation that was cut short left its key on top of ours; it is finished with that.
        begun = now is not None and keys.ring().newest.key_id != now[0]
        new = (keys.add() if keys.is_own and not begun else keys.ring()).newest
        if now is not None and new.key_id == now[0]:
            raise Stop(
                f"The newest key is {new.key_id}, which is in use already",
                remedy="put a new key before it, in what ACCORD_SEALING_KEY leads to",
            )
        with world.store.transaction(Role.STEWARD) as connection:
            count = sealed.rotate(connection, new, lambda it: about(*it), lost=lost)
            by = By(who(world.settings), why)
            audit.note(connection, "rotate_key", [new.key_id], by, detail=f"{count} sealed again")
        if keys.is_own and not lost:
            keys.keep([new.key_id])
    console.print(f"{counted(count)} sealed again, with the key {new.key_id}.", highlight=False)
    if not keys.is_own:
        console.print("The keys after the first are not needed any more; take them away.")
    return Exit.OK, {"key_id": new.key_id, "sealed_again": count}
