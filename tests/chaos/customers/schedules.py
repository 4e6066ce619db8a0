"""Schedules: what happens to the customers in one story, drawn from a seed and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Literal, get_args

from tests.chaos.customers.weather import Climate
from tests.chaos.steps import STEPS, Doom

Deed = Literal[
    "crm changes a phone", "crm changes an address", "crm changes a name", "crm changes a street",
    "crm changes billing", "crm notes an opt-out", "crm deletes", "crm enters", "crm enters again",
    "billing changes an address", "billing changes a phone", "billing changes a name",
    "billing changes billing", "billing changes terms", "billing deletes", "billing enters",
    "billing enters again", "marketing changes a name", "opts out", "bounces", "signs up",
    "marketing archives", "marketing deletes", "nights pass", "a card is spoilt",
    "crm enters a bad address",
]  # fmt: skip
DEEDS: tuple[Deed, ...] = get_args(Deed)
POISON: tuple[Deed, ...] = ("a card is spoilt", "crm enters a bad address")
SYSTEMS = ("salesforce", "stripe", "mailchimp")
STREAMS = ("accounts", "contacts", "customers", "members", "loyalty_accounts")
# Where a write has left, or may have, and nobody has noted what became of it.
DELICATE = (
    "after POST", "after PATCH", "after PUT", "before outbox.settle", "after outbox.claim",
    "after a late request", "before wait", "before outbox.post",
    *(f"after deliver {system}" for system in SYSTEMS),
)  # fmt: skip
# Where one thing is stored and what belongs to it is not, were they not in one transaction.
JOINTS = (
    *("before landing.move_watermark", "after landing.post") * 3,
    *("after builds.note", "after verdicts.post", "before consolidated", "after consolidated"),
)


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does, about which customer; `value` makes what is entered unlike any other."""

    deed: Deed
    number: int
    value: int


@dataclass(frozen=True, slots=True)
class Order:
    """One run: how it ends, what it leaves out, and what surprises it while it reads or writes.

    One that `halts` goes no further than what could not be read, as a scheduled run; another goes
    on with what there is. One that is `distrustful` looks everything up. It sends so many batches
    `at_once`.
    """

    doom: Doom | None = None
    halts: bool = False
    distrustful: bool = False
    without: frozenset[str] = frozenset()
    surprise: tuple[str, int, Act] | None = None
    at_once: int = 1


@dataclass(frozen=True, slots=True)
class Round:
    """What people do, then the runs there are at once, and the weather they are in."""

    acts: tuple[Act, ...]
    orders: tuple[Order, ...]
    climate: Climate
    page: int
    batch_seconds: float
    pause: float
    whole: bool
    revoked: str
    skew: float = 0.0


