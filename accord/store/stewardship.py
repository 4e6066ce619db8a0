"""What stewards see of dead letters and do with them, one statement each; who does it is audited.

Nothing here is ever deleted: an edit stands beside the original, a discard is a mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row, dict_row

from accord.errors import Stop
from accord.records import Original
from accord.store import audit, sealed
from accord.store.audit import By
from accord.store.database import Connection
from accord.store.dead_letters import about
from accord.store.queries import for_table, queries

WAITING, STATES = ("waiting",), ("waiting", "resolved", "discarded")
_ID = re.compile(r"[0-9a-f-]{4,36}")


@dataclass(frozen=True, slots=True)
class Which:
    """The letters meant: by whole ids, or by what else is known of them; None asks nothing.

    `name` is a stream, entity or flow, or the system of a stream or delivery. `since` and `until`
    are about when a letter was first seen.
    """

    ids: Sequence[str] = ()
    cause: str | None = None
    name: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    partition: str | None = None
    states: Sequence[str] = WAITING


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter with everything that is known of it, but for what it holds."""

    dead_letter_id: str
    stage: str
    name: str
    piece: str
    partition_key: str
    record_key: str
    cause: str
    detail: str
    remedy: str
    shape: str
    state: str
    key_id: str
    first_run_id: str
    last_run_id: str
    first_seen_at: datetime
    last_seen_at: datetime
    settled_at: datetime | None
    discarded_by: str | None
    discarded_why: str | None
    replays: int
    replayed_by: str | None
    replayed_at: datetime | None
    replayed_run_id: str | None
    replayed_outcome: str | None
    edits: int


@dataclass(frozen=True, slots=True)
class Version:
    """What a letter held: as received (`edit` 0), or as somebody edited it."""

    edit: int
    payload: bytes
    edited_by: str
    edited_at: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Cause:
    """The waiting letters of one cause, counted."""

    stage: str
    name: str
    cause: str
    records: int
    newest: datetime
    remedy: str


def find(connection: Connection, which: Which) -> list[Letter]:
    """The letters meant, by cause, name and partition."""
    values = {
        "ids": list(which.ids), "cause": which.cause, "name": which.name, "since": which.since,
        "until": which.until, "partition": which.partition, "states": list(which.states),
    }  # fmt: skip
    with connection.cursor(row_factory=class_row(Letter)) as cursor:
        return cursor.execute(queries("stewardship")["find"], values).fetchall()


def identified(connection: Connection, names: Iterable[str]) -> list[str]:
    """The whole ids meant by their beginnings or ends. Raises Stop for none, or more than one."""
    found = []
    for name in names:
        asked = {"name": name.lower()}
        rows = (
            connection.execute(queries("stewardship")["named"], asked).fetchall()
            if _ID.fullmatch(name.lower())
            else []
        )
        if len(rows) != 1:
            raise Stop(
                f"{'More than one dead letter is' if rows else 'No dead letter is'} called {name}",
                remedy="give the whole id, or its last characters; `accord dlq list --each` "
                "shows the ids",
            )
        found.append(str(rows[0][0]))
    return found


def causes(connection: Connection) -> list[Cause]:
    """The letters that wait, by cause."""
    with connection.cursor(row_factory=class_row(Cause)) as cursor:
        return cursor.execute(queries("stewardship")["waiting_by_cause"]).fetchall()


def originals(connection: Connection, ids: Sequence[str]) -> dict[str, Original]:
    """What each letter holds now, opened, by id."""
    keys, found = sealed.ring(connection), {}
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(queries("stewardship")["originals"], {"ids": list(ids)}):
            found[row["dead_letter_id"]] = Original(
                key=row["record_key"],
                payload=sealed.named(keys, row["key_id"]).open(row["payload"], _bound(row)),
                partition=row["partition_key"],
                shape=row["shape"],
                cause=row["cause"],
                edited=row["edited"],
            )
    return found


def reveal(connection: Connection, letter: Letter, by: By) -> list[Version]:
    """Everything a letter ever held, opened; that it was seen, and by whom, is audited."""
    audit.note(connection, "reveal", [letter.dead_letter_id], by)
    keys = sealed.ring(connection)
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(queries("stewardship")["versions"], {"id": letter.dead_letter_id})
        return [
            Version(
                row["edit"],
                sealed.named(keys, row["key_id"]).open(row["payload"], _bound(row)),
                row["edited_by"],
                row["edited_at"],
                row["why"],
            )
            for row in rows
        ]


