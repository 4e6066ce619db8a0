"""Counters in the place of sockets: emulators are asked in the process that asks them.

What a system answers is all its emulator's own; only the way there is shorter. `Asked` is what an
adapter below requests makes of a prepared request, and `response` turns the answer back.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.structures import CaseInsensitiveDict

from accord.emulation.server import Response, Route, Server

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
    def by(cls, prepared: requests.PreparedRequest) -> Asked:
        """Read what requests has prepared."""
        parts = urlsplit(prepared.url or "")
        headers = {name.lower(): str(value) for name, value in prepared.headers.items()}
        headers["host"] = parts.netloc
        body = prepared.body if isinstance(prepared.body, bytes) else b""
        return cls(prepared.method or "", parts.netloc, parts.path, parts.query, headers, body)

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


def response(answer: Response) -> requests.Response:
    """An emulator's whole answer as requests gives it."""
    made = requests.Response()
    made.status_code, made._content = answer.status, answer.body  # noqa: SLF001
    made.headers = CaseInsensitiveDict(answer.headers)
    return made
