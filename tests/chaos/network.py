"""The network between the engine and the destinations: a carrier of requests.

It loses, delays and repeats requests and answers, raises what a carrier raises, and tells the
emulator behind the socket what to show. Time is the laboratory's: it passes when somebody waits,
and delayed requests then arrive in their order.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from unittest.mock import patch
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

from accord.emulation.faults import Fault
from accord.emulation.server import Request
from accord.http.wire import Answer, Carrier, new_session
from tests.chaos import counters
from tests.chaos.counters import Asked
from tests.chaos.steps import step
from tests.chaos.weather import AFTER, CALM, WISHING, Climate, Fate, fate, likeness

FATE = "X-Laboratory"
_START = 1_700_000_000.0


@dataclass(slots=True)
class Sky:
    """The weather and the time of one laboratory, for all its processes."""

    systems: Mapping[str, tuple[str, float]]  # netloc to system and its settle_seconds
    climate: Climate = CALM
    page_size: int = 0  # the most a page holds; 0 leaves it to who asks
    seed: str = ""
    now: float = _START
    skew: float = 0.0
    seen: Counter[str] = field(default_factory=Counter)
    drawn: Counter[str] = field(default_factory=Counter)
    _late: list[tuple[float, int, Callable[[], object]]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _carrying: int = 0
    _quiet: threading.Condition = field(default_factory=threading.Condition)

    def wall(self) -> datetime:
        """What the engine's clock says."""
        return datetime.fromtimestamp(self.now + self.skew, UTC)

    def pass_(self, seconds: float) -> None:
        """Let time pass; what was delayed arrives meanwhile.

        What is on the wire takes no time, so it arrives before.
        """
        with self._quiet:
            self._quiet.wait_for(lambda: self._carrying == 0)
        with self._lock:
            end = self.now + seconds
            while self._late and self._late[0][0] <= end:
                at, _, arrive = heapq.heappop(self._late)
                self.now = max(self.now, at)
                arrive()
            self.now = max(self.now, end)

    @contextmanager
    def carrying(self) -> Iterator[None]:
        """Note that a request is on the wire."""
        with self._quiet:
            self._carrying += 1
        try:
            yield
        finally:
            with self._quiet:
                self._carrying -= 1
                self._quiet.notify_all()

    def delay(self, seconds: float, arrive: Callable[[], object]) -> None:
        """Let something arrive after some time."""
        with self._lock:
            heapq.heappush(self._late, (self.now + seconds, next(self._numbers), arrive))

    def clear(self) -> None:
        """Forget what has been and what is still to arrive."""
        self._late.clear()
        self.seen.clear()
        self.drawn.clear()
        self.climate, self.skew = CALM, 0.0

    def fate_of(self, request: Asked) -> Fate:
        """Draw what becomes of a request; the same request fares differently each time."""
        system, settle = self.systems[request.netloc]
        place = request.path + request.query
        what = f"{system} {likeness(request.method, place, request.body)}"
        with self._lock:
            self.seen[what] += 1
            key = f"{self.seed}|{what}|{self.seen[what]}"
        drawn = fate(
            key, system, request.method, climate=self.climate, settle_seconds=settle,
            is_sign_in=request.path == "/connect/token",
        )  # fmt: skip
        with self._lock:
            self.drawn[drawn.told] += 1
        return drawn


@contextmanager
def below_requests(sky: Sky) -> Iterator[None]:
    """Let every session the engine makes go through this network."""

    def made() -> requests.Session:
        session = new_session()
        session.mount("http://", Wire(sky))
        return session

    with patch("accord.http.api.new_session", made), patch("accord.http.oauth.new_session", made):
        yield


