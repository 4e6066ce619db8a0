"""Where the emulator keeps its account: one SQLite file, so that it survives a restart.

Every write of the API is one transaction here: customer, events, journal and the answer remembered
for its idempotency key are there together or not at all. What the search knows is kept beside, with
the moment it was written, because the search learns of it later.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

_SCHEMA = """
create table if not exists customers (
    seq integer primary key autoincrement, id text not null unique, created integer not null,
    email text not null, is_deleted integer not null default 0, body text not null
);
create index if not exists customers_listed on customers (created, seq) where not is_deleted;
create index if not exists customers_by_email on customers (email);
create table if not exists versions (
    version integer primary key autoincrement, customer_id text not null, at real not null,
    body text not null
);
create index if not exists versions_of on versions (customer_id, version);
create table if not exists terms (
    field text not null, value text not null, customer_id text not null,
    primary key (field, value, customer_id)
) without rowid;
create table if not exists events (
    seq integer primary key autoincrement, id text not null unique, created integer not null,
    type text not null, body text not null
);
create index if not exists events_listed on events (created, seq);
create table if not exists journal (
    seq integer primary key autoincrement, at text not null, effect text not null,
    customer_id text not null, accord_id text not null, idempotency_key text not null
);
create table if not exists answers (
    idempotency_key text primary key, request text not null, status integer not null,
    body blob not null, request_id text not null, at real not null
);
create table if not exists settings (name text primary key, value text not null);
"""
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_AS_LETTER = bytes(_LETTERS[byte % len(_LETTERS)] for byte in range(256))


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that really happened to a customer: created, updated, deleted and so on."""

    seq: int
    at: str
    effect: str
    customer_id: str
    accord_id: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer kept under an idempotency key, and what was asked then."""

    request: str
    status: int
    body: bytes
    request_id: str


@dataclass(frozen=True, slots=True)
class Range:
    """Which part of a list is asked for: conditions, and a place to go on from.

    `any_of` is one condition more, which takes all of `values`.
    """

    conditions: tuple[tuple[str, Any], ...] = ()
    after: tuple[int, int] | None = None
    before: tuple[int, int] | None = None
    limit: int = 10
    any_of: str = ""
    values: Sequence[str] = ()


class Books:
    """The account's books. Thread-safe: one transaction at a time."""

    def __init__(self, path: Path, *, seed: int) -> None:
        self._seed = seed
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # A file of the sandbox need not outlive the machine.
        self._connection.executescript(
            f"pragma journal_mode = wal; pragma synchronous = off; {_SCHEMA}"
        )
        self._settings = dict(self._rows("select name, value from settings"))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else at the books; requests that take turns hinder each other less."""
        with self._lock:
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep everything done inside, or nothing when it raises."""
        with self._lock:
            self._connection.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def new_id(self, prefix: str, *parts: object) -> str:
        """Return an id that depends on the seed and `parts` only."""
        told = ":".join(map(str, (self._seed, prefix, *parts)))
        digest = hashlib.sha256(told.encode()).digest()
        return prefix + digest[:14].translate(_AS_LETTER).decode()

    def next_number(self, table: str) -> int:
        """Return the number that the next row of a table will have."""
        query = "select coalesce((select seq from sqlite_sequence where name = ?), 0) + 1"
        return int(self._row(query, table)[0])

    def customer(self, customer_id: str) -> dict[str, Any] | None:
        """Return a customer, a deleted one too."""
        row = self._row("select body from customers where id = ?", customer_id)
        return _read(row[0]) if row else None

    def keep(self, customer: Mapping[str, Any], *, at: float, lag: float) -> None:
        """Store a customer's new state; the search gets to know it when the lag is over."""
        told = (customer["email"] or "", bool(customer.get("deleted")), _text(customer))
        self._run(
            "insert into customers (id, created, email, is_deleted, body) values (?, ?, ?, ?, ?)"
            " on conflict (id) do update set email = excluded.email,"
            " is_deleted = excluded.is_deleted, body = excluded.body",
            customer["id"], customer["created"], *told,
        )  # fmt: skip
        self._run(
            "insert into versions (customer_id, at, body) values (?, ?, ?)",
            customer["id"], at, told[-1],
        )  # fmt: skip
        self._run(
            "delete from versions where customer_id = ?1 and version < (select max(version)"
            " from versions where customer_id = ?1 and at <= ?2)",
            customer["id"], at - lag,
        )  # fmt: skip
        terms = [(*term, customer["id"]) for term in _terms(customer)]
        with self._lock:
            self._connection.executemany("insert or ignore into terms values (?, ?, ?)", terms)

    def listed(self, table: str, asked: Range) -> list[dict[str, Any]]:
        """Return part of the list of customers or events, newest first."""
        hidden = "not is_deleted" if table == "customers" else "true"
        conditions: list[str] = [hidden]
        values: list[Any] = []
        for condition, value in asked.conditions:
            conditions.append(condition)
            values.append(value)
        if asked.any_of:
            conditions.append(f"({asked.any_of})")
            values += asked.values
        for sign, place in (("<", asked.after), (">", asked.before)):
            if place is not None:
                conditions.append(f"(created, seq) {sign} (?, ?)")
                values += place
        order = "asc" if asked.before is not None else "desc"
        rows = self._rows(
            f"select body from {table} where {' and '.join(conditions)}"  # noqa: S608 - our own
            f" order by created {order}, seq {order} limit ?",
            *values, asked.limit,
        )  # fmt: skip
        found = [_read(row[0]) for row in rows]
        return found[::-1] if asked.before is not None else found

    def place(self, table: str, item_id: str) -> tuple[int, int] | None:
        """Return where an item stands in its list; None when it is not in it."""
        hidden = "not is_deleted" if table == "customers" else "true"
        row = self._row(
            f"select created, seq from {table} where id = ? and {hidden}",  # noqa: S608 - our own
            item_id,
        )
        return (row[0], row[1]) if row else None

    def searchable(
        self, terms: Iterable[tuple[str, str]] | None, *, until: float
    ) -> list[dict[str, Any]]:
        """Return the customers as the search knows them, only those that ever had a term."""
        named, values = "select id from customers", list[str]()
        if terms is not None:
            values = [part for term in terms for part in term]
            asked = " or ".join(["field = ? and value = ?"] * (len(values) // 2))
            named = f"select customer_id from terms where {asked}"  # noqa: S608
        rows = self._rows(
            "select body from versions where version in (select max(version) from versions"  # noqa: S608
            f" where customer_id in ({named}) and at <= ? group by customer_id)",
            *values, until,
        )  # fmt: skip
        return [_read(row[0]) for row in rows]

    def tell(self, event: Mapping[str, Any]) -> None:
        """Add an event."""
        self._run(
            "insert into events (id, created, type, body) values (?, ?, ?, ?)",
            event["id"], event["created"], event["type"], _text(event),
        )  # fmt: skip

    def event(self, event_id: str) -> dict[str, Any] | None:
        """Return an event."""
        row = self._row("select body from events where id = ?", event_id)
        return _read(row[0]) if row else None

    def note(self, effect: str, customer: Mapping[str, Any], *, at: float, key: str) -> None:
        """Write an effect into the journal."""
        self._run(
            "insert into journal (at, effect, customer_id, accord_id, idempotency_key)"
            " values (?, ?, ?, ?, ?)",
            datetime.fromtimestamp(at, UTC).isoformat(), effect, customer["id"],
            customer["metadata"].get("accord_id", ""), key,
        )  # fmt: skip

    def journal(self) -> list[Effect]:
        """Return all effects, in order."""
        return [Effect(*row) for row in self._rows("select * from journal order by seq")]

    def remembered(self, key: str, *, since: float) -> Kept | None:
        """Return what is kept under an idempotency key, if it is not too old."""
        row = self._row(
            "select request, status, body, request_id from answers"
            " where idempotency_key = ? and at >= ?",
            key, since,
        )  # fmt: skip
        return Kept(*row) if row else None

    def remember(self, key: str, kept: Kept, *, at: float) -> None:
        """Keep an answer under its idempotency key."""
        self._run(
            "insert or replace into answers values (?, ?, ?, ?, ?, ?)",
            key, kept.request, kept.status, kept.body, kept.request_id, at,
        )  # fmt: skip

    def settings(self) -> Mapping[str, str]:
        """Return all settings that were ever made."""
        return self._settings

    def set(self, name: str, value: str) -> None:
        """Make a setting."""
        with self._lock:
            self._run("insert or replace into settings values (?, ?)", name, value)
            self._settings = {**self._settings, name: value}

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def _row(self, query: str, *values: Any) -> Any:
        with self._lock:
            return self._connection.execute(query, values).fetchone()

    def _run(self, statement: str, *values: Any) -> None:
        with self._lock:
            self._connection.execute(statement, values)


def _terms(customer: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("name", "email", "phone"):
        if customer[name]:
            yield name, customer[name].lower()
    for name, value in customer["metadata"].items():
        yield f"metadata.{name}", value.lower()


def _text(content: Mapping[str, Any]) -> str:
    return msgspec.json.encode(content).decode()


def _read(text: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(text)
    return found
