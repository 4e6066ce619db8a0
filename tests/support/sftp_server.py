"""An SFTP server of asyncssh on loopback, with keys of its own; and what a client needs for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncssh

from accord.secrets import Secrets
from accord.sftp import Access

KEY, HOSTS = "test:key", "test:hosts"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: its port, the keys of its host and of its one user, and the server."""

    port: int
    host_key: asyncssh.SSHKey
    user_key: asyncssh.SSHKey
    loop: asyncio.AbstractEventLoop
    accepting: Any
    connections: list[asyncssh.SSHServerConnection]

    @property
    def known_hosts(self) -> str:
        """The line by which a client knows this host."""
        public = self.host_key.export_public_key().decode()
        return f"[127.0.0.1]:{self.port} {public}"

    def url(self, folder: Path) -> str:
        """The address of a folder."""
        return f"sftp://loyalty@127.0.0.1:{self.port}{folder}"

    def access(self, *, key: str = "", hosts: str = "", timeout_seconds: float = 10) -> Access:
        """How to get in, with another key or other known hosts where given."""
        return an_access(
            key or self.user_key.export_private_key().decode(),
            hosts or self.known_hosts,
            timeout_seconds=timeout_seconds,
        )

    def hang_up(self) -> None:
        """End all connections, and take no more."""

        async def end() -> None:
            self.accepting.close()
            for connection in self.connections:
                connection.abort()
                await connection.wait_closed()
            await self.accepting.wait_closed()

        asyncio.run_coroutine_threadsafe(end(), self.loop).result()


def an_access(key: str, hosts: str, *, timeout_seconds: float = 10) -> Access:
    """An access with these secrets."""
    secrets = Secrets({}, readers={"test": {"key": key, "hosts": hosts}.__getitem__})
    return Access(secrets, KEY, HOSTS, timeout_seconds=timeout_seconds)


def a_key() -> asyncssh.SSHKey:
    """A new key."""
    return asyncssh.generate_private_key("ssh-ed25519")


@contextmanager
def serving() -> Iterator[Server]:
    """Serve this machine's files to one user with one key."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    host_key, user_key = a_key(), a_key()
    authorized = asyncssh.import_authorized_keys(user_key.export_public_key().decode())

    connections: list[asyncssh.SSHServerConnection] = []

    async def listen() -> Any:
        return await asyncssh.listen(
            "127.0.0.1", 0, server_host_keys=[host_key], authorized_client_keys=authorized,
            sftp_factory=True, config=None, acceptor=connections.append,
        )  # fmt: skip

    accepting = asyncio.run_coroutine_threadsafe(listen(), loop).result()
    server = Server(accepting.get_port(), host_key, user_key, loop, accepting, connections)
    try:
        yield server
    finally:
        server.hang_up()
        asyncio.run_coroutine_threadsafe(loop.shutdown_default_executor(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
