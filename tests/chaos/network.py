"""The network between the engine and the destinations: an adapter below requests.

It loses, delays and repeats requests and answers, raises what requests raises, and tells the
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
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NewConnectionError

from accord.emulation.faults import Fault
from accord.emulation.server import Request
from accord.http.wire import new_session
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

    def fate_of(self, request: requests.PreparedRequest) -> Fate:
        """Draw what becomes of a request; the same request fares differently each time."""
        parts = urlsplit(request.url or "")
        system, settle = self.systems[parts.netloc]
        body = request.body if isinstance(request.body, bytes) else b""
        what = f"{system} {likeness(request.method or '', parts.path + parts.query, body)}"
        with self._lock:
            self.seen[what] += 1
            key = f"{self.seed}|{what}|{self.seen[what]}"
        drawn = fate(
            key, system, request.method or "", climate=self.climate, settle_seconds=settle,
            is_sign_in=parts.path == "/connect/token",
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


class Wire(HTTPAdapter):
    """Carries the requests of one session."""

    def __init__(self, sky: Sky) -> None:
        super().__init__()
        self._sky = sky

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """Carry one request as its fate is."""
        fate = self._sky.fate_of(request)
        if fate.takes:
            self._sky.pass_(fate.takes)
        step(f"before {request.method}")
        _raise_before(fate, request)
        if fate.name in ("late", "late 504"):
            late = request.copy()
            self._sky.delay(fate.seconds, lambda: _arrived(late))
            step("after a late request")
            if fate.name == "late":
                raise requests.exceptions.ReadTimeout("laboratory", request=request)
            return _gateway_timeout(request)
        with self._sky.carrying():
            response = self._carried(request, fate, options)
        step(f"after {request.method}")
        if fate.name in AFTER:
            raise _after(fate.name, request)
        return response

    def _carried(
        self, request: requests.PreparedRequest, fate: Fate, options: Mapping[str, Any]
    ) -> requests.Response:
        if self._sky.page_size and request.method == "GET":
            request.url = _smaller_pages(request.url or "", self._sky.page_size)
        if fate.fault is not None:
            request.headers[FATE] = f"{fate.name} {fate.status} {fate.seconds}"
        if fate.name == "repeated":
            self._sent(request, options)
        response = self._sent(request, options)
        if fate.name in WISHING:
            response.headers.pop("Retry-After", None)
            response.headers.update(fate.wishes)
        if fate.is_muddled and response.status_code == 200:
            muddled = _muddled(response.content)
            self._sky.drawn["muddled"] += muddled != response.content
            response._content = muddled  # noqa: SLF001
        return response

    def _sent(
        self, request: requests.PreparedRequest, options: Mapping[str, Any]
    ) -> requests.Response:
        """Send it over its socket, or to its counter, and wait for the whole answer."""
        asked = Asked.by(request)
        if not counters.is_open(asked.netloc):
            response = super().send(request, **options)
            _ = response.content  # else its connection stays open when the answer is lost
            return response
        answer = counters.answered(asked, asked.headers)
        if answer.sent != "whole":
            raise requests.exceptions.ConnectionError(ConnectionResetError("laboratory"))
        response = counters.response(answer)
        response.request, response.url = request, request.url or ""
        return response


def shown(request: Request) -> Fault | None:
    """What the emulator is to show for a request, as the network wrote on it."""
    told = request.headers.get(FATE.lower())
    if told is None:
        return None
    name, status, seconds = told.split()
    return Fate(name, status=int(status), seconds=float(seconds)).fault


def _raise_before(fate: Fate, request: requests.PreparedRequest) -> None:
    if fate.name == "refused":
        where = HTTPConnection("127.0.0.1")
        reason = NewConnectionError(where, "refused")
        raise requests.exceptions.ConnectionError(
            MaxRetryError(where, request.url or "", reason),  # type: ignore[arg-type]
            request=request,
        )
    if fate.name == "connect timeout":
        raise requests.exceptions.ConnectTimeout("laboratory", request=request)
    if fate.name == "timeout before":
        raise requests.exceptions.ReadTimeout("laboratory", request=request)
    if fate.name == "lost":
        raise requests.exceptions.ConnectionError(
            ConnectionResetError("laboratory"), request=request
        )


def _after(name: str, request: requests.PreparedRequest) -> requests.exceptions.RequestException:
    if name == "timeout after":
        return requests.exceptions.ReadTimeout("laboratory", request=request)
    return requests.exceptions.ConnectionError(ConnectionResetError("laboratory"), request=request)


def _arrived(request: requests.PreparedRequest) -> None:
    """Deliver a request whose sender does not wait for the answer any more."""
    asked = Asked.by(request)
    if counters.is_open(asked.netloc):
        counters.answered(asked, asked.headers)
        return
    with contextlib.closing(HTTPAdapter()) as adapter:
        _ = adapter.send(request).content


def _gateway_timeout(request: requests.PreparedRequest) -> requests.Response:
    response = requests.Response()
    response.status_code, response._content, response.request = 504, b"", request  # noqa: SLF001
    response.url = request.url or ""
    return response


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