@dataclass(frozen=True, slots=True)
class Chapter:
    """Some rounds; then the weather calms, and a steward decides what waits, as `steward` says."""

    rounds: tuple[Round, ...]
    steward: int

    @property
    def acts(self) -> tuple[Act, ...]:
        """All that people do in it, surprises included."""
        surprises = [
            order.surprise[2]
            for round_ in self.rounds
            for order in round_.orders
            if order.surprise is not None
        ]
        return (*(act for round_ in self.rounds for act in round_.acts), *surprises)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A whole story of a company of so many customers."""

    seed: int
    persons: int
    organisations: int
    chapters: tuple[Chapter, ...]

    @property
    def acts(self) -> tuple[Act, ...]:
        """All that people do in it."""
        return tuple(act for chapter in self.chapters for act in chapter.acts)

    def in_peace(self) -> Schedule:
        """The same story without any fault; what surprised a run happens before it."""
        return replace(
            self,
            chapters=tuple(
                Chapter((replace(_PEACE, acts=chapter.acts),), chapter.steward)
                for chapter in self.chapters
            ),
        )


_PEACE = Round((), (Order(),), Climate(), 0, 0.0, 0.0, whole=False, revoked="")


def drawn(seed: int) -> Schedule:
    """Draw the schedule of a seed."""
    draw = Random(seed)  # noqa: S311
    persons, organisations = draw.randint(4, 6), draw.randint(1, 3)
    numbers = _Numbers(draw, persons + organisations)
    chapters = [Chapter(_rounds(draw, numbers, deeds=False), draw.randrange(8))]
    for _ in range(draw.choice((1, 1, 2))):
        numbers.anew()
        chapters.append(Chapter(_rounds(draw, numbers, deeds=True), draw.randrange(8)))
    return Schedule(seed, persons, organisations, tuple(chapters))


def opting_out() -> Schedule:
    """A quiet story in which the CRM, which does not own consent, hears of an opt-out."""
    act = Act("crm notes an opt-out", 1, 1)
    rounds = ((_PEACE,), (replace(_PEACE, acts=(act,)),))
    return Schedule(1, 4, 1, tuple(Chapter(each, 0) for each in rounds))


def meanwhile(number: int, first: Deed, system: str, then: Deed, answers: int = 0) -> Schedule:
    """A quiet story in which a system is about to be told of one deed while another is done there.

    It is done just before the write, or after so many answers to readings. The engine has read the
    system before, so it writes without knowing.
    """
    surprise = (system, answers, Act(then, number, 2))
    told = replace(_PEACE, acts=(Act(first, number, 1),), orders=(Order(surprise=surprise),))
    return Schedule(1, 4, 1, (Chapter((_PEACE,), 0), Chapter((told,), 0)))


class _Numbers:
    """Whom people do something about: each customer once a chapter, or the order would matter."""

    def __init__(self, draw: Random, customers: int) -> None:
        self._draw, self._customers = draw, customers
        self._left: list[int] = []
        self._value = 0

    def anew(self) -> None:
        self._left = list(range(1, self._customers + 1))
        self._draw.shuffle(self._left)

    def act(self) -> Act | None:
        if not self._left:
            return None
        self._value += 1
        return Act(self._draw.choice(DEEDS), self._left.pop(), self._value)

    def acts(self, most: int) -> tuple[Act, ...]:
        found = [self.act() for _ in range(self._draw.randint(0, most))]
        return tuple(act for act in found if act is not None)


def _rounds(draw: Random, numbers: _Numbers, *, deeds: bool) -> tuple[Round, ...]:
    return tuple(_round(draw, numbers, deeds=deeds) for _ in range(draw.choice((1, 1, 2))))


def _round(draw: Random, numbers: _Numbers, *, deeds: bool) -> Round:
    together = 2 if draw.random() < 0.1 else 1
    return Round(
        numbers.acts(4) if deeds else (),
        tuple(_order(draw, numbers, deeds=deeds) for _ in range(together)),
        climate=Climate({system: _roughness(draw) for system in SYSTEMS}),
        page=draw.choice((0, 0, 2, 3)),
        batch_seconds=draw.choice((0.0, 0.0, 1.0, 4.0, 30.0)),
        pause=draw.choice((0.0, 0.0, 1.0, 90.0, 4000.0)),
        whole=draw.random() < 0.1,
        revoked=draw.choice(SYSTEMS) if draw.random() < 0.04 else "",
        skew=draw.choice((0.0, 0.0, 0.0, 2.0, -2.0, 30.0, -30.0)),
    )


def _roughness(draw: Random) -> float:
    return draw.choices((0.0, 0.15, 0.4, 0.8, 1.0), (25, 30, 25, 15, 5))[0]


def _order(draw: Random, numbers: _Numbers, *, deeds: bool) -> Order:
    surprise = None
    if deeds and draw.random() < 0.2 and (act := numbers.act()) is not None:
        surprise = (draw.choice(SYSTEMS), draw.randint(1, 12), act)
    without = frozenset(it for it in (*SYSTEMS, "mainframe") if draw.random() < 0.08)
    return Order(
        doom=_doom(draw),
        halts=draw.random() < 0.3,
        distrustful=draw.random() < 0.1,
        without=without,
        surprise=surprise,
        at_once=3 if draw.random() < 0.25 else 1,
    )


def _doom(draw: Random) -> Doom | None:
    how = draw.random()
    if how < 0.45:
        return None
    kind: Literal["kill", "cut", "full"] = "kill" if how < 0.9 else draw.choice(("cut", "full"))
    if draw.random() < 0.35:
        return Doom(kind, "", draw.randint(1, 900))
    steps: Sequence[str] = draw.choices((DELICATE, JOINTS, STEPS), (5, 4, 1))[0]
    most = len(STREAMS) if steps is JOINTS else 3
    return Doom(kind, draw.choice(steps), draw.randint(1, most))
