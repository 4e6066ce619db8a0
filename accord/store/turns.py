"""Turns to call a system, shared by all processes: its quota, its rest, and its circuit breaker.

The state lives in the store, so an outage costs a few probes however many processes there are, a
429 to one of them makes all of them wait, and two passes together keep to one quota.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import psycopg

from accord.catalog import System
from accord.errors import Resting, Retry
from accord.store.database import Connection, Role, Store
from accord.store.queries import queries

UNLIMITED = 1_000_000
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

THRESHOLD = 5
"""Failures in a row after which a system is left alone."""

SHORTEST, LONGEST = 15.0, 600.0
"""Seconds a system is left alone: the first time, and at most."""

LONGEST_WAIT = 120.0
"""Seconds a caller waits for its turn before it gives up and says when to come back."""

CALM = 0.2
"""Seconds for which a system without a quota that was well is not asked about again: so long it may
take until one process notices what another learnt."""

BACKFILL_SHARE = 0.8
"""The part of a quota that history may use; the rest is kept for what is new."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a system allows: calls a minute, and the header that says how many are left of them."""

    calls_per_minute: int
    concurrent: int
    remaining_header: str = ""

    @classmethod
    def declared(cls, settings: Mapping[str, Any]) -> Limits:
        """Read them from a system.toml; a system that declares none has none."""
        limits = settings.get("limits", {})
        return cls(
            calls_per_minute=int(limits.get("calls_per_minute", UNLIMITED)),
            concurrent=int(limits.get("concurrent", 16)),
            remaining_header=limits.get("remaining_header", ""),
        )


def turns_of(
    store: Store,
    system: System,
    endpoint: str,
    url: str,
    *,
    backfill: bool = False,
    impatient: bool = False,
) -> SharedTurns:
    """The turns of a system as its system.toml declares its limits.

    The vendor's quota holds at the vendor's; an emulator, in the sandbox or on loopback, has none.
    """
    limits = Limits.declared(system.settings)
    if not url or urlsplit(url).hostname in LOOPBACK:
        limits = replace(limits, calls_per_minute=UNLIMITED)
    return SharedTurns(store, system.name, endpoint, limits, backfill=backfill, impatient=impatient)


class SharedTurns:
    """Gives out turns for one endpoint of one system; thread-safe, and safe across processes.

    `backfill` leaves a part of the quota to others. An `impatient` caller, such as a person who
    has just mended a system, is let through once even while the system is left alone.
    """

    def __init__(
        self,
        store: Store,
        system: str,
        endpoint: str,
        limits: Limits,
        *,
        backfill: bool = False,
        impatient: bool = False,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._limits = store, limits
        self._sleep, self._clock = sleep, clock
        self._key = {"system": system, "endpoint": endpoint}
        self._allowed = max(1, int(limits.calls_per_minute * (BACKFILL_SHARE if backfill else 1)))
        self._slots = threading.BoundedSemaphore(limits.concurrent)
        self._impatient, self._calm_until = impatient, 0.0
        self._lock = threading.Lock()
        self._open = ExitStack()
        self._connection: Connection | None = None

    def close(self) -> None:
        """Give the connection back."""
        with self._lock:
            self._drop()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn; what leaves the block as an error counts for the breaker.

        Raises Resting when the system is left alone, or the quota is used up for too long.
        """
        with self._slots:
            was_ill = self._await_turn()
            try:
                yield
            except Retry as error:
                self._note(error)
                raise
            if was_ill:
                self._run("well")

    def learn(self, headers: Mapping[str, str]) -> None:
        """Believe the system where it says that fewer calls are left than we counted."""
        told = headers.get(self._limits.remaining_header) if self._limits.remaining_header else None
        if told is None or not told.isdigit() or self._has_no_quota:
            return
        with self._session() as connection, connection.transaction():
            used = self._recent(connection)[0]
            missed = self._limits.calls_per_minute - int(told) - used
            if missed > 0:
                connection.execute(queries("turns")["called"], {**self._key, "times": missed})

    def _await_turn(self) -> bool:
        """Wait until a turn was taken; tell whether the system was failing before."""
        waited = 0.0
        while True:
            wait, was_ill = self._taken()
            if wait <= 0:
                return was_ill
            if waited + wait > LONGEST_WAIT:
                raise Resting(
                    f"The quota of {self._key['system']} is used up",
                    remedy="run again later, or lower what else calls it",
                    retry_after=wait,
                )
            self._sleep(wait)
            waited += wait

    @property
    def _has_no_quota(self) -> bool:
        return self._limits.calls_per_minute >= UNLIMITED

    def _is_calm(self) -> bool:
        """Tell whether the system is well, so that without a quota nothing has to be counted."""
        asked = self._clock()
        if asked < self._calm_until:
            return True
        with self._session() as connection:
            row = connection.execute(queries("turns")["is_calm"], self._key).fetchone()
            self._calm_until = asked + CALM if row == (True,) else 0.0
        return row == (True,)

    def _taken(self) -> tuple[float, bool]:
        """Take a turn, or say how many seconds to wait before asking again."""
        sql = queries("turns")
        if self._has_no_quota and self._is_calm():
            self._impatient = False
            return 0.0, False
        with self._session() as connection, connection.transaction():
            failures, opens_in, rests_for = connection.execute(
                sql["state"], self._key
            ).fetchone() or (0, None, None)
            if opens_in is not None and opens_in > 0 and not self._impatient:
                raise Resting(
                    f"{self._key['system']} failed {failures} times in a row and is left alone",
                    remedy=f"it is tried again by itself in {opens_in:.0f} s",
                    retry_after=opens_in,
                )
            if rests_for is not None and rests_for > 0:
                return float(rests_for), False
            used, free_in = self._recent(connection)
            if used >= self._allowed:
                return max(free_in, 0.01), False
            if opens_in is not None:
                connection.execute(sql["probe"], {**self._key, "seconds": SHORTEST})
            self._impatient = False
            connection.execute(sql["forget"], self._key)
            connection.execute(sql["called"], {**self._key, "times": 1})
        return 0.0, failures > 0 or opens_in is not None

    def _recent(self, connection: Connection) -> tuple[int, float]:
        row = connection.execute(queries("turns")["recent"], self._key).fetchone()
        return (row[0], row[1]) if row else (0, 0.0)

    def _note(self, error: Retry) -> None:
        """A limit that was hit makes everybody rest; any other failure counts for the breaker."""
        if error.is_limit:
            self._run("rest", seconds=error.retry_after or 1.0)
        else:
            self._run("failed", threshold=THRESHOLD, shortest=SHORTEST, longest=LONGEST)
        self._calm_until = 0.0

    def _run(self, name: str, **values: object) -> None:
        with self._session() as connection:
            connection.execute(queries("turns")[name], {**self._key, **values})

    @contextmanager
    def _session(self) -> Iterator[Connection]:
        """The one connection kept for this, opened when first needed and after it broke."""
        with self._lock:
            if self._connection is None or self._connection.broken:
                self._drop()
                self._connection = self._open.enter_context(self._store.session(Role.LANDER))
                self._connection.execute("set synchronous_commit = off")
                self._connection.execute(queries("turns")["breaker"], self._key)
            yield self._connection

    def _drop(self) -> None:
        self._connection = None
        with suppress(psycopg.Error):
            self._open.close()
