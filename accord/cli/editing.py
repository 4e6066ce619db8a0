"""`accord dlq edit`: a steward's correction, from a file or from the steward's editor.

What is edited never touches a disk in plain where the machine has memory to keep it in.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from accord.cli.exits import Exit
from accord.cli.letters import the_letter, who
from accord.cli.world import opened
from accord.errors import Stop
from accord.stewarding import check_editable
from accord.store import stewardship
from accord.store.audit import By
from accord.store.database import Role

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it


def edit_letter(
    console: Console, name: str, file: Path | None, *, why: str
) -> tuple[Exit, dict[str, Any]]:
    """Put a correction beside what one letter holds."""
    with opened() as world:
        by = By(who(world.settings), why)
        with world.store.transaction(Role.STEWARD) as connection:
            letter = the_letter(connection, name)
            check_editable(letter)
            held = stewardship.reveal(connection, letter, by)[-1].payload
        given = _read(file) if file else edited(held, world.settings.environment)
        payload = like(held, given)
        if payload == held:
            console.print("Nothing was changed.")
            return Exit.OK, {"id": letter.dead_letter_id, "edits": letter.edits}
        with world.store.transaction(Role.STEWARD) as connection:
            stewardship.edit(connection, letter, payload, by)
    console.print(
        f"Edited; the original is kept. Next: accord dlq replay {letter.dead_letter_id}",
        highlight=False,
    )
    return Exit.OK, {"id": letter.dead_letter_id, "edits": letter.edits + 1}


def like(held: bytes, given: bytes) -> bytes:
    """Take away the line end that an editor puts after what had none."""
    if held.endswith(b"\n"):
        return given
    return given.removesuffix(b"\n").removesuffix(b"\r")


def edited(held: bytes, environment: Mapping[str, str]) -> bytes:
    """Let the person change it in $VISUAL or $EDITOR. Raises Stop when there is no such editor."""
    command = environment.get("VISUAL") or environment.get("EDITOR")
    if not command:
        raise Stop("No editor is set", remedy="set EDITOR, or give the correction with --file")
    folder = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="accord-", dir=folder) as private:
        path = Path(private) / "record.txt"
        path.write_bytes(held)
        try:
            subprocess.run([*shlex.split(command), str(path)], check=True)  # noqa: S603
        except (OSError, subprocess.CalledProcessError) as error:
            raise Stop(
                f"The editor did not end well ({type(error).__name__})",
                remedy="nothing was changed; set EDITOR, or give the correction with --file",
            ) from error
        return path.read_bytes()


def _read(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise Stop(
            f"{file} cannot be read: {error.strerror}", remedy="give the file of the correction"
        ) from error
