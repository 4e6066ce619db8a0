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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

_JSON = msgspec.json.Encoder(decimal_format="number")

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
        self._http = _Listener(("127.0.0.1", port), _handler(self))
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
        path = unquote(parts.path)
        matches = [
            (item, match) for item in self._routes if (match := item.pattern.fullmatch(path))
        ]
        for item, match in matches:
            if item.method == method:
                query = dict(parse_qsl(parts.query, keep_blank_values=True))
                request = Request(method, path, query, headers, body, match.groupdict())
                return self._answered(item, request)
        return Response(405 if matches else 404)

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


class _Listener(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: a client that hangs up is what some tests are about."""


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 65536

        def setup(self) -> None:
            super().setup()
            server.opened(self.connection)

        def finish(self) -> None:
            server.closed(self.connection)
            super().finish()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Stay silent: request lines may hold personal data."""

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else b""
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._send(server.answer(self.command, self.path, headers, body))

        def _send(self, response: Response) -> None:
            if response.sent == "nothing":
                self._reset()
                return
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            cut = response.sent == "cut"
            self.wfile.write(response.body[: len(response.body) // 2] if cut else response.body)
            self.close_connection = self.close_connection or cut

        def _reset(self) -> None:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            server.closed(self.connection)
            os.close(self.connection.detach())
            self.close_connection = True

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    return Handler
