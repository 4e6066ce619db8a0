"""Whose turn it is to call: the pace a system allows, and rest for a system that is down.

`Pace` keeps the limits among the threads of one process. Where processes share a store, the engine
hands clients a `Turns` that keeps them among all of them; see accord/store/turns.py.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol


class Turns(Protocol):
    """Gives out turns to call a system."""

    def turn(self) -> AbstractContextManager[None]:
        """Wait until a call is allowed. An error that leaves the block says how the call went.

        Raises Resting when the system is not to be called now.
        """

    def learn(self, headers: Mapping[str, str]) -> None:
        """Correct what is believed of the limits by what an answer says of them."""

    def close(self) -> None:
        """Give back what it holds."""


class Pace:
    """Keeps calls below a number a minute and a number at once, for all threads of a process."""

    def __init__(
        self,
        *,
        calls_per_minute: int,
        concurrent: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._calls: deque[float] = deque(maxlen=calls_per_minute)
        self._limit = calls_per_minute
        self._slots = threading.BoundedSemaphore(concurrent)
        self._lock = threading.Lock()
        self._clock, self._sleep = clock, sleep

    @classmethod
    def declared(cls, settings: Mapping[str, Any]) -> Pace:
        """The pace that a system.toml declares under [limits]."""
        limits = settings["limits"]
        return cls(
            calls_per_minute=int(limits["calls_per_minute"]), concurrent=int(limits["concurrent"])
        )

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a place and for the minute's count to allow another call."""
        with self._slots:
            self._await_turn()
            yield

    def learn(self, headers: Mapping[str, str]) -> None:
        """Learn nothing: one process alone knows what it sent."""

    def close(self) -> None:
        """Give back nothing: it holds nothing."""

    def _await_turn(self) -> None:
        with self._lock:
            now = self._clock()
            if len(self._calls) == self._limit and (wait := self._calls[0] + 60 - now) > 0:
                self._sleep(wait)
                now += wait
            self._calls.append(now)
