"""What steps say of their counts, in the log and to whoever watches a pass."""

from collections.abc import Iterable, Mapping
from typing import Any


def counted(counts: Mapping[Any, int], names: Iterable[str], *, always: str = "") -> str:
    """The counts that are not zero, in the order of `names`; `always` begins, whatever it is."""
    told = [name for name in names if counts.get(name) or name == always]
    return ", ".join(f"{counts.get(name, 0):,} {name}" for name in told)


def several(count: int, one: str, many: str = "") -> str:
    """A count with its noun: 1 day, 2 days."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
