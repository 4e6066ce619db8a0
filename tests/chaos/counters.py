"""Counters in the place of sockets: emulators are asked in the process that asks them.

What a system answers is all its emulator's own; only the way there is shorter. `Asked` is what a
carrier makes of a request, and `whole` turns the answer back.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from requests.structures import CaseInsensitiveDict

from accord.emulation.server import Response, Route, Server
from accord.http.wire import Answer

_PORTS = itertools.cycle(range(20_000, 60_000))
_OPEN: dict[str, Counter] = {}


class Counter(Server):
    """An emulator's routes without a socket: whoever knows its address may ask."""

    def __init__(self, routes: Sequence[Route], **_: Any) -> None:
        self.failures = []
        self.stopping = threading.Event()
        self._routes = tuple(routes)
        self._number = next(_PORTS)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._number}"

    def start(self) -> Server:
        """Open."""
        _OPEN[urlsplit(self.url).netloc] = self
        return self

    def stop(self) -> None:
        """Close."""
        _OPEN.pop(urlsplit(self.url).netloc, None)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request on its way."""

    method: str
    netloc: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def by(cls, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Asked:
        """Read what a carrier is given."""
        parts = urlsplit(url)
        told = {name.lower(): value for name, value in headers.items()} | {"host": parts.netloc}
        return cls(method, parts.netloc, parts.path, parts.query, told, body or b"")

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path


def is_open(netloc: str) -> bool:
    """Tell whether there is a counter at an address."""
    return netloc in _OPEN


def answered(asked: Asked, headers: Mapping[str, str]) -> Response:
    """Let the emulator answer; what comes after it has gone finds nobody."""
    counter = _OPEN.get(asked.netloc)
    if counter is None:
        return Response(502)
    return counter.answer(asked.method, asked.target, headers, asked.body)


def whole(answer: Response) -> Answer:
    """An emulator's whole answer as a carrier gives it."""
    return Answer(answer.status, CaseInsensitiveDict(answer.headers), answer.body)
