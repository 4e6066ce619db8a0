"""How many requests the emulator lets through a second: Stripe's limits, or generous ones."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from systems.stripe.emulator_answers import Refused


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a second, those to the search among them counted apart as well."""

    per_second: int = 100_000
    searches_per_second: int = 100_000


# https://docs.stripe.com/rate-limits, in live mode
REAL_LIMITS = Limits(per_second=100, searches_per_second=20)


class Throttle:
    """Refuses what is beyond the limits; like Stripe it does not say for how long."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits, self._clock = limits, clock
        self._lock = threading.Lock()
        self._all: deque[float] = deque()
        self._searches: deque[float] = deque()

    def take(self, *, is_search: bool) -> None:
        """Count a request. Raises Refused when there were too many."""
        with self._lock:
            self._count(self._all, self._limits.per_second)
            if is_search:
                self._count(self._searches, self._limits.searches_per_second)

    def _count(self, requests: deque[float], most: int) -> None:
        now = self._clock()
        while requests and requests[0] <= now - 1:
            requests.popleft()
        if len(requests) >= most:
            raise Refused(429, "Request rate limit exceeded.", code="rate_limit")
        requests.append(now)
