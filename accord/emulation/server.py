"""A small HTTP server on loopback for the emulators: routes, keep-alive, and real transport faults.

What a system answers belongs to its emulator; this file knows requests, answers and sockets only.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from http.client import responses
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

_JSON = msgspec.json.Encoder(decimal_format="number")
_LONGEST_LINE = 65_536
_PARTS = 3  # method, target and version

Sent = Literal["whole", "cut", "nothing"]


@dataclass(frozen=True, slots=True)
class Request:
    """One request: header names in lower case, `path` decoded, `named` the groups of its route."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    named: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """Decode the body. Raises msgspec.DecodeError."""
        return msgspec.json.decode(self.body)


@dataclass(frozen=True, slots=True)
class Response:
    """One answer. `sent` may cut the body in the middle or reset the connection instead."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: Sent = "whole"


Answering = Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """Requests of `method` whose whole path matches `pattern` are answered by `answer`."""

    method: str
    pattern: re.Pattern[str]
    answer: Answering


def route(method: str, pattern: str, answer: Answering) -> Route:
    """Build a route from a regular expression for the whole path."""
    return Route(method, re.compile(pattern), answer)


def json_response(
    status: int, content: Any, *, headers: Mapping[str, str] | None = None
) -> Response:
    """Build an answer whose body is JSON; Decimals become numbers, exactly."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Response(status, _JSON.encode(content), {**kind, **(headers or {})})


class Server:
    """Serves routes on 127.0.0.1 until stopped; one thread a connection.

    `failures` collects what a route raised; such a request is answered with 500. `stopping` is
    set when the server stops, so that a route that waits can wait on it.
    """

    def __init__(
        self, routes: Sequence[Route], *, port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        self.failures: list[Exception] = []
        self.stopping = threading.Event()
        self._routes = tuple(routes)
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._http = _Listener(port, self)
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self._scheme = "https" if tls else "http"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """Its address without a path."""
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def start(self) -> Server:
        """Start serving in the background and return itself."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening, close every connection and wait until all requests have ended."""
        self.stopping.set()
        self._http.shutdown()
        self._thread.join()
        with self._lock:
            for connection in self._connections:
                _hang_up(connection)
        self._http.server_close()

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Response:
        """Find the route and answer: 404 without one, 405 for another method, 500 if it raises."""
        parts = urlsplit(target)
        path, status = unquote(parts.path), 404
        for item in self._routes:
            match = item.pattern.fullmatch(path)
            if match and item.method == method:
                query = dict(parse_qsl(parts.query, keep_blank_values=True))
                request = Request(method, path, query, headers, body, match.groupdict())
                return self._answered(item, request)
            status = 405 if match else status
        return Response(status)

    def _answered(self, item: Route, request: Request) -> Response:
        try:
            return item.answer(request)
        except Exception as error:  # noqa: BLE001 - kept for the test or the console to show
            self.failures.append(error)
            return Response(500)

    def opened(self, connection: socket.socket) -> None:
        """Remember a connection, to be closed when the server stops."""
        with self._lock:
            self._connections.add(connection)
            if self.stopping.is_set():
                _hang_up(connection)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        with self._lock:
            self._connections.discard(connection)


class _Listener(ThreadingTCPServer):
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, port: int, owner: Server) -> None:
        self.owner = owner
        super().__init__(("127.0.0.1", port), _Connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: a client that hangs up is what some tests are about."""


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


class _Connection(StreamRequestHandler):
    """One connection: requests one after the other, by as much of RFC 9112 as clients use."""

    server: _Listener
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.server.owner.opened(self.connection)

    def finish(self) -> None:
        self.server.owner.closed(self.connection)
        super().finish()

    def handle(self) -> None:
        while (line := self.rfile.readline(_LONGEST_LINE)) and self._served(line):
            continue

    def _served(self, line: bytes) -> bool:
        """Answer the request that begins with this line; tell whether another may follow."""
        parts = line.decode("latin-1").split()
        if len(parts) != _PARTS:
            self.wfile.write(_head(400, {}, 0))
            return False
        method, target, version = parts
        headers = self._headers()
        if "transfer-encoding" in headers:
            self.wfile.write(_head(411, {}, 0))
            return False
        if headers.get("expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        length = int(headers.get("content-length") or 0)
        body = self.rfile.read(length) if length else b""
        stays = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
        return self._sent(self.server.owner.answer(method, target, headers, body)) and stays

    def _headers(self) -> dict[str, str]:
        headers = {}
        while (line := self.rfile.readline(_LONGEST_LINE).strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return headers

    def _sent(self, response: Response) -> bool:
        if response.sent == "nothing":
            self._reset()
            return False
        is_cut = response.sent == "cut"
        body = response.body[: len(response.body) // 2] if is_cut else response.body
        self.wfile.write(_head(response.status, response.headers, len(response.body)) + body)
        return not is_cut

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.server.owner.closed(self.connection)
        os.close(self.connection.detach())


def _head(status: int, headers: Mapping[str, str], length: int) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {responses.get(status, '')}",
        f"Date: {formatdate(usegmt=True)}",
        *(f"{name}: {value}" for name, value in headers.items()),
        f"Content-Length: {length}",
        "\r\n",
    ]
    return "\r\n".join(lines).encode("latin-1")
