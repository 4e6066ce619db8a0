"""The pace a system allows, kept by all threads of a process."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable


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

    def __enter__(self) -> None:
        self._slots.acquire()
        try:
            self._await_turn()
        except BaseException:
            self._slots.release()
            raise

    def __exit__(self, *_: object) -> None:
        self._slots.release()

    def _await_turn(self) -> None:
        with self._lock:
            now = self._clock()
            if len(self._calls) == self._limit and (wait := self._calls[0] + 60 - now) > 0:
                self._sleep(wait)
                now += wait
            self._calls.append(now)
