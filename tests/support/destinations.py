"""Destinations that go wrong, on a clock of their own, to see what the courier makes of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from accord.connector import Destination
from accord.errors import Retry, Stop, Unanswered
from accord.records import Found, Receipt, Write, content_digest
from tests.support.engine import Crashed, Fuse

Mood = Literal[
    "answers", "is lost on the way", "loses its answer", "answers for some", "commits late",
    "asks for later", "puts off", "refuses", "turns us away", "dies midway",
]  # fmt: skip
Sight = Literal["is seen", "cannot be seen", "turns us away"]


@dataclass(slots=True)
class Clock:
    """A clock that only moves when someone sleeps or something takes its time."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_(seconds)

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass(slots=True)
class PoorLedger:
    """A destination as poor as they come: no idempotency keys, no unique numbers, slow commits.

    Each delivery takes its next mood and each look-up its next sight; without one all is well. An
    effect that comes late is there `late` seconds after its request; the requests of one delivery
    leave `apart` seconds after each other.
    """

    clock: Clock
    moods: list[Mood] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)
    late: float = 4.0
    apart: float = 0.0
    effects: list[tuple[datetime, str, str, Mapping[str, Any]]] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    looked_up: list[tuple[str, ...]] = field(default_factory=list)

    def documents(self) -> dict[str, dict[str, Mapping[str, Any]]]:
        """What it holds now, by number and id; fails on an effect that changed nothing."""
        found: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
        for at, number, name, content in sorted(self.effects, key=lambda effect: effect[0]):
            if at <= self.clock.now:
                assert found[number].get(name) != content, "a write took effect twice"
                found[number][name] = content
        return dict(found)

    def add(self, content: Mapping[str, Any]) -> None:
        """Let somebody else put a document there."""
        self._write(str(content["number"]), "", content, delay=0)

    def look_up(self, kind: str, keys: Sequence[str]) -> Mapping[str, Found]:
        """Find what is there now."""
        self.looked_up.append(tuple(keys))
        sight = self.sights.pop(0) if self.sights else "is seen"
        if sight == "turns us away":
            raise Stop("The destination turns us away", remedy="ask for access")
        if sight == "cannot be seen":
            raise Retry("The destination cannot be seen", remedy="run again")
        held = self.documents()
        return {
            key: Found(
                tuple(sorted(held[key])),
                content_digest(next(iter(held[key].values()))) if len(held[key]) == 1 else "",
            )
            for key in keys
            if key in held
        }

    def deliver(self, kind: str, writes: Sequence[Write]) -> Sequence[Receipt]:
        """Write each document, or fail as the mood is."""
        mood = self.moods.pop(0) if self.moods else "answers"
        if mood == "asks for later":
            raise Retry("The destination asks for later", remedy="run again", retry_after=1)
        if mood == "turns us away":
            raise Stop("The destination turns us away", remedy="ask for access")
        if mood == "is lost on the way":
            raise Unanswered("The request was lost on the way", remedy="look it up")
        reached = writes[: (len(writes) + 1) // 2] if mood == "dies midway" else writes
        receipts = [self._received(write, place, mood) for place, write in enumerate(reached)]
        if mood == "dies midway":
            raise Crashed("the sender died midway")
        if mood in ("loses its answer", "commits late"):
            raise Unanswered("The answer was lost", remedy="look it up")
        return receipts[: (len(receipts) + 1) // 2] if mood == "answers for some" else receipts

    def _received(self, write: Write, place: int, mood: Mood) -> Receipt:
        if mood == "refuses" and place % 2 == 0:
            return Receipt(write.write_id, "rejected", "", "refused", "No", "correct it")
        if mood == "puts off":
            return Receipt(write.write_id, "retry", "", "busy", "It is busy", "send it later")
        if place:
            self.clock.pass_(self.apart)
        self.sent.append(write.key)
        ids = write.found.destination_ids if write.found else ()
        if len(ids) > 1:
            return Receipt(write.write_id, "rejected", "", "doubled", "It is there twice", "void")
        delay = self.late if mood in ("commits late", "dies midway") else 0.0
        name = self._write(write.key, "".join(ids), write.content, delay=delay)
        return Receipt(write.write_id, "delivered", name)

    def _write(self, number: str, name: str, content: Mapping[str, Any], *, delay: float) -> str:
        name = name or f"document-{len(self.effects) + 1}"
        at = self.clock.now + timedelta(seconds=delay)
        self.effects.append((at, number, name, content))
        return name


@dataclass(frozen=True, slots=True)
class Fragile:
    """A destination whose caller crashes when a fuse has burnt down."""

    destination: Destination
    fuse: Fuse

    def look_up(self, kind: str, keys: Sequence[str]) -> Mapping[str, Found]:
        self.fuse.burn("before a look-up")
        found = self.destination.look_up(kind, keys)
        self.fuse.burn("after a look-up")
        return found

    def deliver(self, kind: str, writes: Sequence[Write]) -> Sequence[Receipt]:
        self.fuse.burn("before sending")
        receipts = self.destination.deliver(kind, writes)
        self.fuse.burn("after sending")
        return receipts


def numbered(days: Iterable[str], total: Callable[[str], str]) -> dict[str, dict[str, Any]]:
    """Contents of these days' objects, each with a total."""
    return {day: {"number": f"POS-{day}", "date": day, "total": total(day)} for day in days}
