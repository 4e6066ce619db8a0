"""The network between the engine and the four emulators, all in one process and without sockets.

An emulator's routes are called directly; the carrier draws what becomes of each request, raises
what a carrier raises, and lets time pass. See `tests.chaos.network` for the takings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

import requests

from accord.emulation.faults import Fault
from accord.emulation.server import Request, Response
from accord.http.wire import Answer, Carrier, new_session
from tests.chaos import counters, network
from tests.chaos.counters import Asked, Counter
from tests.chaos.customers import weather
from tests.chaos.customers.weather import CALM, Climate
from tests.chaos.network import FATE, Sky
from tests.chaos.steps import step
from tests.chaos.weather import AFTER, LATE, WISHING, Fate


@dataclass(slots=True)
class Surprise:
    """What happens at a system's `count`-th answer to a reading; with 0, just before a write."""

    system: str
    count: int
    happens: Callable[[], None]


@dataclass(slots=True)
class Heaven(Sky):
    """The weather and the time of one laboratory.

    `watched` is called after each request that a system carried out, to see what it has changed,
    and `arriving` before one that comes late.
    """

    weather: Climate = CALM
    surprises: list[Surprise] = field(default_factory=list)
    watched: Callable[[str, str], None] = lambda *_: None
    arriving: Callable[[str], None] = lambda _: None

    def fate(self, request: Asked) -> Fate:
        """Draw what becomes of a request; the same request fares differently each time."""
        system, settles = self.systems[request.netloc]
        what = weather.likeness(system, request.method, request.path)
        with self._lock:
            self.seen[what] += 1
            key = f"{self.seed}|{what}|{self.seen[what]}"
        drawn = weather.fate(
            key, system, request.method, request.path, likely=self.weather.at(system),
            settles=settles,
        )  # fmt: skip
        with self._lock:
            self.drawn[drawn.told] += 1
        return drawn

    def answered(self, system: str) -> None:
        """Note that a system answered to a reading."""
        for surprise in [it for it in self.surprises if it.system == system and it.count]:
            surprise.count -= 1
            if surprise.count == 0:
                self.surprises.remove(surprise)
                surprise.happens()

    def written(self, system: str) -> None:
        """Note that a write is about to reach a system."""
        for surprise in [it for it in self.surprises if it.system == system and not it.count]:
            self.surprises.remove(surprise)
            surprise.happens()


@contextmanager
def in_process(heaven: Heaven) -> Iterator[None]:
    """Let emulators open counters, and every session the engine makes go there."""

    def made() -> requests.Session:
        session = new_session()
        session.mount("http://", Wire(heaven))
        return session

    with ExitStack() as stack:
        for place in ("accord.http.api", "accord.http.oauth"):
            stack.enter_context(patch(f"{place}.new_session", made))
        for system in ("salesforce", "stripe", "mailchimp"):
            stack.enter_context(patch(f"systems.{system}.emulator.Server", Counter))
        stack.enter_context(patch("systems.stripe.remote.ThreadPoolExecutor", _OneByOne))
        yield


class _OneByOne:
    """Takes the place of a pool of threads, so that a seed tells one story."""

    def __init__(self, *_: Any) -> None:
        pass

    def shutdown(self) -> None:
        """There is nobody to wait for."""

    map = staticmethod(map)


class Wire(Carrier):
    """Carries the requests of one session."""

    def __init__(self, heaven: Heaven) -> None:
        super().__init__()
        self._heaven = heaven

    def carry(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None,
        timeout: float,  # noqa: ARG002 - time is the laboratory's
    ) -> Answer:  # fmt: skip
        """Carry one request as its fate is."""
        heaven = self._heaven
        request = Asked.by(method, url, headers, body)
        if not counters.is_open(request.netloc):
            raise network.refused()
        fate = heaven.fate(request)
        if fate.takes:
            heaven.pass_(fate.takes)
        step(f"before {method}")
        network.raise_before(fate)
        if fate.name in LATE:
            heaven.delay(fate.seconds, lambda: _arrived(heaven, request))
            step("after a late request")
            if fate.name == "late":
                raise network.timed_out()
            return counters.whole(Response(504))
        if method != "GET" and not request.path.endswith("/token"):
            heaven.written(heaven.systems[request.netloc][0])
        with heaven.carrying():
            answer = _carried(heaven, request, fate)
        if method == "GET":
            heaven.answered(heaven.systems[request.netloc][0])
        step(f"after {method}")
        if fate.name == "timeout after":
            raise network.timed_out()
        if fate.name in AFTER or answer.sent != "whole":
            raise network.reset()
        return counters.whole(answer)


def _arrived(heaven: Heaven, request: Asked) -> None:
    """Carry out a request whose sender waits for no answer any more."""
    heaven.arriving(heaven.systems[request.netloc][0])
    _carried(heaven, request, Fate())


def _carried(heaven: Heaven, request: Asked, fate: Fate) -> Response:
    """Let the emulator answer; whatever changes meanwhile is watched."""
    headers = dict(request.headers)
    if fate.fault is not None:
        headers[FATE.lower()] = f"{fate.name} {fate.status} {fate.seconds}"
    answer = counters.answered(request, headers)
    if counters.is_open(request.netloc):
        heaven.watched(heaven.systems[request.netloc][0], request.method)
    if fate.name not in WISHING:
        return answer
    plain = {name: told for name, told in answer.headers.items() if name != "Retry-After"}
    return replace(answer, headers={**plain, **fate.wishes})


def shown(request: Request) -> Fault | None:
    """What the emulator is to show for a request, as the network wrote on it."""
    told = request.headers.get(FATE.lower())
    if told is None:
        return None
    name, status, seconds = told.split()
    return Fate(name, status=int(status), seconds=float(seconds)).fault
