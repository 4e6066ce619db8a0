"""Serving the console on loopback until it is asked to stop."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from accord.errors import Stop

GRACE_SECONDS = 5


@contextmanager
def bound(port: int) -> Iterator[socket.socket]:
    """A socket that listens on 127.0.0.1; port 0 finds a free one. Raises Stop when it is taken."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
        except OSError as error:
            raise Stop(
                f"Port {port} is taken", remedy="choose another with --port; 0 finds a free one"
            ) from error
        yield listening


def server(app: Starlette) -> uvicorn.Server:
    """A server that logs nothing of a request, since addresses and forms may name people.

    It takes no proxy's word for where a request comes from.
    """
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )


def serve(app: Starlette, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished first."""
    # The server lets the signal go on to whoever listened before it: nobody, so that what was
    # opened around it is closed in its turn.
    before = {sig: signal.signal(sig, _heard) for sig in (signal.SIGINT, signal.SIGTERM)}
    try:
        server(app).run(sockets=[listening])
    finally:
        for sig, earlier in before.items():
            signal.signal(sig, earlier)


def _heard(_: int, __: object) -> None:
    """Hear a signal without being ended by it."""
