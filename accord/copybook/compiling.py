"""Puts the readers of single items together into readers of groups, tables and views.

A group in which nothing slides is read with one base, the distance of its occurrence from the
first one. A group that holds a counted table (and with it the record) is a spine: what lies behind
the table is read with the base that the table's length gives it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from accord.copybook.code_pages import CodePage
from accord.copybook.conditions import Test, tested
from accord.copybook.fields import ByteOrder, Held, Reader, reader
from accord.copybook.layout import Layout, Place
from accord.copybook.model import wrong
from accord.copybook.undecodable import Undecodable
from accord.errors import Stop


class Sliding(NamedTuple):
    """How far things have slid after 0, 1, … counted tables, and how long each of these is."""

    bases: list[int]
    counts: list[int]


Spine = Callable[[Held, Sliding], Any]
Part = tuple[str, Reader]
Choosing = Callable[[Held, int, dict[str, Any]], None]


class Counted(NamedTuple):
    """A counted table: the reader of its count, the limits, the step, and the counter's place."""

    read: Reader
    least: int
    most: int
    step: int
    label: str
    position: int


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles one record's layout; see `accord.copybook.decoding.compiled`."""

    layout: Layout
    page: CodePage
    views: Mapping[str, str]
    only: frozenset[str]
    native: ByteOrder

    def check_names(self) -> None:
        """Raise Stop when a name given is nowhere in the record, or twice in one group."""
        places = list(self.layout.root.walk())
        names = {place.item.name for place in places}
        conditions = {one.name for place in places for one in place.item.conditions}
        missing = ({*self.only, *self.views.values()} - names) | (self.views.keys() - conditions)
        if missing:
            raise Stop(
                f"{self.layout.root.item.label} has nothing called {', '.join(sorted(missing))}",
                remedy="compare the names with the copybook",
            )
        for place in places:
            below = [it.item.name for it in _spliced(place.children) if it.item.name]
            if len(below) != len(set(below)):
                raise wrong(
                    place.item.line,
                    f"two items in {place.item.label} have one name",
                    remedy="rename one of them",
                )

    def counted(self, table: Place) -> Counted:
        """Find the counter of a table. Raises Stop when it is not one number before the table."""
        occurs = table.item.occurs
        if occurs is None:
            raise ValueError("only tables are counted")
        name, *groups = occurs.counted_by
        found = [place for place in self._within(groups) if place.item.name == name]
        picture = found[0].item.picture if len(found) == 1 else None
        if (
            picture is None or picture.is_text or picture.scale > 0
            or found[0].inside or found[0].slides or found[0].offset >= table.offset
        ):  # fmt: skip
            raise wrong(
                table.item.line,
                f"{table.item.label} is counted by {name}, which is not one whole number before it",
                remedy="name an item before all counted tables, OF its group where there are two",
            )
        return Counted(
            reader(found[0], native=self.native), occurs.least, occurs.most, table.step,
            found[0].item.label, found[0].offset + 1,
        )  # fmt: skip

    def record(self) -> Reader:
        """Compile a record in which nothing slides."""
        root = self.layout.root
        if root.children:
            return self._group(root)
        label, read = root.item.label, reader(root, native=self.native)
        return lambda held, base: {label: read(held, base)}

    def spine(self, group: Place) -> Spine:
        """Compile a group that holds a counted table."""
        steps = tuple(self._spine_steps(group))

        def read(held: Held, sliding: Sliding) -> Any:
            found: dict[str, Any] = {}
            for step in steps:
                step(held, sliding, found)
            return found

        return read

    def _spine_steps(self, group: Place) -> Iterator[Callable[..., None]]:
        for child in _spliced(group.children):
            name, slides = child.item.name, child.slides
            if not self._wanted(child):
                continue
            if child.slid_over:
                yield _table_step(name, self._occurrence(child), slides, child.step)
            elif any(place.slid_over for place in child.walk()):
                yield _spine_step(name, self.spine(child))
            elif choosing := self._choosing(child):
                yield _choosing_step(choosing, slides)
            elif name:
                yield _plain_step(name, self._plain(child), slides)

    def _group(self, group: Place) -> Reader:
        children = [it for it in _spliced(group.children) if self._wanted(it)]
        choices = tuple(filter(None, map(self._choosing, children)))
        parts = tuple(
            (it.item.name, self._plain(it))
            for it in children
            if it.item.name and not self._is_chosen(it)
        )
        if not choices:
            return lambda held, base: {name: read(held, base) for name, read in parts}

        def read_all(held: Held, base: int) -> Any:
            found = {name: read(held, base) for name, read in parts}
            for choose in choices:
                choose(held, base, found)
            return found

        return read_all

    def _plain(self, place: Place) -> Reader:
        """Compile an item, a group or a table of fixed length."""
        one, occurs = self._occurrence(place), place.item.occurs
        if occurs is None:
            return one
        ways = range(0, place.step * occurs.most, place.step)
        return lambda held, base: [one(held, base + way) for way in ways]

    def _occurrence(self, place: Place) -> Reader:
        return self._group(place) if place.children else reader(place, native=self.native)

    def _is_chosen(self, place: Place) -> bool:
        names = {place.item.name, *(view.item.name for view in place.views)}
        return bool(place.views) and not names.isdisjoint(self.views.values())

    def _choosing(self, place: Place) -> Choosing | None:
        """Compile the choice among an item's views; None where there is nothing to choose."""
        if not self._is_chosen(place):
            return None
        by_name = {view.item.name: view for view in (place, *place.views) if view.item.name}
        ways = tuple(
            (self._test(condition, place), name, self._plain(by_name[name]))
            for condition, name in self.views.items()
            if name in by_name
        )
        label, position = place.item.label, place.offset + 1

        def choose(held: Held, base: int, found: dict[str, Any]) -> None:
            for test, name, read in ways:
                if test(held, base):
                    found[name] = read(held, base)
                    return
            raise Undecodable("unknown_view", label, position + base)

        return choose

    def _test(self, condition: str, place: Place) -> Test:
        """Compile a condition that lies in the same occurrence as `place`, or in no table."""
        [(at, held), *others] = [
            (it, one)
            for it in self.layout.root.walk()
            for one in it.item.conditions
            if one.name == condition
        ]
        test = tested(at, held, self.page, native=self.native)
        inside = place.inside[:-1] if place.item.occurs else place.inside
        if not others and (at.inside, at.slides) == (inside, place.slides):
            return test
        if others or at.inside or at.slides:
            raise wrong(
                at.item.line,
                f"the condition {condition} does not tell about one {place.item.label}",
                remedy="choose the view by a condition of the same occurrence",
            )
        return lambda held, _: test(held, 0)

    def _wanted(self, place: Place) -> bool:
        if not self.only:
            return True
        below = {it.item.name for it in place.walk()}
        above = {it.item.name for it in self.layout.root.walk() if place in it.walk()}
        return not self.only.isdisjoint(below | above)

    def _within(self, groups: list[str]) -> list[Place]:
        places = list(self.layout.root.walk())
        for name in reversed(groups):
            places = [below for it in places if it.item.name == name for below in it.walk()]
        return list(dict.fromkeys(places))


def _spliced(children: tuple[Place, ...]) -> Iterator[Place]:
    """Yield the items of a group, those of its FILLER groups among them."""
    for child in children:
        if child.item.name or not child.children or child.item.occurs or child.views:
            yield child
        else:
            yield from _spliced(child.children)


def _table_step(name: str, read: Reader, slides: int, step: int) -> Callable[..., None]:
    def run(held: Held, sliding: Sliding, found: dict[str, Any]) -> None:
        base, end = sliding.bases[slides], sliding.bases[slides + 1]
        found[name] = [read(held, at) for at in range(base, end, step)]

    return run


def _spine_step(name: str, read: Spine) -> Callable[..., None]:
    def run(held: Held, sliding: Sliding, found: dict[str, Any]) -> None:
        found[name] = read(held, sliding)

    return run


def _choosing_step(choose: Choosing, slides: int) -> Callable[..., None]:
    return lambda held, sliding, found: choose(held, sliding.bases[slides], found)


def _plain_step(name: str, read: Reader, slides: int) -> Callable[..., None]:
    def run(held: Held, sliding: Sliding, found: dict[str, Any]) -> None:
        found[name] = read(held, sliding.bases[slides])

    return run