def edit(connection: Connection, letter: Letter, payload: bytes, by: By) -> None:
    """Put a correction beside the original. Raises Stop when it was settled or edited meanwhile."""
    if not lock(connection, [letter]):
        raise Stop(
            f"The dead letter {letter.dead_letter_id} was settled or edited meanwhile",
            remedy="look at it again with `accord dlq show`",
        )
    key = sealed.key_in_use(connection)
    bound = about(letter.stage, letter.name, letter.piece, letter.record_key)
    values = {
        "id": letter.dead_letter_id, "edit": letter.edits + 1, "key_id": key.key_id,
        "payload": key.seal(payload, bound), "who": by.who, "why": by.why,
    }  # fmt: skip
    connection.execute(queries("stewardship")["add_edit"], values)
    audit.note(connection, "edit", [letter.dead_letter_id], by, detail=f"edit {letter.edits + 1}")


def discard(connection: Connection, ids: Sequence[str], by: By) -> list[str]:
    """Mark waiting letters as discarded; return which. Raises Stop when no reason is given."""
    if not by.why.strip():
        raise Stop("A discard needs its reason", remedy="say why the record is not needed")
    values = {"ids": list(ids), "who": by.who, "why": by.why}
    rows = connection.execute(queries("stewardship")["discard"], values).fetchall()
    done = [row[0] for row in rows]
    audit.note(connection, "discard", done, by)
    return done


def restore(connection: Connection, ids: Sequence[str], by: By) -> list[str]:
    """Let discarded letters wait again, as if they had never been discarded; return which."""
    rows = connection.execute(queries("stewardship")["restore"], {"ids": list(ids)}).fetchall()
    done = [row[0] for row in rows]
    audit.note(connection, "restore", done, by)
    return done


def lock(connection: Connection, letters: Iterable[Letter]) -> set[str]:
    """Of these letters those that still wait as they were seen, kept so for this transaction."""
    seen = list(letters)
    values = {
        "ids": [letter.dead_letter_id for letter in seen],
        "edits": [letter.edits for letter in seen],
    }
    return {row[0] for row in connection.execute(queries("stewardship")["lock"], values)}


def note_replay(
    connection: Connection,
    letters: Iterable[Letter],
    by: By,
    *,
    run_id: str,
    outcome: str,
    settled: bool = False,
) -> None:
    """Note on each letter that it was replayed and what came of it; `settled` resolves it."""
    ids = [letter.dead_letter_id for letter in letters]
    values = {
        "ids": ids, "who": by.who, "run_id": run_id, "outcome": outcome, "settled": settled,
    }  # fmt: skip
    connection.execute(queries("stewardship")["replayed"], values)
    audit.note(connection, "replay", ids, by, detail=outcome)


def judge_again(connection: Connection, partitions: Iterable[str]) -> None:
    """Let the gates judge these partitions anew at the next pass, though nothing changed."""
    connection.execute(queries("stewardship")["judge_again"], {"partitions": sorted(partitions)})


def write_again(connection: Connection, flow: str, pieces: Iterable[str]) -> None:
    """Let refused writes of these objects be due again; the next pass makes new ones."""
    values = {"flow": flow, "pieces": sorted(pieces)}
    connection.execute(queries("stewardship")["write_again"], values)


def is_overtaken(
    connection: Connection,
    table: str,
    *,
    partitions: Sequence[str],
    keys: Sequence[str],
    seen: datetime,
) -> bool:
    """Tell whether any of these records got another version after `seen`."""
    statement = for_table(queries("stewardship")["newer"], table)
    values = {"partitions": list(partitions), "keys": list(keys), "seen": seen}
    return connection.execute(statement, values).fetchone() == (True,)


def newest_day(connection: Connection) -> str:
    """The last day that was built, or "" before the first."""
    row = connection.execute(queries("stewardship")["newest_day"]).fetchone()
    return row[0] or "" if row else ""


def unfinished(connection: Connection) -> list[tuple[str, str, str, datetime]]:
    """Stage, name and day of replayed letters over which no run has gone since, and since when."""
    return connection.execute(queries("stewardship")["unfinished"]).fetchall()


def _bound(row: dict[str, Any]) -> bytes:
    return about(row["stage"], row["name"], row["piece"], row["record_key"])
