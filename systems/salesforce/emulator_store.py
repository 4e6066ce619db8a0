"""Where the emulator keeps its org: one SQLite file, so that it survives a restart.

Deleted records stay in the recycle bin until they are purged; the log of deletions outlives them.
"""

from __future__ import annotations

import sqlite3
import string
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from systems.salesforce.emulator_objects import SOBJECTS, Field, SObject
from systems.salesforce.emulator_soql import Query

_LETTERS = string.ascii_uppercase + "012345"
_TYPES = {"boolean": "integer not null default 0", "double": "real", "datetime": "integer"}
_SCHEMA = """
create table if not exists journal (
    seq integer primary key autoincrement, at text not null, effect text not null,
    sobject text not null, record_id text not null, accord_id text not null
);
create table if not exists deletions (sobject text, record_id text, at integer);
create table if not exists tokens (token text primary key, good_until real not null);
create table if not exists settings (name text primary key, value text not null);
"""


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that a request really did to a record: created, updated or deleted."""

    seq: int
    at: str
    effect: str
    sobject: str
    record_id: str
    accord_id: str


class Records:
    """The org's records. Thread-safe: one transaction at a time."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        # A file of the sandbox need not outlive the machine.
        self._connection.executescript(
            f"pragma journal_mode = wal; pragma synchronous = off; {_SCHEMA}"
        )
        for sobject in SOBJECTS.values():
            self._connection.executescript(_table(sobject))
            self._add_columns(sobject)

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

    def now(self) -> int:
        """The org's time, in whole seconds as its records have it; it never runs backwards."""
        stamps = [self._one(f"select max(SystemModstamp) from {name}") for name in SOBJECTS]  # noqa: S608
        return max(int(self._clock()), *(stamp or 0 for stamp in stamps))

    def insert(self, sobject: SObject, values: Mapping[str, Any], *, at: int | None = None) -> str:
        """Add a record and return its new id."""
        number = int(self.setting(f"last {sobject.name}") or 0) + 1
        self.set(f"last {sobject.name}", str(number))
        record_id = _with_check(f"{sobject.prefix}Ac000{number:07}")
        moment = self.now() if at is None else at
        stamps = {"Id": record_id, "CreatedDate": moment, "SystemModstamp": moment}
        known = {**_derived(sobject, values), **stamps}
        marks = ",".join("?" * len(known))
        self._execute(
            f"insert into {sobject.name} ({','.join(known)}) values ({marks})",  # noqa: S608
            *known.values(),
        )
        return record_id

    def update(self, sobject: SObject, record_id: str, values: Mapping[str, Any]) -> None:
        """Change fields of a record."""
        before = self.record(sobject, record_id)
        known = {**_derived(sobject, {**(before or {}), **values}), "SystemModstamp": self.now()}
        changed = {name: known[name] for name in known if name in {*values, *_ALWAYS}}
        pairs = ",".join(f"{name} = ?" for name in changed)
        self._execute(
            f"update {sobject.name} set {pairs} where Id = ?",  # noqa: S608
            *changed.values(),
            record_id,
        )

    def delete(self, sobject: SObject, record_id: str) -> None:
        """Put a record into the recycle bin."""
        self.update(sobject, record_id, {"IsDeleted": True})
        self._execute("insert into deletions values (?, ?, ?)", sobject.name, record_id, self.now())

    def purge(self, sobject: SObject) -> None:
        """Empty the recycle bin."""
        self._execute(f"delete from {sobject.name} where IsDeleted")  # noqa: S608

    def record(self, sobject: SObject, record_id: str) -> dict[str, Any] | None:
        """A record by its id of 15 or 18 letters, also from the recycle bin."""
        found = self._rows(
            f"select * from {sobject.name} where substr(Id, 1, 15) = ?",  # noqa: S608
            record_id[:15],
        )
        return dict(found[0]) if found else None

    def all(self, sobject: SObject) -> list[dict[str, Any]]:
        """All records that are not deleted, oldest first."""
        query = f"select * from {sobject.name} where not IsDeleted order by rowid"  # noqa: S608
        return [dict(row) for row in self._rows(query)]

    def holding(self, sobject: SObject, field: Field, value: Any) -> list[dict[str, Any]]:
        """The records, not deleted, that have this value in a field."""
        query = f"select * from {sobject.name} where {field.name} = ? and not IsDeleted"  # noqa: S608
        return [dict(row) for row in self._rows(query, value)]

    def chosen(self, query: Query, *, deleted: bool) -> list[str]:
        """The ids of the records that a query finds, in its order."""
        limit = f"limit {query.limit}" if query.limit is not None else ""
        rows = self._rows(
            f"select Id from {query.sobject.name} where {_where(query, deleted)} "  # noqa: S608
            f"order by {query.order} {limit}",
            *query.values,
        )
        return [row[0] for row in rows]

    def counted(self, query: Query, *, deleted: bool) -> dict[str, Any]:
        """What a query of aggregates comes to, by label."""
        columns = ", ".join(sql for _, sql in query.columns)
        sql = f"select {columns} from {query.sobject.name} where {_where(query, deleted)}"  # noqa: S608
        [row] = self._rows(sql, *query.values)
        return {
            label: _moment(value) if "SystemModstamp" in told else value
            for (label, told), value in zip(query.columns, row, strict=True)
        }

    def shown(
        self, sobject: SObject, names: list[str], ids: list[str], *, base: str
    ) -> list[dict[str, Any]]:
        """These records as the API shows them, in the order of `ids`; those purged are left out."""
        marks = ",".join("?" * len(ids))
        columns = ", ".join(dict.fromkeys(["Id", *names]))
        found = {
            row["Id"]: row
            for row in self._rows(
                f"select {columns} from {sobject.name} where Id in ({marks})",  # noqa: S608
                *ids,
            )
        }
        fields = [field for name in names if (field := sobject.field(name))]
        return [
            {
                "attributes": {
                    "type": sobject.name,
                    "url": f"{base}/sobjects/{sobject.name}/{record_id}",
                },
                **{field.name: _value(field, found[record_id][field.name]) for field in fields},
            }
            for record_id in ids
            if record_id in found
        ]

    def deletions(self, sobject: SObject, start: float, end: float) -> list[tuple[str, str]]:
        """Ids and times of what was deleted in a span and is not back."""
        rows = self._rows(
            "select record_id, max(at) from deletions where sobject = ? and at >= ? and at < ? "
            "group by record_id order by 2, 1",
            sobject.name,
            start,
            end,
        )
        return [(row[0], str(_moment(row[1]))) for row in rows]

    def note(self, effect: str, sobject: SObject, record_id: str, accord_id: str) -> None:
        """Write an effect into the journal."""
        self._execute(
            "insert into journal (at, effect, sobject, record_id, accord_id)"
            " values (?, ?, ?, ?, ?)",
            datetime.fromtimestamp(self._clock(), UTC).isoformat(),
            effect,
            sobject.name,
            record_id,
            accord_id,
        )

    def journal(self) -> list[Effect]:
        """Return all effects, in order."""
        return [Effect(*row) for row in self._rows("select * from journal order by seq")]

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

    def setting(self, name: str) -> str:
        """Return a setting, "" when it was never made."""
        query = "select coalesce((select value from settings where name = ?), '')"
        return str(self._one(query, name))

    def set(self, name: str, value: str) -> None:
        """Make a setting."""
        self._execute("insert or replace into settings values (?, ?)", name, value)

    def forget_everything(self) -> None:
        """Lose all records and the journal; who is signed in stays so."""
        with self.transaction():
            for table in (*SOBJECTS, "journal", "deletions"):
                self._execute(f"delete from {table}")  # noqa: S608 - the names are these

    def _add_columns(self, sobject: SObject) -> None:
        """Give a file of earlier times the fields that the org has got since."""
        there = {row["name"] for row in self._rows(f"pragma table_info({sobject.name})")}
        for field in sobject.fields.values():
            if field.name not in there:
                self._execute(f"alter table {sobject.name} add column {_column(field)}")

    def _rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def _one(self, query: str, *values: Any) -> Any:
        return self._rows(query, *values)[0][0]

    def _execute(self, statement: str, *values: Any) -> None:
        with self._lock:
            self._connection.execute(statement, values)


