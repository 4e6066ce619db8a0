"""How many calls the emulator lets through: Salesforce's quota, or the sandbox's generous one.

https://developer.salesforce.com/docs/atlas.en-us.salesforce_app_limits_cheatsheet.meta/
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from accord.emulation.server import Response, json_response

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Calls an org may get in 24 hours and at once, and records it gives on a page."""

    per_day: int = 5_000_000
    at_once: int = 50
    page_records: int = 2000


# An Enterprise edition with a handful of licences; 25 calls that take longer than 20 seconds.
REAL_LIMITS = Limits(per_day=100_000, at_once=25)


class Throttle:
    """Counts calls and refuses those beyond the limits."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits, self._clock = limits, clock
        self._lock = threading.Lock()
        self._calls: deque[float] = deque()
        self._running = 0

    @property
    def left(self) -> int:
        """How many calls are left."""
        return max(0, self._limits.per_day - len(self._calls))

    def paced(self, answer: Callable[[], Response]) -> Response:
        """Answer if the limits allow it, with what was used of them in the header."""
        with self._lock:
            problem = self._problem(self._clock())
            self._running += not problem
            headers = {"Sforce-Limit-Info": f"api-usage={len(self._calls)}/{self._limits.per_day}"}
        if problem:
            content = [{"message": problem, "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
            return json_response(403, content, headers=headers)
        try:
            response = answer()
        finally:
            with self._lock:
                self._running -= 1
        return replace(response, headers={**response.headers, **headers})

    def _problem(self, now: float) -> str:
        while self._calls and self._calls[0] <= now - _DAY:
            self._calls.popleft()
        if self._running >= self._limits.at_once:
            return "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
        if len(self._calls) >= self._limits.per_day:
            return "TotalRequests Limit exceeded."
        self._calls.append(now)
        return ""
