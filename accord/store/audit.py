"""The audit trail: who did what, when and why; append-only, each entry chained to those before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg.rows import class_row

from accord.store.database import Connection
from accord.store.queries import queries

What = Literal[
    "reveal", "edit", "replay", "discard", "rotate_key", "grant_console", "revoke_console",
    "sign_in", "sign_out",
    "approve", "match_link", "match_apart", "merge", "unmerge", "match_undo", "answer",
    "answer_undo", "restore", "retrain",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class By:
    """Who does something to the store by hand, and why."""

    who: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the trail."""

    at: datetime
    who: str
    what: str
    subject: str
    why: str
    detail: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain; noted elsewhere, it also shows whether the last entries are gone."""

    entries: int
    hash: str | None


def note(
    connection: Connection, what: What, subjects: Sequence[str], by: By, *, detail: str = ""
) -> None:
    """Add an entry for each subject, in the transaction of what was done to it.

    `detail` holds no record's values.
    """
    values = {
        "who": by.who, "why": by.why, "what": what, "subjects": list(subjects), "detail": detail,
    }  # fmt: skip
    connection.execute(queries("audit")["note"], values)


def entries_about(connection: Connection, subject: str) -> list[Entry]:
    """What was done to one subject, oldest first."""
    with connection.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(queries("audit")["about"], {"subject": subject}).fetchall()


def broken(connection: Connection) -> list[int]:
    """The entries that were altered, or before which some are missing."""
    return [row[0] for row in connection.execute(queries("audit")["broken"]).fetchall()]


def head(connection: Connection) -> Head:
    """The end of the chain as it is now."""
    with connection.cursor(row_factory=class_row(Head)) as cursor:
        return cursor.execute(queries("audit")["head"]).fetchone() or Head(0, None)