_ALWAYS = ("SystemModstamp", "Name")


def _table(sobject: SObject) -> str:
    columns = ", ".join(_column(field) for field in sobject.fields.values())
    name = sobject.name
    email = "Email" if sobject.field("Email") else "Email__c"
    return (
        f"create table if not exists {name} ({columns});"
        f"create unique index if not exists {name}_id on {name} (Id);"
        f"create index if not exists {name}_short on {name} (substr(Id, 1, 15));"
        f"create index if not exists {name}_key on {name} (Accord_Id__c);"
        f"create index if not exists {name}_mail on {name} ({email});"
        f"create index if not exists {name}_changed on {name} (SystemModstamp, Id);"
    )


def _column(field: Field) -> str:
    return f"{field.name} {_TYPES.get(field.type, 'text collate nocase')}"


def _derived(sobject: SObject, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with what follows from them: a contact's whole name."""
    if sobject.name != "Contact":
        return dict(values)
    parts = (values.get("FirstName"), values.get("LastName"))
    return {**values, "Name": " ".join(part for part in parts if part)}


def _where(query: Query, deleted: bool) -> str:  # noqa: FBT001
    return query.condition if deleted else f"{query.condition} and not IsDeleted"


def _value(field: Field, value: Any) -> Any:
    if field.type == "datetime":
        return _moment(value)
    return bool(value) if field.type == "boolean" else value


def _moment(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _with_check(short: str) -> str:
    """The id of 18 letters that goes with one of 15: three more say which are capitals."""
    groups = (short[start : start + 5] for start in (0, 5, 10))
    return short + "".join(
        _LETTERS[sum(1 << place for place, letter in enumerate(group) if letter.isupper())]
        for group in groups
    )
