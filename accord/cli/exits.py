"""Exit codes: stable, documented in docs/commands.md, the same for every command."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a command's exit code means."""

    OK = 0
    """Done; what was asked for holds."""
    UNEXPECTED = 1
    """A fault in Accord itself; please report it."""
    USAGE = 2
    """The command was called wrongly."""
    NOT_POSSIBLE = 3
    """A system, the database or the configuration does not allow it; the remedy is printed."""
    TROUBLE = 4
    """It ran, but something needs a person: a gate closed, a delivery was refused, sides differ."""
    UNBALANCED = 5
    """Records are not accounted for."""
