"""Which key the store's payloads are sealed with, and bringing all of them to another one.

The store knows keys by name only. The key in use is the same for all processes; it changes in one
transaction that seals every payload again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from accord.errors import Stop
from accord.sealing import VARIABLE, Key, Keyring
from accord.store.database import Connection
from accord.store.queries import queries

AT_ONCE = 100


def ring(connection: Connection) -> Keyring:
    """The keys this connection was given. Raises Stop when it has none."""
    if connection.sealing is None:
        raise Stop(
            "This connection was opened without sealing keys",
            remedy="open the store with `prepared(…, SealingKeys.of(settings))`",
        )
    return connection.sealing.ring()


def key_in_use(connection: Connection) -> Key:
    """The key to seal with in this transaction; a rotation waits for its end. Raises Stop."""
    row = connection.execute(queries("sealing")["in_use"]).fetchone()
    return named(ring(connection), row[0] if row else "")


def named(keys: Keyring, key_id: str) -> Key:
    """The key of that name. Raises Stop when it is not there."""
    if (key := keys.find(key_id)) is None:
        raise Stop(
            f"The store's payloads are sealed with the key {key_id}, which is not here",
            remedy=f"bring that key back (into {VARIABLE}, or sealing.key in ACCORD_HOME) and "
            "start again; without it the payloads cannot be read",
        )
    return key


def rotate(
    connection: Connection, new: Key, about: Callable[[Sequence[str]], bytes], *, lost: bool
) -> int:
    """Seal every payload with `new`, inside the caller's transaction; return how many.

    Writers wait meanwhile. Payloads whose key is not here are an error (Stop), or with `lost` they
    stay as they are, listed and unreadable.
    """
    sql, keys = queries("sealing"), ring(connection)
    connection.execute(sql["stop_writers"])
    connection.execute(sql["retire"], {"key_id": new.key_id})
    connection.execute(sql["use"], {"key_id": new.key_id})
    missing = [
        row[0]
        for row in connection.execute(sql["keys_with_payloads"]).fetchall()
        if keys.find(row[0]) is None
    ]
    if missing and not lost:
        named(keys, missing[0])
    count = 0
    for table in ("letters", "edits"):
        for rows in _batches(connection, sql[table], new.key_id, missing):
            with connection.cursor() as writer:
                writer.executemany(
                    sql[f"reseal_{table}"], [_resealed(row, keys, new, about) for row in rows]
                )
            count += len(rows)
    return count


def _batches(
    connection: Connection, statement: str, key_id: str, missing: Sequence[str]
) -> Iterator[list[tuple[Any, ...]]]:
    with connection.cursor(name="sealed") as cursor:
        cursor.execute(statement, {"key_id": key_id, "missing": list(missing)})
        while rows := cursor.fetchmany(AT_ONCE):
            yield rows


def _resealed(
    row: Sequence[Any], keys: Keyring, new: Key, about: Callable[[Sequence[str]], bytes]
) -> dict[str, object]:
    letter, edit, key_id, payload, *identity = row
    bound = about(identity)
    plain = named(keys, key_id).open(payload, bound)
    return {
        "letter": letter, "edit": edit, "key_id": new.key_id,
        "payload": new.seal(plain, bound), "digest": new.digest(plain, bound),
    }  # fmt: skip
