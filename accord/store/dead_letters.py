"""Dead letters: records nobody could process, kept with cause, original and remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from accord.records import Rejected
from accord.store.database import Connection
from accord.store.queries import queries


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One waiting dead letter, without its payload."""

    dead_letter_id: UUID
    stage: str
    name: str
    partition_key: str
    record_key: str
    cause: str
    detail: str
    remedy: str
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch of dead letters comes from: a stage, a stream or entity, one piece of it."""

    stage: str
    name: str
    piece: str
    run_id: str


def put(connection: Connection, rejected: Iterable[Rejected], origin: Origin) -> None:
    """Keep what was rejected; a record rejected again for the same cause stays one letter."""
    rows = [
        {
            "stage": origin.stage, "name": origin.name, "piece": origin.piece,
            "run_id": origin.run_id, "partition": item.partition, "key": item.key,
            "cause": item.cause, "detail": item.detail, "remedy": item.remedy,
            "payload": item.payload,
        }
        for item in rejected
    ]  # fmt: skip
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(queries("dead_letters")["put"], rows)


def resolve_absent(connection: Connection, origin: Origin) -> int:
    """Mark as resolved what this transaction did not put again; return how many."""
    return connection.execute(
        queries("dead_letters")["resolve_absent"],
        {"stage": origin.stage, "name": origin.name, "piece": origin.piece},
    ).rowcount


def waiting(connection: Connection) -> list[DeadLetter]:
    """All dead letters that wait for a person, by stream and partition."""
    with connection.cursor(row_factory=class_row(DeadLetter)) as cursor:
        return cursor.execute(queries("dead_letters")["waiting"]).fetchall()
