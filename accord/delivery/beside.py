"""Beside the sending: what became of writes is stored by a thread and a connection of its own.

So the store keeps what was answered while the sender prepares what leaves next. Nothing waits for
it but what asks the store how writes stand; whoever asks lets it be finished first. A destination
that takes one call at a time has nothing to gain by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import copy_context
from typing import Protocol

from accord.delivery.settling import Settler
from accord.store.database import Connection
from accord.store.outbox import Intended, Settlement

Fates = Sequence[tuple[Intended, Settlement]]
Session = Callable[[], AbstractContextManager[Connection]]

_MOST = 2000
"""Fates that are gathered before the sender waits for those before them to be stored."""


class Settling(Protocol):
    """Takes what became of writes and stores it."""

    def settle(self, fates: Fates) -> None:
        """Store these, now or soon. Raises what storing the ones before raised."""

    def finish(self) -> None:
        """Let everything be stored; raises like `settle`."""


@contextmanager
def settling(
    settler: Settler, connection: Connection, session: Session, *, concurrent: int
) -> Iterator[Settling]:
    """Store what becomes of writes, beside the sending where so many calls at once gain by it.

    What was not stored in the end stays on its way, and is looked up by the next run.
    """
    if concurrent <= 1:
        yield _Inline(settler, connection)
        return
    with ExitStack() as opened, ThreadPoolExecutor(1, thread_name_prefix="settle") as thread:
        yield _Beside(settler, lambda: opened.enter_context(session()), thread)


class _Inline:
    """Stores it at once, on the sender's own connection."""

    def __init__(self, settler: Settler, connection: Connection) -> None:
        self._settler, self._connection = settler, connection

    def settle(self, fates: Fates) -> None:
        self._settler.settle(self._connection, fates)

    def finish(self) -> None:
        pass


class _Beside:
    """Stores it in a thread; what comes meanwhile is stored together, in the next transaction."""

    def __init__(
        self, settler: Settler, connect: Callable[[], Connection], thread: ThreadPoolExecutor
    ) -> None:
        self._settler, self._connect, self._thread = settler, connect, thread
        self._connection: Connection | None = None
        self._gathered: list[tuple[Intended, Settlement]] = []
        self._running: Future[None] | None = None

    def settle(self, fates: Fates) -> None:
        self._gathered += fates
        is_idle = self._running is None or self._running.done()
        if self._gathered and (is_idle or len(self._gathered) >= _MOST):
            self._begin()

    def finish(self) -> None:
        if self._gathered:
            self._begin()
        self._wait()

    def _begin(self) -> None:
        self._wait()
        fates, self._gathered = self._gathered, []
        self._running = self._thread.submit(copy_context().run, self._store, fates)

    def _wait(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.result()

    def _store(self, fates: Fates) -> None:
        if self._connection is None:
            self._connection = self._connect()
            self._settler.outbox.join_by_index(self._connection)
        self._settler.settle(self._connection, fates)