class Wire(Carrier):
    """Carries the requests of one session."""

    def __init__(self, sky: Sky) -> None:
        super().__init__()
        self._sky = sky

    def carry(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None,
        timeout: float,
    ) -> Answer:  # fmt: skip
        """Carry one request as its fate is."""
        fate = self._sky.fate_of(Asked.by(method, url, headers, body))
        if fate.takes:
            self._sky.pass_(fate.takes)
        step(f"before {method}")
        raise_before(fate)
        if fate.name in ("late", "late 504"):
            late = Asked.by(method, url, headers, body)
            self._sky.delay(fate.seconds, lambda: _arrived(late, url))
            step("after a late request")
            if fate.name == "late":
                raise timed_out()
            return Answer(504, CaseInsensitiveDict(), b"")
        with self._sky.carrying():
            answer = self._carried(fate, method, url, dict(headers), body, timeout)
        step(f"after {method}")
        if fate.name in AFTER:
            raise timed_out() if fate.name == "timeout after" else reset()
        return answer

    def _carried(
        self, fate: Fate, method: str, url: str, headers: dict[str, str], body: bytes | None,
        timeout: float,
    ) -> Answer:  # fmt: skip
        if self._sky.page_size and method == "GET":
            url = _smaller_pages(url, self._sky.page_size)
        if fate.fault is not None:
            headers[FATE] = f"{fate.name} {fate.status} {fate.seconds}"
        if fate.name == "repeated":
            self._sent(method, url, headers, body, timeout)
        answer = self._sent(method, url, headers, body, timeout)
        if fate.name in WISHING:
            told = {name: it for name, it in answer.headers.items() if name != "Retry-After"}
            answer = replace(answer, headers=CaseInsensitiveDict({**told, **fate.wishes}))
        if fate.is_muddled and answer.status == 200:
            muddled = _muddled(answer.body)
            self._sky.drawn["muddled"] += muddled != answer.body
            answer = replace(answer, body=muddled)
        return answer

    def _sent(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float
    ) -> Answer:
        """Send it over its socket, or to its counter, and wait for the whole answer."""
        asked = Asked.by(method, url, headers, body)
        if not counters.is_open(asked.netloc):
            return super().carry(method, url, headers=headers, body=body, timeout=timeout)
        answer = counters.answered(asked, asked.headers)
        if answer.sent != "whole":
            raise reset()
        return counters.whole(answer)


def shown(request: Request) -> Fault | None:
    """What the emulator is to show for a request, as the network wrote on it."""
    told = request.headers.get(FATE.lower())
    if told is None:
        return None
    name, status, seconds = told.split()
    return Fate(name, status=int(status), seconds=float(seconds)).fault


def raise_before(fate: Fate) -> None:
    """Raise what a carrier raises when a request does not arrive, if that is its fate."""
    match fate.name:
        case "refused":
            raise refused()
        case "connect timeout":
            raise ConnectTimeoutError(HTTPConnection("127.0.0.1"), "laboratory")
        case "timeout before":
            raise timed_out()
        case "lost":
            raise reset()


def refused() -> HTTPError:
    """What a carrier raises where nobody listens."""
    return NewConnectionError(HTTPConnection("127.0.0.1"), "refused")


def timed_out() -> HTTPError:
    """What a carrier raises where no answer comes in time."""
    return ReadTimeoutError(HTTPConnectionPool("127.0.0.1"), "/", "laboratory")


def reset() -> HTTPError:
    """What a carrier raises where the connection breaks."""
    return ProtocolError("laboratory", ConnectionResetError("laboratory"))


def _arrived(asked: Asked, url: str) -> None:
    """Deliver a request whose sender does not wait for the answer any more."""
    if counters.is_open(asked.netloc):
        counters.answered(asked, asked.headers)
        return
    with contextlib.closing(Carrier()) as carrier:
        carrier.carry(asked.method, url, headers=asked.headers, body=asked.body, timeout=30)


def _smaller_pages(url: str, size: int) -> str:
    """Ask for smaller pages than the client did, as a server does that has its own mind."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if "pageSize" not in query:
        return url
    return urlunsplit(parts._replace(query=urlencode({**query, "pageSize": str(size)})))


def _muddled(content: bytes) -> bytes:
    """Put a page's records into another order, the first of them twice."""
    try:
        page = json.loads(content)
    except ValueError:
        return content
    for name, records in page.items() if isinstance(page, dict) else ():
        if isinstance(records, list) and records:
            doubled = [*records, records[0]]
            Random(len(content)).shuffle(doubled)  # noqa: S311
            page[name] = doubled
    return json.dumps(page).encode()
