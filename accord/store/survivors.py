"""What golden records say, whose word it is, and what was edited where it is not owned.

Everything here runs on the connection given, inside the caller's transaction, which has taken its
turn with `accord.store.golden.serialise`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from psycopg import Cursor, sql
from psycopg.rows import class_row

from accord.store.database import Connection
from accord.store.queries import listed, queries

AT_ONCE = 20_000
_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class Claims:
    """The authority over an entity, as the statement takes it; see `accord.authority`."""

    attributes: Sequence[str]
    together: Sequence[str]
    owners: Sequence[str]
    wins: Sequence[str | None]
    ranked: Sequence[str]
    systems: Sequence[str]
    ranks: Sequence[int]


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a golden record, as it is now."""

    golden_id: str
    record_id: int
    system: str
    stream: str
    source_key: str
    changed_at: datetime | None
    normal: Mapping[str, str]
    given: Mapping[str, str]
    echoed: Sequence[str]
    is_echo: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """A record that says something else than before; `previous` is None for one that we made.

    One that `is_adopted` was made by somebody, and we began to keep it up before we had read it.
    """

    record_id: int
    system: str
    stream: str
    source_key: str
    previous: Mapping[str, str] | None
    normal: Mapping[str, str]
    since: datetime | None
    was_echoed: Sequence[str]
    was_echo: bool
    is_new: bool
    is_adopted: bool


