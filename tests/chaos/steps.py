"""Processes that end at a named step: killed there, or without their database from there on."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from accord.store.database import Connection, Role, Store
from accord.store.queries import for_table, queries

FILES = (
    "landing", "dead_letters", "sealing", "builds", "verdicts", "outbox", "reconciliations"
)  # fmt: skip
TABLES = ("pos__sales_lines", "pub_xero__documents", "pub_poor__entries")
_LOCK = "pg_advisory_lock("
_WRITING = re.compile(r"\b(insert into|update|delete from|copy) ", re.IGNORECASE)
_FULL = """
    do $$ begin raise exception 'the disk is full' using errcode = 'disk_full'; end $$
"""


def _named() -> dict[str, str]:
    """Every statement of the engine's SQL files, as it is sent, with its name."""
    named = {}
    for file in FILES:
        for name, text in queries(file).items():
            named[text] = f"{file}.{name}"
            if "{table}" in text:
                for table in TABLES:
                    named[for_table(text, table).decode()] = f"{file}.{name}"
    return named


_STATEMENTS = _named()
STEPS = tuple(
    f"{when} {what}"
    for when in ("before", "after")
    for what in (
        *sorted(set(_STATEMENTS.values())),
        *("commit", "read", "look_up xero", "look_up poor", "deliver xero", "deliver poor"),
        *("GET", "POST", "PUT", "wait"),
    )
)


class Killed(BaseException):
    """The process ends here: nothing after it happens, and nobody is told."""


@dataclass(frozen=True, slots=True)
class Doom:
    """What happens at the `count`-th step called `step` (any step when it is "").

    The process is killed, its database goes away, or that one's disk is full from there on.
    """

    kind: Literal["kill", "cut", "full"]
    step: str
    count: int


@dataclass(slots=True)
class Life:
    """The life of one process, step by step; after its kill every further step is its end too."""

    doom: Doom | None = None
    is_dead: bool = False
    is_full: bool = False
    was_cut: bool = False
    passed: list[str] = field(default_factory=list)
    connections: list[Connection] = field(default_factory=list)
    _left: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def cut(self) -> None:
        """Lose the database: all connections are gone."""
        for connection in self.connections:
            connection.close()

    def step(self, name: str) -> None:
        """Come to a step. Raises Killed, or OperationalError where the database goes away."""
        with self._lock:
            if self.is_dead:
                raise Killed(name)
            self.passed.append(name)
            doom = self.doom
            if doom is None or doom.step not in ("", name):
                return
            self._left += 1
            if self._left != doom.count:
                return
            if doom.kind == "kill":
                self.is_dead = True
                raise Killed(name)
            self.was_cut = True
            if doom.kind == "full":
                self.is_full = True
                return
            self.cut()
        raise psycopg.OperationalError("the database went away")


@dataclass(slots=True)
class MortalConnection:
    """A connection of a process: each statement and commit is a step before and after."""

    connection: Connection
    life: Life
    has_locked: bool = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)

    def execute(self, statement: Any, *arguments: Any, **options: Any) -> Any:
        name = name_of(statement)
        self.life.step(f"before {name}")
        self.has_locked = self.has_locked or (isinstance(statement, str) and _LOCK in statement)
        if self.life.is_full and _is_writing(statement):
            self.connection.execute(_FULL)
        cursor = self.connection.execute(statement, *arguments, **options)
        self.life.step(f"after {name}")
        return cursor

    def cursor(self, **options: Any) -> Any:
        self.life.step("before a cursor")
        if self.life.is_full:
            self.connection.execute(_FULL)
        return self.connection.cursor(**options)

    @contextmanager
    def transaction(self, **options: Any) -> Iterator[Any]:
        with self.connection.transaction(**options) as transaction:
            yield transaction
            self.life.step("before commit")
        self.life.step("after commit")


LIVING: ContextVar[Life | None] = ContextVar("living", default=None)


@contextmanager
def lived(life: Life) -> Iterator[None]:
    """Let what is done inside, and in threads that are started there, be steps of a life."""
    token = LIVING.set(life)
    try:
        yield
    finally:
        LIVING.reset(token)


def step(name: str) -> None:
    """Come to a step of whoever is living here."""
    if (life := LIVING.get()) is not None:
        life.step(name)


def name_of(statement: Any) -> str:
    """The name of a statement in the SQL files."""
    return _STATEMENTS.get(_text(statement), "a statement")


def _text(statement: Any) -> str:
    if isinstance(statement, bytes):
        return statement.decode()
    return statement.as_string(None) if isinstance(statement, sql.Composable) else statement


def _is_writing(statement: Any) -> bool:
    return _WRITING.search(_text(statement)) is not None


Spare = dict[Role, list[Connection]]


@dataclass(frozen=True, slots=True)
class MortalStore(Store):
    """The store as one process has it; its connections end with the process.

    Making a connection takes milliseconds, so one that ended well is kept for its role, without
    the locks that its end would have let go.
    """

    life: Life
    spare: Spare

    @contextmanager
    def session(self, role: Role) -> Iterator[Any]:
        self.life.step("before connect")
        raw = self._taken(role)
        mortal = MortalConnection(raw, self.life)
        self.life.connections.append(raw)
        try:
            yield mortal
        except (Killed, psycopg.Error):
            raw.close()
            raise
        finally:
            self.life.connections.remove(raw)
            self._put_back(role, mortal)

    def _taken(self, role: Role) -> Connection:
        try:
            return self.spare[role].pop()
        except (KeyError, IndexError):
            raw = Connection.connect(self.address.conninfo, autocommit=True)
            raw.sealing = self.sealing
            raw.execute(f"set role {role}")
            raw.execute("set plan_cache_mode = force_generic_plan")  # planning is half the time
            return raw

    def _put_back(self, role: Role, mortal: MortalConnection) -> None:
        raw = mortal.connection
        if raw.closed or raw.info.transaction_status != TransactionStatus.IDLE:
            raw.close()
            return
        if mortal.has_locked:
            raw.execute("select pg_advisory_unlock_all()")
        self.spare.setdefault(role, []).append(raw)
