"""`python -m tests.chaos.killed STEP COMMAND …`: the command `accord`, ended by kill -9 at a step.

The step is one before or after a named statement of the store, such as "before outbox.settle". All
that the command started ends with it, as in a power cut.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from accord.store.database import Connection
from tests.chaos.steps import name_of


def main() -> None:
    """Run the command until the step."""
    step, *arguments = sys.argv[1:]
    execute = Connection.execute

    def mortal(self: Connection, statement: Any, *values: Any, **options: Any) -> Any:
        name = name_of(statement)
        _end_at(step, f"before {name}")
        cursor = execute(self, statement, *values, **options)
        _end_at(step, f"after {name}")
        return cursor

    setattr(Connection, "execute", mortal)  # noqa: B010 - mypy knows no such assignment
    sys.argv = ["accord", *arguments]
    from accord.cli.main import main as command

    command()


def _end_at(step: str, here: str) -> None:
    if step == here:
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