@dataclass(frozen=True, slots=True)
class Echo:
    """Which of a record's values are our own, come back; and whether all of it is."""

    record_id: int
    echoed: Sequence[str]
    is_echo: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """A value that a steward let win, and what authority said instead at that time."""

    record_id: int
    attribute: str
    value: str | None
    against: str | None
    golden_id: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """An edit in a system that does not own the field, and what is done about it."""

    record_id: int
    golden_id: str
    attribute: str
    owner: str
    was: str | None
    value: str | None
    golden_value: str | None
    state: Literal["held", "answered"]
    answer: Literal["", "overwrite", "accept_once"] = ""
    answered_by: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A conflict that waits for a steward, beside what the record says now."""

    conflict_id: int
    record_id: int
    attribute: str
    value: str | None
    golden_id: str
    system: str
    is_removed: bool
    now_value: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """How many golden records were created, changed and are no more."""

    created: int = 0
    changed: int = 0
    vanished: int = 0

    def __add__(self, other: Written) -> Written:
        """Count both."""
        return Written(
            self.created + other.created,
            self.changed + other.changed,
            self.vanished + other.vanished,
        )


@dataclass(frozen=True, slots=True)
class Survivors:
    """The golden tables of one entity, such as canonical.customers, written by one run."""

    connection: Connection
    entity: str
    table: tuple[str, str]
    columns: tuple[str, ...]
    claims: Claims
    at: datetime
    run_id: str

    def write(self, golden_ids: Iterable[str]) -> Written:
        """Write what these golden records say now, where that is not what they said.

        Their members are written too, and what systems keep until a steward has decided.
        """
        ids, written = sorted(set(golden_ids)), Written()
        self._run("golden_rows")
        for first in range(0, len(ids), AT_ONCE):
            some = listed(ids[first : first + AT_ONCE])
            self._run("clear_rows")
            self._run("rows", golden_ids=some, **_arrays(self.claims))
            created, changed = self._run("change").fetchone() or (0, 0)
            vanished = self._run("vanish", golden_ids=some).rowcount
            self.revise(row[0] for row in self._run("members", golden_ids=some).fetchall())
            written += Written(created, changed, vanished)
        return written

    def hold(self, golden_ids: Iterable[str]) -> None:
        """Let systems keep what they have in fields that wait for a steward, and only there."""
        rows = self._run("hold", golden_ids=listed(sorted(set(golden_ids)))).fetchall()
        self.revise(row[0] for row in rows)

    def revise(self, golden_ids: Iterable[str]) -> None:
        """Let destinations look at these golden records again."""
        self._run("revise", golden_ids=listed(sorted(set(golden_ids))))

    def resend(self, copies: Iterable[tuple[str, str]]) -> None:
        """Let these systems be sent these golden records again: they are not as we left them."""
        pairs = sorted(set(copies))
        systems, ids = [system for system, _ in pairs], [golden for _, golden in pairs]
        self._run("resend", systems=systems, golden_ids=ids)
        self.revise(ids)

    def values(self, golden_ids: Iterable[str]) -> dict[str, dict[str, str]]:
        """What these golden records say, as text; one that is no more is left out."""
        rows = self._run("golden_values", golden_ids=listed(sorted(set(golden_ids)))).fetchall()
        return {
            golden: {name: str(value) for name, value in content.items() if name != "golden_id"}
            for golden, content in rows
        }

    def members(self, golden_ids: Iterable[str]) -> dict[str, list[Row]]:
        """The records of these golden records that are not gone."""
        found: dict[str, list[Row]] = {}
        for row in self._rows(Row, "members_of", golden_ids=listed(sorted(set(golden_ids)))):
            found.setdefault(row.golden_id, []).append(row)
        return found

    def changed(self) -> list[Changed]:
        """The records of this consolidation that may hold edits, or our own values."""
        return self._rows(Changed, "changed_records")

    def once(self, records: Sequence[Changed]) -> dict[int, list[Mapping[str, Any]]]:
        """What was said of each record's golden record while that may still have been under way.

        Of a new one it is what was sent and what its own said, too, as that may have been merged.
        """
        found: dict[int, list[Mapping[str, Any]]] = {}
        values = {
            "records": [it.record_id for it in records],
            "since": [it.since if it.previous is not None else None for it in records],
        }
        for record, was in self._run("once_golden", **values).fetchall():
            found.setdefault(record, []).append(was)
        for record, sent in self._run("sent_new").fetchall():
            found.setdefault(record, []).append(sent)
        return found

    def golden_ids(self, records: Sequence[int]) -> dict[int, str]:
        """The golden id of each record."""
        return dict(self._run("golden_ids_of", records=listed(records)).fetchall())

    def mark_echoes(self, echoes: Sequence[Echo]) -> None:
        """Note which values are our own, come back."""
        self._run(
            "mark_echoes",
            records=[it.record_id for it in echoes],
            echoed=[",".join(it.echoed) for it in echoes],
            is_echo=[it.is_echo for it in echoes],
        )

    def note_edited(self, records: Iterable[int]) -> None:
        """Let these records, and no others that were there before, be as new as is told."""
        self._run("edited", records=sorted(set(records)))

    def accepted(self, golden_ids: Iterable[str]) -> list[Accepted]:
        """The values that were accepted once and stand."""
        return self._rows(Accepted, "accepted_of", golden_ids=listed(sorted(set(golden_ids))))

    def accept(self, conflict: Conflict, against: str | None, *, by: str) -> None:
        """Let an edited value win until what authority says is no longer `against`."""
        self._run(
            "accept",
            record=conflict.record_id,
            attribute=conflict.attribute,
            value=conflict.value,
            against=against,
            by=by,
        )

    def end_accepted(self, accepted: Sequence[Accepted]) -> None:
        """Let authority decide again."""
        self._run(
            "end_accepted",
            records=[it.record_id for it in accepted],
            attributes=[it.attribute for it in accepted],
        )

    def held(self, golden_ids: Iterable[str]) -> list[Held]:
        """The conflicts of these golden records that wait for a steward."""
        return self._rows(Held, "held_of", golden_ids=listed(sorted(set(golden_ids))))

    def open(self, conflict: Conflict) -> None:
        """Keep a conflict, waiting or answered."""
        self._run(
            "open_conflict",
            record=conflict.record_id,
            golden_id=conflict.golden_id,
            attribute=conflict.attribute,
            owner=conflict.owner,
            was=conflict.was,
            value=conflict.value,
            golden_value=conflict.golden_value,
            state=conflict.state,
            answer=conflict.answer,
            answered_at=self.at if conflict.state == "answered" else None,
            answered_by=conflict.answered_by,
        )

    def end(self, conflicts: Sequence[int]) -> None:
        """Note that these conflicts are none any more."""
        self._run("end_conflicts", conflicts=list(conflicts))

    def _rows(self, kind: type[_Kind], name: str, **values: object) -> list[_Kind]:
        with self.connection.cursor(row_factory=class_row(kind)) as cursor:
            return cursor.execute(self._statement(name), self._with(values)).fetchall()

    def _run(self, name: str, **values: object) -> Cursor[Any]:
        return self.connection.execute(self._statement(name), self._with(values))

    def _with(self, values: Mapping[str, object]) -> dict[str, object]:
        return {"entity": self.entity, "at": self.at, "run_id": self.run_id, **values}

    def _statement(self, name: str) -> bytes:
        return _written(name, self.entity, self.table, self.columns)


@functools.cache
def _written(name: str, entity: str, table: tuple[str, str], names: tuple[str, ...]) -> bytes:
    """A statement as it is for one entity, its table of survivors and that one's columns."""
    schema, _ = table
    columns = [sql.Identifier(column) for column in names]
    statement = sql.SQL(queries("survivors")[name]).format(
        golden=sql.Identifier(*table),
        members=sql.Identifier(schema, f"{entity}_members"),
        holds=sql.Identifier(schema, f"{entity}_holds"),
        columns=sql.SQL(", ").join(columns),
        values=sql.SQL(", ").join(sql.SQL("(new).{}").format(it) for it in columns),
        assignments=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(it) for it in columns),
    )
    return statement.as_bytes(None)


def _arrays(claims: Claims) -> dict[str, object]:
    return {
        name: list(getattr(claims, name))
        for name in ("attributes", "together", "owners", "wins", "ranked", "systems", "ranks")
    }
