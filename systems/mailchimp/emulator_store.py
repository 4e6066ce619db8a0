"""Where the emulator keeps its account: one SQLite file, so that it survives a restart.

Every request is one transaction here: members, batches and journal change together or not at all.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from systems.mailchimp.members import our_key

_SCHEMA = """
create table if not exists members (
    id text primary key, hash text not null unique, status text not null,
    last_changed text not null, seq integer not null, body text not null
);
create index if not exists members_by_change on members (last_changed, seq);
create index if not exists members_by_turn on members (seq);
create table if not exists forgotten (hash text primary key);
create table if not exists batches (
    seq integer primary key autoincrement, id text not null unique, submitted_at real not null,
    due_at real not null, completed_at real, operations text not null,
    many integer not null, errors integer not null, refuses_some integer not null, results blob
);
create table if not exists journal (
    seq integer primary key autoincrement, at text not null, effect text not null,
    member_id text not null, key text not null, operation text not null
);
create table if not exists settings (name text primary key, value text not null);
"""


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that really happened to a member: created, updated, archived or deleted.

    `key` is its ACCORD_ID then; `operation` that of the batch, "" for a request by itself.
    """

    seq: int
    at: str
    effect: str
    member_id: str
    key: str
    operation: str


class Account:
    """The account and its one audience. Thread-safe: one transaction at a time."""

    def __init__(self, path: Path, *, seed: int) -> None:
        self._seed = seed
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # A file of the sandbox need not outlive the machine.
        self._connection.executescript(
            f"pragma journal_mode = wal; pragma synchronous = off; {_SCHEMA}"
        )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

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

    def new_id(self, *parts: object) -> str:
        """Return an id that depends on the seed and `parts` only."""
        return uuid.uuid5(uuid.NAMESPACE_URL, ":".join(map(str, (self._seed, *parts)))).hex

    def member(self, name: str) -> dict[str, Any] | None:
        """Return the member with this id or address digest."""
        rows = self._rows("select body from members where id = ? or hash = ?", name, name)
        return json.loads(rows[0][0]) if rows else None

    def members(
        self, condition: str, values: tuple[object, ...], order: str, *, count: int, offset: int
    ) -> tuple[list[dict[str, Any]], int]:
        """Return a part of the members that meet a condition, and how many there are."""
        where = f"from members where {condition}"
        rows = self._rows(
            f"select body {where} order by {order} limit ? offset ?", *values, count, offset
        )
        total = int(self._rows(f"select count(*) {where}", *values)[0][0])
        return [json.loads(row[0]) for row in rows], total

    def keep(self, member: Mapping[str, Any]) -> None:
        """Store a member's new state; whoever changed comes last among those of that second."""
        self._run(
            "insert or replace into members values"
            " (?, ?, ?, ?, (select coalesce(max(seq), 0) + 1 from members), ?)",
            member["contact_id"],
            member["id"],
            member["status"],
            member["last_changed"],
            json.dumps(member),
        )

    def delete(self, member: Mapping[str, Any], *, forget: bool) -> None:
        """Delete a member for good; a forgotten address never comes back by the API."""
        self._run("delete from members where id = ?", member["contact_id"])
        if forget:
            self._run("insert or ignore into forgotten values (?)", member["id"])

    def is_forgotten(self, hashed: str) -> bool:
        """Tell whether an address was deleted for good."""
        return bool(self._rows("select 1 from forgotten where hash = ?", hashed))

    def note(self, effect: str, member: Mapping[str, Any], *, at: float, operation: str) -> None:
        """Write an effect into the journal."""
        self._run(
            "insert into journal (at, effect, member_id, key, operation) values (?, ?, ?, ?, ?)",
            datetime.fromtimestamp(at, UTC).isoformat(),
            effect,
            member["contact_id"],
            our_key(member),
            operation,
        )

    def journal(self) -> list[Effect]:
        """Return all effects, in order."""
        return [Effect(*row) for row in self._rows("select * from journal order by seq")]

    def add_batch(
        self, operations: Sequence[Any], *, at: float, due_at: float, refuses: bool
    ) -> str:
        """Take a batch in and return its id."""
        count = self._rows("select count(*) from batches")[0][0]
        batch_id = self.new_id("batch", count)[:10]
        self._run(
            "insert into batches (id, submitted_at, due_at, operations, many, errors, refuses_some)"
            " values (?, ?, ?, ?, ?, 0, ?)",
            batch_id,
            at,
            due_at,
            json.dumps(operations),
            len(operations),
            refuses,
        )
        return batch_id

    def due_batches(self, now: float) -> list[tuple[str, str, bool]]:
        """Return id, operations and mood of the batches that are to be done by now."""
        return self._rows(
            "select id, operations, refuses_some from batches"
            " where results is null and due_at <= ? order by seq",
            now,
        )

    def finish_batch(self, batch_id: str, results: bytes, *, errors: int, at: float) -> None:
        """Keep the results of a batch."""
        self._run(
            "update batches set results = ?, errors = ?, completed_at = ? where id = ?",
            results,
            errors,
            at,
            batch_id,
        )

    def batches(self, batch_id: str = "") -> list[dict[str, Any]]:
        """Return all batches, newest first, without what they hold; or only the one asked for."""
        names = ("id", "submitted_at", "completed_at", "errors", "many")
        rows = self._rows(
            f"select {', '.join(names)} from batches where ? in ('', id) order by seq desc",  # noqa: S608 - the names are these
            batch_id,
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def pending(self) -> int:
        """Return how many batches are not done yet."""
        return int(self._rows("select count(*) from batches where results is null")[0][0])

    def results(self, batch_id: str) -> bytes | None:
        """Return the archive with a batch's results."""
        rows = self._rows("select results from batches where id = ?", batch_id)
        return rows[0][0] if rows else None

    def setting(self, name: str) -> str:
        """Return a setting, "" when it was never made."""
        rows = self._rows("select value from settings where name = ?", name)
        return str(rows[0][0]) if rows else ""

    def set(self, name: str, value: str) -> None:
        """Make a setting."""
        self._run("insert or replace into settings values (?, ?)", name, value)

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def _run(self, statement: str, *values: Any) -> None:
        with self._lock:
            self._connection.execute(statement, values)
