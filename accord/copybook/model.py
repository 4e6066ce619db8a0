"""What a copybook says, as values: items, their pictures, tables, conditions. No bytes here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from accord.errors import Stop

Usage = Literal["display", "binary", "native", "packed", "unsigned_packed", "float", "double"]


@dataclass(frozen=True, slots=True)
class Picture:
    """A PICTURE: text of `size` characters, or a number of `digits` stored digits.

    The number is its digits times 10 to the power of -`scale`, so that 9(3)V99 has a scale of 2,
    9(3)PP one of -2 and VPP99 one of 4.
    """

    is_text: bool
    size: int
    digits: int = 0
    scale: int = 0
    signed: bool = False


@dataclass(frozen=True, slots=True)
class Sign:
    """Where a DISPLAY number keeps its sign; `separate` is a character of its own."""

    leading: bool = False
    separate: bool = False


@dataclass(frozen=True, slots=True)
class Occurs:
    """A table of `least` to `most` occurrences; as many as the item `counted_by` says, if any.

    `counted_by` holds a name and the names of groups that it is OF, innermost first.
    """

    least: int
    most: int
    counted_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Literal88:
    """A value of a condition: text, the text of a number, or a character as often as fits."""

    text: str
    kind: Literal["text", "number", "fill", "hex"] = "text"


@dataclass(frozen=True, slots=True)
class Condition:
    """A level 88: it holds for these values, each a range whose ends are often the same."""

    name: str
    ranges: tuple[tuple[Literal88, Literal88], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One data description; a group where it has `children`. A FILLER has no name."""

    level: int
    name: str
    line: int
    picture: Picture | None = None
    usage: Usage = "display"
    sign: Sign = field(default_factory=Sign)
    occurs: Occurs | None = None
    redefines: str = ""
    synchronized: bool = False
    justified: bool = False
    conditions: tuple[Condition, ...] = ()
    children: tuple[Item, ...] = ()

    @property
    def label(self) -> str:
        """Its name in messages."""
        return self.name or "FILLER"

    def walk(self) -> Iterator[Item]:
        """Yield it and all below it, in their order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Copybook:
    """The records (levels 01 and 77) of a copybook, by name."""

    records: tuple[Item, ...]

    def __getitem__(self, name: str) -> Item:
        """Return the record of this name. Raises Stop."""
        for record in self.records:
            if record.name == name:
                return record
        known = ", ".join(record.label for record in self.records)
        raise Stop(f"The copybook has no record {name}", remedy=f"use one of {known}")


def wrong(line: int, what: str, *, remedy: str) -> Stop:
    """Make the error about one line of a copybook."""
    return Stop(f"Line {line} of the copybook: {what}", remedy=remedy)
