"""Schedules: what happens to the company in one story, drawn from a family and a seed alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Literal

from tests.chaos.steps import Doom
from tests.chaos.tills import BARRED, DayFile, Line, Poison
from tests.chaos.turns import FAMILIES, GENERAL, Turn
from tests.chaos.weather import Climate

ARTICLES = ("41002", "22423B", "POST", "D")
FIRST = date(2011, 1, 30)


@dataclass(frozen=True, slots=True)
class Change:
    """A file as the tills put it, whole or half-written; without content they take it away."""

    day: str
    content: bytes | None
    same_time: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """One run: for which days, what it believes, how it ends, and what surprises it while reading.

    With `only_news` it reads nothing where the folder's time stamps say that nothing is new; with
    `only_deliver` a person started the delivery by itself. With `read_back` it reads in the end
    what accounting holds. It sends so many batches `at_once`.
    """

    days: tuple[str, ...]
    doom: Doom | None = None
    distrust: bool = False
    only_news: bool = False
    only_deliver: bool = False
    read_back: bool = False
    surprise: Change | None = None
    at_once: int = 1


@dataclass(frozen=True, slots=True)
class Round:
    """What changes, then the runs there are at once, and the weather they are in."""

    changes: tuple[Change, ...]
    orders: tuple[Order, ...]
    climate: Climate
    page_size: int
    is_revoked: bool
    pause: float
    skew: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """A whole story; `final` has each day as the tills mean it in the end."""

    seed: int
    rounds: tuple[Round, ...]
    final: tuple[DayFile, ...]

    @property
    def days(self) -> tuple[str, ...]:
        """All its days."""
        return tuple(file.day for file in self.final)


def drawn(seed: int, family: str = GENERAL) -> Schedule:
    """Draw the schedule of a seed from a family."""
    draw = Random(seed)  # noqa: S311
    days = [
        (FIRST + timedelta(days=number)).isoformat() for number in range(draw.choice((1, 2, 2, 3)))
    ]
    told: dict[str, DayFile] = {}
    rounds = []
    turns = FAMILIES[family]
    for turn in turns * draw.choice((1, 2, 3)) if family == GENERAL else turns:
        # Some days come late; in the end every one has come.
        changes = [
            change
            for day in days
            if draw.random() < turn.comes
            for change in _changes(draw, turn, day, told)
        ]
        rounds.append(_round(draw, turn, days, tuple(changes), told))
    for day in days:
        told.setdefault(day, _file(draw, day))
    return Schedule(seed, tuple(rounds), tuple(told[day] for day in days))


def doomed(seed: int, number: int, doom: Doom) -> Schedule:
    """The schedule of a seed, all of whose runs of one round meet this doom."""
    schedule = drawn(seed)
    rounds = list(schedule.rounds)
    met = tuple(replace(order, doom=doom) for order in rounds[number].orders)
    rounds[number] = replace(rounds[number], orders=met)
    return replace(schedule, rounds=tuple(rounds))


def _changes(draw: Random, turn: Turn, day: str, told: dict[str, DayFile]) -> list[Change]:
    told[day] = _corrected(draw, told[day]) if day in told else _file(draw, day)
    content = told[day].content
    same_time = draw.random() < 0.3
    how = draw.random()
    if how < turn.torn:
        return [Change(day, content[: draw.randrange(len(content))], same_time)]
    if how < turn.torn + turn.taken:
        return [Change(day, None)]
    return [Change(day, content, same_time)]


def _file(draw: Random, day: str) -> DayFile:
    return DayFile(day, tuple(_lines(draw, draw.randint(1, 4), start=1)))


def _lines(draw: Random, count: int, *, start: int) -> list[Line]:
    """Some lines, now and then poisoned; the first is always good, so that the file is complete."""
    lines = [_line(draw, start, "")]
    for number in range(start + 1, start + count):
        poison: Poison = draw.choices(
            ("", "at landing", "at the gate", "at the destination"), (82, 7, 8, 3)
        )[0]
        lines.append(_line(draw, number, poison))
        if draw.random() < 0.1:
            lines.append(lines[0])
    return lines


def _line(draw: Random, number: int, poison: Poison) -> Line:
    price = Decimal(draw.choice((125, 999, 1950, 40000))) / 100
    return Line(
        f"54{number:04d}",
        BARRED if poison == "at the destination" else draw.choice(ARTICLES),
        draw.choice((1, 2, 3, -1, -4)),
        price + 5000 if poison == "at the gate" else price,
        poison,
    )


def _corrected(draw: Random, file: DayFile) -> DayFile:
    """The file with a line changed, added or taken out; another one; or just as it was."""
    first, *rest = file.lines
    number = draw.randint(10, 9999)
    how = draw.randrange(6)
    if how == 0:
        return file
    if how == 1:
        return DayFile(file.day, (_line(draw, number, ""), *rest))
    if how == 2:
        return DayFile(file.day, (first, *rest, *_lines(draw, 2, start=number)))
    if how == 3 and rest:
        return DayFile(file.day, (first, *rest[1:]))
    if how == 4:
        other = Line(first.receipt, first.article, first.quantity + 1, first.price)
        return DayFile(file.day, (other, *rest))
    return DayFile(file.day, tuple(_lines(draw, draw.randint(1, 4), start=number)))


def _round(
    draw: Random,
    turn: Turn,
    days: Sequence[str],
    changes: tuple[Change, ...],
    told: dict[str, DayFile],
) -> Round:
    together = 2 if draw.random() < turn.together else 1
    return Round(
        changes,
        tuple(_order(draw, turn, days, told) for _ in range(together)),
        climate=_climate(draw, turn),
        page_size=draw.choice((0, 0, 1, 2)),
        is_revoked=draw.random() < turn.revoked,
        pause=draw.choice(turn.pauses),
        skew=draw.choice(turn.skews),
    )


def _climate(draw: Random, turn: Turn) -> Climate:
    xero, poor = _roughness(draw, turn), _roughness(draw, turn)
    return Climate(0.0 if turn.spared == "xero" else xero, poor, turn.late)


def _roughness(draw: Random, turn: Turn) -> float:
    values, weights = zip(*turn.roughness, strict=True)
    return float(draw.choices(values, weights)[0])


def _order(draw: Random, turn: Turn, days: Sequence[str], told: dict[str, DayFile]) -> Order:
    asked = tuple(days)
    if len(days) > 1 and draw.random() < turn.part:
        first = draw.randrange(len(days))
        asked = asked[first : draw.randint(first, len(days) - 1) + 1]
    surprise = None
    if told and draw.random() < turn.surprise:
        day = draw.choice(sorted(told))
        content = told[day].content
        surprise = Change(day, draw.choice((None, content, content[: len(content) // 2])))
    return Order(
        asked,
        doom=_doom(draw, turn),
        distrust=draw.random() < turn.distrust,
        only_news=draw.random() < turn.only_news,
        only_deliver=draw.random() < turn.only_deliver,
        read_back=draw.random() < 0.25,
        surprise=surprise,
        at_once=3 if draw.random() < turn.at_once else 1,
    )


def _doom(draw: Random, turn: Turn) -> Doom | None:
    how = draw.random()
    if how < 1 - turn.doomed:
        return None
    kind: Literal["kill", "cut", "full"] = "kill"
    if how >= 1 - turn.cut:
        kind = draw.choice(("cut", "full"))
    if draw.random() < turn.anywhere:
        return Doom(kind, "", draw.randint(1, 260))
    families, weights = zip(*turn.dooms, strict=True)
    steps: Sequence[str] = draw.choices(families, weights)[0]
    return Doom(kind, draw.choice(steps), draw.choices((1, 2, 3), (8, 2, 1))[0])
