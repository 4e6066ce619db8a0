"""Where the emulator keeps its organisation: one SQLite file, so that it survives a restart.

Every write of the API is one transaction here: documents, journal and the answer remembered for
its idempotency key are there together or not at all.
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

_SCHEMA = """
create table if not exists documents (
    seq integer primary key autoincrement, id text not null unique, kind text not null,
    number text not null, body text not null
);
create index if not exists documents_by_number on documents (kind, number);
create table if not exists journal (
    seq integer primary key autoincrement, at text not null, effect text not null,
    kind text not null, number text not null, document_id text not null,
    idempotency_key text not null
);
create table if not exists answers (
    idempotency_key text primary key, request text not null, status integer not null,
    body blob not null, at real not null
);
create table if not exists tokens (token text primary key, good_until real not null);
create table if not exists contacts (id text primary key, name text not null unique);
create table if not exists settings (name text primary key, value text not null);
"""
_FORGOTTEN = ("documents", "journal", "answers", "contacts", "settings", "sqlite_sequence")


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that really happened to a document: created, updated or voided."""

    seq: int
    at: str
    effect: str
    kind: str
    number: str
    document_id: str
    idempotency_key: str


@dataclass(slots=True)
class Attempt:
    """Work that may be undone."""

    undone: bool = False


class Books:
    """The organisation's books. Thread-safe: one transaction at a time."""

    def __init__(self, path: Path, *, seed: int) -> None:
        self._seed = seed
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.executescript(f"pragma journal_mode = wal; {_SCHEMA}")

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

    @contextmanager
    def attempt(self) -> Iterator[Attempt]:
        """Inside a transaction, keep what is done here unless it is marked as undone."""
        attempt = Attempt()
        with self._lock:
            self._connection.execute("savepoint attempt")
            yield attempt
            if attempt.undone:
                self._connection.execute("rollback to attempt")
            self._connection.execute("release attempt")

    def new_id(self, *parts: object) -> str:
        """Return an id that depends on the seed and `parts` only."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, ":".join(map(str, (self._seed, *parts)))))

    def documents(
        self, kind: str, *, numbers: Sequence[str] | None = None, start: str = ""
    ) -> list[dict[str, Any]]:
        """Return the documents of a kind, oldest first: all, or those with such a number."""
        found: tuple[str, ...] = (
            "kind = ? and number between ? and ?",
            kind,
            start,
            f"{start}\U0010ffff",
        )
        if numbers is not None:
            listed = "kind = ? and number in (select value from json_each(?))"
            found = (listed, kind, json.dumps(numbers))
        return [json.loads(row[0]) for row in self._rows(*found)]

    def document(self, kind: str, document_id: str) -> dict[str, Any] | None:
        """Return one document by its id."""
        rows = self._rows("kind = ? and id = ?", kind, document_id)
        return json.loads(rows[0][0]) if rows else None

    def numbered(self, kind: str, number: str) -> list[dict[str, Any]]:
        """Return the documents with a number, oldest first."""
        return [json.loads(row[0]) for row in self._rows("kind = ? and number = ?", kind, number)]

    def create(self, kind: str, number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Add a document and return it with its new id."""
        count = self._one("select coalesce(max(seq), 0) + 1 from documents")
        document = {**body, "id": self.new_id("document", count)}
        self._execute(
            "insert into documents (id, kind, number, body) values (?, ?, ?, ?)",
            document["id"],
            kind,
            number,
            _text(document),
        )
        return document

    def replace(self, number: str, document: Mapping[str, Any]) -> None:
        """Store a document's new state."""
        self._execute(
            "update documents set number = ?, body = ? where id = ?",
            number,
            _text(document),
            document["id"],
        )

    def contact(self, name: str) -> str:
        """Return the id of the contact called `name`, which is made when there is none."""
        contact_id = self.new_id("contact", name)
        self._execute("insert or ignore into contacts values (?, ?)", contact_id, name)
        return contact_id

    def note(
        self, effect: str, kind: str, number: str, document_id: str, *, at: float, key: str
    ) -> None:
        """Write an effect into the journal."""
        self._execute(
            "insert into journal (at, effect, kind, number, document_id, idempotency_key)"
            " values (?, ?, ?, ?, ?, ?)",
            datetime.fromtimestamp(at, UTC).isoformat(),
            effect,
            kind,
            number,
            document_id,
            key,
        )

    def journal(self) -> list[Effect]:
        """Return all effects, in order."""
        with self._lock:
            return [Effect(*row) for row in self._connection.execute("select * from journal")]

    def remembered(self, key: str, *, since: float) -> tuple[str, int, bytes] | None:
        """Return the request and answer that went with an idempotency key, if not too old."""
        with self._lock:
            found: tuple[str, int, bytes] | None = self._connection.execute(
                "select request, status, body from answers where idempotency_key = ? and at >= ?",
                (key, since),
            ).fetchone()
        return found

    def remember(self, key: str, request: str, status: int, body: bytes, *, at: float) -> None:
        """Keep the answer that goes with an idempotency key."""
        self._execute(
            "insert or replace into answers values (?, ?, ?, ?, ?)", key, request, status, body, at
        )

    def issue(self, token: str, *, good_until: float) -> None:
        """Let a token in until then."""
        self._execute("insert into tokens values (?, ?)", token, good_until)

    def admits(self, token: str, *, now: float) -> bool:
        """Tell whether a token is still good."""
        query = "select count(*) from tokens where token = ? and good_until > ?"
        return bool(self._one(query, token, now))

    def forget_tokens(self) -> None:
        """Let no token in that was issued so far."""
        self._execute("delete from tokens")

    def forget_everything(self) -> None:
        """Become the books of an organisation that was founded just now; who is in stays in."""
        with self.transaction():
            for table in _FORGOTTEN:
                self._execute(f"delete from {table}")  # noqa: S608 - the names are these

    def setting(self, name: str) -> str:
        """Return a setting, "" when it was never made."""
        query = "select coalesce((select value from settings where name = ?), '')"
        return str(self._one(query, name))

    def set(self, name: str, value: str) -> None:
        """Make a setting."""
        self._execute("insert or replace into settings values (?, ?)", name, value)

    def _rows(self, condition: str, *values: Any) -> list[tuple[str]]:
        with self._lock:
            query = f"select body from documents where {condition} order by seq"  # noqa: S608
            return self._connection.execute(query, values).fetchall()

    def _one(self, query: str, *values: Any) -> Any:
        with self._lock:
            return self._connection.execute(query, values).fetchone()[0]

    def _execute(self, statement: str, *values: Any) -> None:
        with self._lock:
            self._connection.execute(statement, values)


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, default=str)
