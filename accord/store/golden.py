"""Source records of entities with golden records: what changed, and how they stand now.

Everything here runs on the connection given, inside the caller's transaction, which has taken its
turn with `serialise`. Who is who is in `accord.store.identity`, what golden records say in
`accord.store.survivors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from psycopg import sql
from psycopg.rows import class_row

from accord.names import StreamName
from accord.store.database import Connection
from accord.store.queries import for_table, listed, queries

AT_ONCE = 2_500

Valued = tuple[int, Mapping[str, str]]
"""A record, and its values: normalised, or as given where they cannot be read."""

_COPY = (
    "copy incoming_records"
    " (system, stream, source_key, landed_version, changed_at, known_golden_id, given, normal)"
    " from stdin"
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What waits for a steward of an entity, and how many golden records there are."""

    reviews: int
    conflicts: int
    golden: int


@dataclass(frozen=True, slots=True)
class Pass:
    """When an entity was last consolidated, and under which contract."""

    basis: str
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a stream was read, and by which code."""

    version: int = 0
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What a record said when it was last read, as given and as normalised."""

    source_key: str
    given: Mapping[str, str]
    known_golden_id: str | None
    normal: Mapping[str, str]

    def says(self, given: Mapping[str, str], known_golden_id: str | None) -> bool:
        """Whether it said just this."""
        return self.given == given and self.known_golden_id == known_golden_id


@dataclass(frozen=True, slots=True)
class Incoming:
    """One record of a system that is new or says something else than before."""

    system: str
    stream: str
    source_key: str
    landed_version: int
    changed_at: datetime | None
    known_golden_id: str | None
    given: Mapping[str, str]
    normal: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """How many records were kept for the first time, kept anew, and are gone."""

    new: int = 0
    changed: int = 0
    removed: int = 0


def standing(connection: Connection, entity: str) -> Standing:
    """What waits for a steward, and how many golden records there are."""
    with connection.cursor(row_factory=class_row(Standing)) as cursor:
        found = cursor.execute(queries("golden")["standing"], {"entity": entity}).fetchone()
    return found or Standing(0, 0, 0)


def serialise(connection: Connection, entity: str) -> None:
    """Wait until nobody else changes this entity's golden records; held to the end."""
    connection.execute(queries("golden")["serialise"], {"entity": entity})


def last_pass(connection: Connection, entity: str) -> Pass | None:
    """The last consolidation, or None before the first."""
    with connection.cursor(row_factory=class_row(Pass)) as cursor:
        return cursor.execute(queries("golden")["pass"], {"entity": entity}).fetchone()


def note_pass(connection: Connection, entity: str, *, basis: str, at: datetime) -> None:
    """Note that the entity was consolidated."""
    connection.execute(queries("golden")["note_pass"], {"entity": entity, "basis": basis, "at": at})


def mark(connection: Connection, entity: str, stream: StreamName) -> Mark:
    """How far consolidation has read a stream."""
    with connection.cursor(row_factory=class_row(Mark)) as cursor:
        values = {"entity": entity, "stream": str(stream)}
        return cursor.execute(queries("golden")["mark"], values).fetchone() or Mark()


def move_mark(connection: Connection, entity: str, stream: StreamName, mark: Mark) -> None:
    """Note how far consolidation has read a stream, in the transaction that keeps its records."""
    connection.execute(
        queries("golden")["move_mark"],
        {"entity": entity, "stream": str(stream), "version": mark.version, "basis": mark.basis},
    )


def landed_since(connection: Connection, stream: StreamName, version: int) -> dict[str, int]:
    """The records of a stream that have landed, or are gone, since; with their newest version."""
    statement = for_table(queries("golden")["landed_since"], stream.table)
    return dict(connection.execute(statement, {"version": version}).fetchall())


def newest_landed(connection: Connection, stream: StreamName) -> int:
    """The newest version of a stream."""
    row = connection.execute(for_table(queries("golden")["newest_landed"], stream.table)).fetchone()
    return int(row[0]) if row else 0


def told(
    connection: Connection, view: tuple[str, str], stream: str, keys: Sequence[str] | None
) -> Iterator[list[dict[str, Any]]]:
    """What a feeding view tells of these records, or of all, in bounded numbers."""
    statement = sql.SQL("select * from {} where stream = %(stream)s").format(sql.Identifier(*view))
    values: dict[str, object] = {"stream": stream}
    if keys is not None:
        statement += sql.SQL(" and source_key = any(%(keys)s)")
        values["keys"] = list(keys)
    with connection.cursor(name="told") as cursor:
        cursor.execute(statement, values)
        names = [column.name for column in cursor.description or ()]
        while rows := cursor.fetchmany(AT_ONCE):
            yield [dict(zip(names, row, strict=True)) for row in rows]


def begin(connection: Connection) -> None:
    """Make the place for what this consolidation deals with."""
    connection.execute(queries("golden")["incoming"])


