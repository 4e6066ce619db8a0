"""Files on another machine over SFTP, by asyncssh, whose event loop runs in a thread of its own.

The host's key has to be among the known hosts; an unknown one is never taken on trust. Neither
OpenSSH's configuration nor its agent nor a password plays a part.
"""

from __future__ import annotations

import asyncio
import stat
import threading
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, TypeVar

from accord.errors import AccordError, Retry, Stop
from accord.sftp.files import PIECE, Access, Listed

_T = TypeVar("_T")
_ALIVE_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Host:
    """Where to sign in, and as whom."""

    name: str
    port: int
    user: str

    def __str__(self) -> str:
        return f"{self.name}:{self.port}"


class RemoteFiles:
    """The files of a folder over SFTP; it connects at the first call, and again after a loss."""

    def __init__(self, host: Host, folder: str, access: Access) -> None:
        self._host, self._folder, self._access = host, folder.rstrip("/") or "/", access
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connection: Any = None
        self._sftp: Any = None

    @property
    def where(self) -> str:
        """Host and folder, without the user."""
        return f"{self._host}{self._folder}"

    def listed(self) -> Sequence[Listed]:
        """List the files. Raises Retry or Stop."""
        return self._done(self._listed(), f"the folder {self._folder}")

    def content(self, name: str) -> Iterator[bytes]:
        """Yield a file piece by piece. Raises Retry when it went away or changed, else Stop."""
        before = self._done(self._state(name), name)
        start = 0
        while piece := self.part(name, start=start, size=PIECE):
            start += len(piece)
            yield piece
        if self._done(self._state(name), name) != before:
            raise Retry(f"{name} changed while it was read", remedy="run again when it is whole")

    def part(self, name: str, *, start: int, size: int) -> bytes:
        """Return some bytes of a file. Raises Retry when it went away, else Stop."""
        return self._done(self._part(name, start, size), name)

    def close(self) -> None:
        """End the connection and the thread."""
        if self._loop is None or self._thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._disconnected(), self._loop).result()
        # Looking up the host's name took a thread of the loop's own.
        asyncio.run_coroutine_threadsafe(
            self._loop.shutdown_default_executor(), self._loop
        ).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None

    def _done(self, work: Coroutine[Any, Any, _T], what: str) -> _T:
        """Let the loop do a piece of work; turn what goes wrong into Retry or Stop."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
            self._thread.start()
        timed = asyncio.wait_for(work, 4 * self._access.timeout_seconds)
        future = asyncio.run_coroutine_threadsafe(timed, self._loop)
        try:
            return future.result()
        except AccordError:
            raise
        except Exception as error:
            failed = self._failed(error, what)
            if failed is None:
                raise
            asyncio.run_coroutine_threadsafe(self._disconnected(), self._loop).result()
            raise failed from error

    async def _disconnected(self) -> None:
        if self._connection is not None:
            self._connection.abort()
            await self._connection.wait_closed()
        self._connection = self._sftp = None

    async def _connected(self) -> Any:
        if self._sftp is None:
            ssh, access = _asyncssh(), self._access
            self._connection = await ssh.connect(
                self._host.name,
                self._host.port,
                username=self._host.user,
                client_keys=[self._key(ssh)],
                known_hosts=self._known_hosts(ssh),
                preferred_auth=["publickey"],
                config=None,
                agent_path=None,
                connect_timeout=access.timeout_seconds,
                login_timeout=access.timeout_seconds,
                keepalive_interval=_ALIVE_SECONDS,
            )
            self._sftp = await self._connection.start_sftp_client()
        return self._sftp

    def _key(self, ssh: ModuleType) -> Any:
        reference = self._access.private_key
        text = self._access.secrets.resolve(reference).reveal()
        try:
            return ssh.import_private_key(f"{text}\n")
        except (ssh.KeyImportError, ssh.KeyEncryptionError):
            # What asyncssh says about it could hold a part of the key.
            raise Stop(
                f"The secret {reference} is no private key that can be used",
                remedy="put there a private key in OpenSSH's form, without a passphrase",
            ) from None

    def _known_hosts(self, ssh: ModuleType) -> Any:
        reference = self._access.known_hosts
        try:
            return ssh.import_known_hosts(self._access.secrets.resolve(reference).reveal())
        except ValueError as error:
            raise Stop(
                f"{reference} holds no known hosts",
                remedy="put there lines as in OpenSSH's known_hosts",
            ) from error

    async def _listed(self) -> list[Listed]:
        sftp = await self._connected()
        return [
            Listed(entry.filename, entry.attrs.size or 0, entry.attrs.mtime or 0)
            async for entry in sftp.scandir(self._folder)
            if stat.S_ISREG(entry.attrs.permissions or 0)
        ]

    async def _state(self, name: str) -> tuple[int, int]:
        attributes = await (await self._connected()).stat(f"{self._folder}/{name}")
        return attributes.size, attributes.mtime

    async def _part(self, name: str, start: int, size: int) -> bytes:
        sftp = await self._connected()
        async with sftp.open(f"{self._folder}/{name}", "rb") as file:
            found: bytes = await file.read(size, start)
            return found

    def _failed(self, error: Exception, what: str) -> AccordError | None:
        """Say what an error means; None where it is a fault of our own."""
        ssh, access = _asyncssh(), self._access
        if isinstance(error, ssh.HostKeyNotVerifiable):
            return Stop(
                f"The key of the host {self._host} is not one of the known hosts",
                remedy="ask who runs the host for its key, and if it is right, add it to what "
                f"{access.known_hosts} leads to",
            )
        if isinstance(error, ssh.PermissionDenied):
            return Stop(
                f"The host {self._host} refused the sign-in",
                remedy=f"check the user, and that the host has the public half of the key in "
                f"{access.private_key}",
            )
        if isinstance(error, ssh.SFTPNoSuchFile):
            return Retry(f"{what} is not at {self._host}", remedy="check the address, or run again")
        if isinstance(error, ssh.SFTPPermissionDenied):
            return Stop(f"{what} may not be read at {self._host}", remedy="let the user read it")
        if isinstance(error, OSError | TimeoutError | ssh.Error):
            return Retry(
                f"The host {self._host} cannot be reached or hung up ({type(error).__name__})",
                remedy="check that it is up and that the address is right; then run again",
            )
        return None


def _asyncssh() -> ModuleType:
    """Import asyncssh when it is needed: it takes longer than everything else here."""
    import asyncssh

    return asyncssh
