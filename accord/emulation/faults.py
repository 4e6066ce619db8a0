"""Faults an emulator can be told to show: lost answers, resets, refusals, slowness, broken bodies.

What only one system's API knows (an expired token, a refused document) is shown by its emulator.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from accord.emulation.server import Request, Response

FaultKind = Literal[
    "reset_before", "reset_after", "status_before", "status_after", "too_many",
    "slow", "cut_body", "bad_json", "expired_token", "refuse_some",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault for the next `times` requests whose method and path match.

    `…_before` strikes before the request has any effect, `…_after` when the effect is committed.
    `path` is a regular expression found anywhere in the path; `seconds` is a delay, or the
    Retry-After of `too_many`.
    """

    kind: FaultKind
    method: str = ""
    path: str = ""
    times: int = 1
    status: int = 503
    seconds: float = 0.0

    def strikes(self, request: Request) -> bool:
        """Tell whether it is meant for this request."""
        return self.method in ("", request.method) and bool(re.search(self.path, request.path))


Choosing = Callable[[Request], Fault | None]


class Faults:
    """The faults still to come; each is used up after its number of times."""

    def __init__(self, faults: Iterable[Fault] | Choosing | None = None) -> None:
        self._choose: Choosing | None = faults if callable(faults) else None
        self._waiting: list[Fault] = [] if faults is None or callable(faults) else list(faults)
        self._lock = threading.Lock()

    def add(self, *faults: Fault) -> None:
        """Let these strike too, after those already waiting."""
        with self._lock:
            self._waiting.extend(faults)

    def take(self, request: Request) -> Fault | None:
        """Return the fault for this request, if any, and count it."""
        with self._lock:
            for place, fault in enumerate(self._waiting):
                if fault.strikes(request):
                    left = [replace(fault, times=fault.times - 1)] if fault.times > 1 else []
                    self._waiting[place : place + 1] = left
                    return fault
        return self._choose(request) if self._choose else None


def afflicted(
    fault: Fault | None, answer: Callable[[], Response], *, stopping: threading.Event
) -> Response:
    """Answer a request under a fault; one that only the emulator knows changes nothing here."""
    kind = fault.kind if fault else ""
    if fault is None or kind in ("expired_token", "refuse_some"):
        return answer()
    if kind in ("status_before", "too_many", "reset_before"):
        return _answerless(fault)
    if kind == "slow":
        stopping.wait(fault.seconds)
        return answer()
    given = answer()
    if kind == "cut_body":
        return replace(given, sent="cut")
    if kind == "bad_json":
        return replace(given, body=given.body[: len(given.body) // 2])
    return _answerless(fault)


def _answerless(fault: Fault) -> Response:
    if fault.kind == "too_many":
        return Response(429, headers={"Retry-After": f"{fault.seconds:g}"})
    if fault.kind in ("reset_before", "reset_after"):
        return Response(500, sent="nothing")
    return Response(fault.status)
