"""Schedules: what happens to the company in one story, drawn from a seed and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Literal

from tests.chaos.steps import STEPS, Doom
from tests.chaos.tills import BARRED, DayFile, Line, Poison
from tests.chaos.weather import Climate

ARTICLES = ("41002", "22423B", "POST", "D")
FIRST = date(2011, 1, 30)
SKEWS = (0.0, 0.0, 2.0, -2.0, 3600.0, 3600.0, -3600.0)
# Where a write has left, or may have, and nobody has noted what became of it.
DELICATE = (
    "after POST", "after PUT", "after deliver xero", "after deliver poor", "before outbox.settle",
    "after outbox.claim", "after outbox.claim", "before wait", "before outbox.post",
    *["after a late request"] * 6, *["before wait"] * 3,
)  # fmt: skip
# Where one thing is stored and what belongs to it is not, were they not in one transaction.
JOINTS = (
    "after landing.move_cursor", "after landing.post", "before landing.move_watermark",
    "after builds.note", "before verdicts.keep", "after verdicts.post",
)  # fmt: skip


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
    what accounting holds.
    """

    days: tuple[str, ...]
    doom: Doom | None = None
    distrust: bool = False
    only_news: bool = False
    only_deliver: bool = False
    read_back: bool = False
    surprise: Change | None = None


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


def drawn(seed: int) -> Schedule:
    """Draw the schedule of a seed."""
    draw = Random(seed)  # noqa: S311
    days = [
        (FIRST + timedelta(days=number)).isoformat() for number in range(draw.choice((1, 2, 2, 3)))
    ]
    told: dict[str, DayFile] = {}
    rounds = []
    for _ in range(draw.choice((1, 2, 3))):
        # Some days come late; in the end every one has come.
        changes = [
            change for day in days if draw.random() < 0.85 for change in _changes(draw, day, told)
        ]
        rounds.append(_round(draw, days, tuple(changes), told))
    for day in days:
        told.setdefault(day, _file(draw, day))
    return Schedule(seed, tuple(rounds), tuple(told[day] for day in days))


def _changes(draw: Random, day: str, told: dict[str, DayFile]) -> list[Change]:
    told[day] = _corrected(draw, told[day]) if day in told else _file(draw, day)
    content = told[day].content
    same_time = draw.random() < 0.3
    how = draw.random()
    if how < 0.15:
        return [Change(day, content[: draw.randrange(len(content))], same_time)]
    if how < 0.22:
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
    draw: Random, days: Sequence[str], changes: tuple[Change, ...], told: dict[str, DayFile]
) -> Round:
    together = 2 if draw.random() < 0.15 else 1
    return Round(
        changes,
        tuple(_order(draw, days, told) for _ in range(together)),
        climate=Climate(_roughness(draw), _roughness(draw)),
        page_size=draw.choice((0, 0, 1, 2)),
        is_revoked=draw.random() < 0.04,
        pause=draw.choice((0.0, 0.0, 0.0, 0.5, 3.0, 90.0, 4000.0)),
        skew=draw.choice(SKEWS),
    )


def _roughness(draw: Random) -> float:
    return draw.choices((0.0, 0.2, 0.45, 0.8, 1.0), (10, 25, 35, 26, 4))[0]


def _order(draw: Random, days: Sequence[str], told: dict[str, DayFile]) -> Order:
    asked = tuple(days)
    if len(days) > 1 and draw.random() < 0.3:
        first = draw.randrange(len(days))
        asked = asked[first : draw.randint(first, len(days) - 1) + 1]
    surprise = None
    if told and draw.random() < 0.08:
        day = draw.choice(sorted(told))
        content = told[day].content
        surprise = Change(day, draw.choice((None, content, content[: len(content) // 2])))
    return Order(
        asked,
        doom=_doom(draw),
        distrust=draw.random() < 0.12,
        only_news=draw.random() < 0.2,
        only_deliver=draw.random() < 0.2,
        read_back=draw.random() < 0.25,
        surprise=surprise,
    )


def _doom(draw: Random) -> Doom | None:
    how = draw.random()
    if how < 0.45:
        return None
    kind: Literal["kill", "cut"] = "kill" if how < 0.9 else "cut"
    if draw.random() < 0.25:
        return Doom(kind, "", draw.randint(1, 260))
    steps: Sequence[str] = draw.choices((DELICATE, JOINTS, STEPS), (5, 2, 3))[0]
    return Doom(kind, draw.choice(steps), draw.choices((1, 2, 3), (8, 2, 1))[0])
