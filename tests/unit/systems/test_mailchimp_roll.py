"""The roll is read by one thread for all who wait, and never from before they asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType

import pytest

from accord.errors import Retry
from accord.http import Answer
from systems.mailchimp.roll import Roll

ALL_AT_ONCE = 100
LONG = 30.0


@dataclass(slots=True)
class Audience:
    """Members by id; an answer is made up, and given once it may be."""

    members: list[str]
    may_answer: threading.Event = field(default_factory=threading.Event)
    asked: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    listings: int = 0
    is_ill: bool = False

    def get(self, _: str, params: Mapping[str, str]) -> Answer:
        if params.get("status"):  # who was archived is asked for besides
            return _listing([])
        self.listings += 1
        answer = _listing(self.members)
        self.asked.release()
        assert self.may_answer.wait(LONG)
        if self.is_ill:
            raise Retry("Mailchimp is ill", remedy="run again")
        return answer


def _listing(names: list[str]) -> Answer:
    at = "2026-01-01T00:00:00+00:00"
    found = [{"contact_id": it, "last_changed": at, "status": "subscribed"} for it in names]
    return Answer(200, {}, json.dumps({"members": found, "total_items": len(found)}).encode())


class Door:
    """A lock that tells how many came to it."""

    def __init__(self) -> None:
        self.came = threading.Semaphore(0)
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self.came.release()
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()


@pytest.fixture
def audience() -> Audience:
    """An audience of one."""
    return Audience(["anna"])


@pytest.fixture
def door() -> Door:
    """Where all who want to read the roll come by."""
    return Door()


@pytest.fixture
def roll(audience: Audience, door: Door, monkeypatch: pytest.MonkeyPatch) -> Roll:
    """The roll of the audience, read once."""
    made = Roll(audience.get, size=lambda: ALL_AT_ONCE)
    monkeypatch.setattr(made, "_lock", door)
    audience.may_answer.set()
    made.refresh()
    assert audience.asked.acquire(timeout=LONG)
    assert door.came.acquire(timeout=LONG)
    audience.may_answer.clear()
    return made


def test_all_who_wait_for_a_reading_share_the_next(
    audience: Audience, door: Door, roll: Roll
) -> None:
    """Eight threads look up at once, as when a delivery begins: two readings serve them all."""
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(roll.refresh)
        assert audience.asked.acquire(timeout=LONG)
        others = [pool.submit(roll.refresh) for _ in range(7)]
        for _ in range(8):
            assert door.came.acquire(timeout=LONG)
        audience.may_answer.set()
        for it in (first, *others):
            it.result(LONG)
    assert audience.listings == 1 + 2


def test_whoever_asks_during_a_reading_sees_what_happened_before_they_asked(
    audience: Audience, door: Door, roll: Roll
) -> None:
    """A reading under way may be from before what the next one wants to see."""
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(roll.refresh)
        assert audience.asked.acquire(timeout=LONG)
        audience.members.append("bert")
        second = pool.submit(roll.refresh)
        for _ in range(2):
            assert door.came.acquire(timeout=LONG)
        audience.may_answer.set()
        first.result(LONG)
        second.result(LONG)
    assert set(roll.with_ids(["anna", "bert"])) == {"anna", "bert"}


def test_a_reading_that_failed_serves_nobody(audience: Audience, door: Door, roll: Roll) -> None:
    """Whoever waited for it asks anew, one after the other while that fails, too."""
    audience.is_ill = True
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(roll.refresh)
        assert audience.asked.acquire(timeout=LONG)
        others = [pool.submit(roll.refresh) for _ in range(2)]
        for _ in range(3):
            assert door.came.acquire(timeout=LONG)
        audience.may_answer.set()
        for it in (first, *others):
            with pytest.raises(Retry):
                it.result(LONG)
    assert audience.listings == 1 + 3
