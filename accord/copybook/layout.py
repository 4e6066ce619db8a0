"""Works out where each item of a record lies.

Items follow each other without gaps, except for the slack bytes before a SYNCHRONIZED number:
halfwords and longer ones begin on a multiple of 2 and 4 from the record's start, COMP-2 of 8, and
each occurrence of a table that holds such a number is filled up to a multiple of the largest (IBM
Enterprise COBOL, Language Reference, "SYNCHRONIZED clause": slack bytes within records).

What follows a table with DEPENDING ON slides with its length. Offsets are given as if all those
tables were empty; `slides` says how many of them come before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accord.copybook.model import Item, wrong

LARGEST_RECORD = 32_760
_SIZES = {"float": 4, "double": 8}
_HALFWORD, _FULLWORD = 4, 9


@dataclass(frozen=True, slots=True)
class Place:
    """An item and where it lies; `offset` is that of its first occurrence in its record.

    `size` is that of one occurrence, and `step` the way to the next one. `inside` counts the
    tables around it; `views` are the descriptions that REDEFINE it.
    """

    item: Item
    offset: int
    size: int
    step: int
    slides: int
    inside: tuple[str, ...] = ()
    children: tuple[Place, ...] = ()
    views: tuple[Place, ...] = ()

    @property
    def slid_over(self) -> bool:
        """Tell whether it is a table whose length is counted."""
        return self.item.occurs is not None and bool(self.item.occurs.counted_by)

    def walk(self) -> Iterator[Place]:
        """Yield it and all below it, the other views of each included."""
        yield self
        for view in self.views:
            yield from view.walk()
        for child in self.children:
            yield from child.walk()

    @property
    def extent(self) -> int:
        """How far what follows is from its start, counted tables taken as empty."""
        occurs = self.item.occurs
        if occurs is None:
            return self.size
        return 0 if occurs.counted_by else self.step * occurs.most


@dataclass(frozen=True, slots=True)
class Layout:
    """A record laid out; `counted` are its tables with DEPENDING ON, in their order."""

    root: Place
    counted: tuple[Place, ...]

    @property
    def shortest(self) -> int:
        """The length with all counted tables at their least."""
        return self.root.size + sum(
            table.step * table.item.occurs.least for table in self.counted if table.item.occurs
        )

    @property
    def longest(self) -> int:
        """The length with all counted tables at their most."""
        return self.root.size + sum(
            table.step * table.item.occurs.most for table in self.counted if table.item.occurs
        )


def laid_out(record: Item) -> Layout:
    """Lay a record out. Raises Stop, naming the line, for what cannot be."""
    root = _placed(record, 0, 0, ())
    layout = Layout(root, tuple(place for place in root.walk() if place.slid_over))
    if layout.longest > LARGEST_RECORD:
        raise wrong(
            record.line,
            f"{record.label} is longer than {LARGEST_RECORD} bytes",
            remedy="compare it with the program's own",
        )
    return layout


def _placed(item: Item, offset: int, slides: int, inside: tuple[str, ...]) -> Place:
    if item.occurs is not None:
        _check_table(item, inside)
        inside = (*inside, f"{item.line} {item.name}")
    if not item.children:
        size = _size(item)
        return Place(item, offset, size, size, slides, inside)
    children = _children(item, offset, slides, inside)
    size = _end(children) - offset
    boundary = max((_boundary(below) for below in item.walk()), default=1)
    step = _rounded(size, boundary) if item.occurs is not None else size
    return Place(item, offset, size, step, slides, inside, tuple(children))


def _children(group: Item, offset: int, slides: int, inside: tuple[str, ...]) -> list[Place]:
    found: list[Place] = []
    for item in group.children:
        if item.redefines:
            found[-1:] = [_with_view(item, found)]
            continue
        at = _end(found) if found else offset
        at = _rounded(at, _first_boundary(item))
        if slides and at != (_end(found) if found else offset):
            raise wrong(
                item.line,
                f"{item.label} is SYNCHRONIZED behind a table whose length is counted",
                remedy="put the table at the record's end",
            )
        found.append(_placed(item, at, slides, inside))
        slides += sum(place.slid_over for place in found[-1].walk())
    return found


def _with_view(item: Item, found: list[Place]) -> Place:
    """Add a redefinition to the item before it. Raises Stop where the two do not fit."""
    if not found or item.redefines not in (
        found[-1].item.name, *(view.item.name for view in found[-1].views)
    ):  # fmt: skip
        raise wrong(
            item.line,
            f"{item.label} REDEFINES {item.redefines}, which does not come right before it",
            remedy="compare it with the program's own",
        )
    first = found[-1]
    outer = first.inside[:-1] if first.item.occurs is not None else first.inside
    view = _placed(item, first.offset, first.slides, outer)
    tables = (*first.walk(), *view.walk())
    if view.extent > first.extent or any(place.slid_over for place in tables):
        raise wrong(
            item.line,
            f"{item.label} is longer than what it REDEFINES, or one of them has a counted length",
            remedy="compare it with the program's own",
        )
    return Place(
        first.item, first.offset, first.size, first.step, first.slides, first.inside,
        first.children, (*first.views, view),
    )  # fmt: skip


def _end(places: list[Place]) -> int:
    return places[-1].offset + places[-1].extent


def _check_table(item: Item, inside: tuple[str, ...]) -> None:
    counted = item.occurs is not None and bool(item.occurs.counted_by)
    if item.level == 1 or (counted and inside):
        raise wrong(
            item.line,
            f"{item.label} OCCURS where it may not: as a record, or counted inside of a table",
            remedy="compare it with the program's own",
        )


def _size(item: Item) -> int:
    """The bytes of an elementary item."""
    if item.picture is None:
        return _SIZES[item.usage]
    digits = item.picture.digits
    if item.usage in ("binary", "native"):
        return 2 if digits <= _HALFWORD else 4 if digits <= _FULLWORD else 8
    if item.usage == "packed":
        return digits // 2 + 1
    if item.usage == "unsigned_packed":
        return (digits + 1) // 2
    return item.picture.size + (item.picture.signed and item.sign.separate)


def _boundary(item: Item) -> int:
    """The multiple of bytes at which an item has to begin."""
    if not item.synchronized or item.children:
        return 1
    if item.usage == "double":
        return 8
    if item.usage in ("binary", "native", "float"):
        return min(4, _size(item))
    return 1


def _first_boundary(item: Item) -> int:
    """The boundary of the first number in an item: slack comes before the groups it begins."""
    while item.children:
        item = item.children[0]
    return _boundary(item)


def _rounded(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
