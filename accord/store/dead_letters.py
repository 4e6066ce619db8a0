"""Dead letters: records nobody could process, kept with cause, sealed original and remedy.

Here they are put and resolved; what stewards do with them is in `accord.store.stewardship`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from accord.records import Rejected
from accord.store import sealed
from accord.store.database import Connection
from accord.store.queries import queries


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One waiting dead letter, without its payload; `part` is the system and kind it was for."""

    dead_letter_id: UUID
    stage: str
    name: str
    part: str
    partition_key: str
    record_key: str
    cause: str
    detail: str
    remedy: str
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a batch of dead letters comes from: a stage, a stream or entity, one piece of it.

    `shape` tells how to decode the payloads, as in the reading they come from.
    """

    stage: str
    name: str
    piece: str
    run_id: str
    shape: str = ""


def about(stage: str, name: str, piece: str, record_key: str) -> bytes:
    """The identity of a record, to which its sealed payload is bound."""
    return "\0".join((stage, name, piece, record_key)).encode()


def as_payload(value: object) -> bytes:
    """Any value as the bytes to keep: bytes as they are, everything else as JSON.

    What JSON has no form for is kept as text, binary values inside in base64.
    """
    if isinstance(value, bytes):
        return value
    return json.dumps(value, sort_keys=True, default=_text).encode("utf-8", "surrogatepass")


def put(connection: Connection, rejected: Iterable[Rejected], origin: Origin) -> None:
    """Keep what was rejected; a record rejected again for the same cause stays one letter."""
    put_all(connection, ((item, origin) for item in rejected))


def put_all(connection: Connection, rejected: Iterable[tuple[Rejected, Origin]]) -> None:
    """Keep what was rejected in different places, each beside where it comes from."""
    items = list(rejected)
    if not items:
        return
    key = sealed.key_in_use(connection)
    rows = []
    for item, origin in items:
        record_key = storable(item.key)
        bound = about(origin.stage, origin.name, origin.piece, record_key)
        rows.append(
            {
                "stage": origin.stage, "name": origin.name, "piece": origin.piece,
                "run_id": origin.run_id, "partition": item.partition, "key": record_key,
                "cause": item.cause, "detail": storable(item.detail), "remedy": item.remedy,
                "shape": storable(origin.shape), "key_id": key.key_id,
                "payload": key.seal(item.payload, bound),
                "digest": key.digest(item.payload, bound),
            }
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(queries("dead_letters")["put"], rows)


def resolve_absent(connection: Connection, origin: Origin) -> int:
    """Mark as resolved what this transaction did not put again; return how many."""
    return connection.execute(
        queries("dead_letters")["resolve_absent"],
        {"stage": origin.stage, "name": origin.name, "piece": origin.piece},
    ).rowcount


def resolve_overtaken(connection: Connection, origin: Origin) -> int:
    """Mark as resolved what this transaction put again as it is now; return how many."""
    return connection.execute(
        queries("dead_letters")["resolve_overtaken"],
        {"stage": origin.stage, "name": origin.name, "piece": origin.piece},
    ).rowcount


def resolve_pieces(connection: Connection, stage: str, name: str, pieces: Sequence[str]) -> int:
    """Mark as resolved what this transaction did not put again of several pieces at once."""
    about_all = {"stage": stage, "name": name}
    if connection.execute(queries("dead_letters")["has_waiting"], about_all).fetchone() != (True,):
        return 0
    return connection.execute(
        queries("dead_letters")["resolve_pieces"], {**about_all, "pieces": list(pieces)}
    ).rowcount


def waiting(connection: Connection) -> list[DeadLetter]:
    """All dead letters that wait for a person, by stream and partition."""
    with connection.cursor(row_factory=class_row(DeadLetter)) as cursor:
        return cursor.execute(queries("dead_letters")["waiting"]).fetchall()


def storable(text: str) -> str:
    """Return a text without what no text column can hold: NUL and half characters, written out."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode()


def _text(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode()
    return str(value)