def known(
    connection: Connection, entity: str, stream: StreamName, keys: Sequence[str]
) -> dict[str, Known]:
    """What these records said when they were last read, by their keys."""
    values = {
        "entity": entity,
        "system": stream.system,
        "stream": stream.stream,
        "keys": list(keys),
    }
    rows = connection.execute(queries("golden")["known_records"], values).fetchall()
    return {row[0]: Known(*row) for row in rows}


def live_keys(connection: Connection, entity: str, stream: StreamName) -> set[str]:
    """The keys of all records of a stream that are not gone."""
    values = {"entity": entity, "system": stream.system, "stream": stream.stream}
    return {row[0] for row in connection.execute(queries("golden")["live_keys"], values).fetchall()}


def bring(connection: Connection, records: Iterable[Incoming]) -> None:
    """Put records into what this consolidation deals with."""
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for it in records:
            copy.write_row(
                (
                    it.system, it.stream, it.source_key, it.landed_version, it.changed_at,
                    it.known_golden_id, _encoded(it.given), _encoded(it.normal),
                )
            )  # fmt: skip


def remove(
    connection: Connection,
    entity: str,
    stream: StreamName,
    keys: Sequence[str],
    *,
    at: datetime,
    run_id: str,
) -> int:
    """Note that these records are gone; return how many there were."""
    values = {
        "entity": entity, "system": stream.system, "stream": stream.stream, "keys": list(keys),
        "at": at, "run_id": run_id,
    }  # fmt: skip
    return connection.execute(queries("golden")["remove"], values).rowcount


def keep(
    connection: Connection, entity: str, *, since: datetime, at: datetime, run_id: str
) -> Kept:
    """Keep what was brought: new records get their ids, changed ones remember what they said."""
    values = {"entity": entity, "since": since, "at": at, "run_id": run_id}
    for name in ("know_again", "keep_changed", "keep_new"):
        connection.execute(queries("golden")[name], values)
    row = connection.execute(queries("golden")["tally"]).fetchone()
    return Kept(*row) if row else Kept()


def touched(connection: Connection) -> list[int]:
    """The records that this consolidation deals with."""
    return [row[0] for row in connection.execute(queries("golden")["touched"]).fetchall()]


def compared_anew(connection: Connection, columns: Sequence[str]) -> list[int]:
    """Those of the records that are new, or not what they were in one of these columns."""
    rows = connection.execute(queries("golden")["compared_anew"], {"columns": list(columns)})
    return [row[0] for row in rows.fetchall()]


def gone(connection: Connection) -> list[int]:
    """Those of the records that are gone."""
    return [row[0] for row in connection.execute(queries("golden")["gone"]).fetchall()]


def golden_ids(connection: Connection, entity: str) -> list[str]:
    """Every golden id of an entity that stands for itself."""
    rows = connection.execute(queries("golden")["golden_ids"], {"entity": entity})
    return [row[0] for row in rows.fetchall()]


def live_values(connection: Connection, entity: str) -> Iterator[Valued]:
    """What all records that are not gone are compared by."""
    with connection.cursor(name="live") as cursor:
        cursor.execute(queries("golden")["live_values"], {"entity": entity})
        yield from cursor


def values_of(connection: Connection, records: Sequence[int]) -> list[Valued]:
    """What those of these records that are not gone are compared by."""
    rows = connection.execute(queries("golden")["values_of"], {"records": listed(records)})
    return rows.fetchall()


def identifiers_of(
    connection: Connection, records: Sequence[int], names: Sequence[str]
) -> list[tuple[int, str, str]]:
    """What these records have in columns that identify, as (record, column, value).

    An identifier that is not valid is none.
    """
    values = {"records": listed(records), "names": list(names)}
    return connection.execute(queries("golden")["identifiers_of"], values).fetchall()


def counted(connection: Connection, entity: str) -> tuple[int, int]:
    """How many records are not gone, and how many of them already belong to somebody."""
    live, matched = (
        connection.execute(queries("golden")[name], {"entity": entity}).fetchone() or (0,)
        for name in ("live_count", "matched_count")
    )
    return int(live[0]), int(matched[0])


def post(
    connection: Connection, entity: str, *, read: int, kept: Kept, unchanged: int, run_id: str
) -> None:
    """Post what was read to the ledger; an unbalanced entry is refused there."""
    values = {
        "entity": entity, "read": read, "kept": kept.new + kept.changed, "unchanged": unchanged,
        "removed": kept.removed, "run_id": run_id,
    }  # fmt: skip
    connection.execute(queries("golden")["post"], values)


def keep_model(
    connection: Connection, entity: str, *, version: str, model: str, records: int, by: str
) -> None:
    """Keep a matching model; the newest is in force."""
    values = {
        "entity": entity, "version": version, "model": model, "records": records, "by": by,
    }  # fmt: skip
    connection.execute(queries("golden")["keep_model"], values)


def model(connection: Connection, entity: str) -> str | None:
    """The matching model in force, as it was kept."""
    row = connection.execute(queries("golden")["model"], {"entity": entity}).fetchone()
    return row[0] if row else None


def _encoded(said: Mapping[str, str]) -> str:
    return msgspec.json.encode(said).decode()
