"""How many calls the emulator lets through: Xero's limits, or the sandbox's generous ones."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from accord.emulation.server import Response

_MINUTE, _DAY = 60.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Calls an organisation may get a minute, a day and at once."""

    per_minute: int = 60_000
    per_day: int = 5_000_000
    at_once: int = 50


# https://developer.xero.com/documentation/guides/oauth2/limits
REAL_LIMITS = Limits(per_minute=60, per_day=5000, at_once=5)


class Throttle:
    """Counts calls and refuses those beyond the limits, saying which limit and for how long."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits, self._clock = limits, clock
        self._lock = threading.Lock()
        self._minute: deque[float] = deque()
        self._day: deque[float] = deque()
        self._running = 0

    def paced(self, answer: Callable[[], Response]) -> Response:
        """Answer if the limits allow it, with what is left of them in the headers."""
        with self._lock:
            problem, wait = self._problem(self._clock())
            if not problem:
                self._running += 1
            headers = self._headers()
        if problem:
            told = {"Retry-After": str(wait), "X-Rate-Limit-Problem": problem}
            return Response(429, headers={**headers, **told})
        try:
            response = answer()
        finally:
            with self._lock:
                self._running -= 1
        return replace(response, headers={**headers, **response.headers})

    def _problem(self, now: float) -> tuple[str, int]:
        for calls, span in ((self._minute, _MINUTE), (self._day, _DAY)):
            while calls and calls[0] <= now - span:
                calls.popleft()
        if self._running >= self._limits.at_once:
            return "concurrent", 1
        if len(self._day) >= self._limits.per_day:
            return "day", round(self._day[0] + _DAY - now) + 1
        if len(self._minute) >= self._limits.per_minute:
            return "minute", round(self._minute[0] + _MINUTE - now) + 1
        self._minute.append(now)
        self._day.append(now)
        return "", 0

    def _headers(self) -> dict[str, str]:
        left = self._limits.per_minute - len(self._minute)
        return {
            "X-MinLimit-Remaining": str(left),
            "X-DayLimit-Remaining": str(self._limits.per_day - len(self._day)),
            "X-AppMinLimit-Remaining": str(10_000 - len(self._minute)),
        }
