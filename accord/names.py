"""How things are called: systems, streams, tables and their checks, and by what numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from accord.errors import Stop

LARGEST_NUMBER = 2**63 - 1
"""What the store numbers things by ends there."""

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


def checked(name: str, *, what: str) -> str:
    """Return `name` when it is a lower_snake_case identifier of at most 40 characters.

    Names become table names and module names, so nothing else is let through. Raises Stop.
    """
    if len(name) <= 40 and _NAME.fullmatch(name):
        return name
    raise Stop(
        f"{name!r} is no {what} name",
        remedy="use lower case letters, digits and single underscores, starting with a letter",
    )


@dataclass(frozen=True, slots=True)
class StreamName:
    """A stream of a system, such as pos.sales_lines."""

    system: str
    stream: str

    def __post_init__(self) -> None:
        checked(self.system, what="system")
        checked(self.stream, what="stream")

    def __str__(self) -> str:
        return f"{self.system}.{self.stream}"

    @property
    def table(self) -> str:
        """Its landing table, without the schema."""
        return f"{self.system}__{self.stream}"
