"""Sign-ins to the console: a token for each person, of which only the hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from accord.errors import Stop
from accord.store import audit
from accord.store.audit import By
from accord.store.database import Connection
from accord.store.queries import queries

_BYTES = 24  # 192 random bits: nothing to guess, so a plain hash will do


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who may sign in, since when, and when they last did."""

    who: str
    granted_at: datetime
    last_used_at: datetime | None


def grant(connection: Connection, who: str, by: By) -> str:
    """Let a person sign in and return the token, which is shown once; an older one ends."""
    token = secrets.token_urlsafe(_BYTES)
    values = {"hash": _hash(token), "who": who, "by": by.who}
    connection.execute("select pg_advisory_xact_lock(hashtextextended('accord: sign-ins', 1))")
    connection.execute(queries("console")["revoke"], values)
    connection.execute(queries("console")["grant"], values)
    audit.note(connection, "grant_console", [who], by)
    return token


def revoke(connection: Connection, who: str, by: By) -> None:
    """End a person's sign-in. Raises Stop when there is none."""
    done = connection.execute(queries("console")["revoke"], {"who": who, "by": by.who})
    if not done.rowcount:
        raise Stop(f"{who} has no sign-in", remedy="see `accord console list`")
    audit.note(connection, "revoke_console", [who], by)


def whose(connection: Connection, token: str) -> str | None:
    """Say whose token this is, or None."""
    row = connection.execute(queries("console")["find"], {"hash": _hash(token)}).fetchone()
    return row[0] if row else None


def is_standing(connection: Connection, who: str) -> bool:
    """Tell whether a person may still sign in."""
    return any(item.who == who for item in standing(connection))


def standing(connection: Connection) -> list[SignIn]:
    """Everybody who may sign in."""
    with connection.cursor(row_factory=class_row(SignIn)) as cursor:
        return cursor.execute(queries("console")["standing"]).fetchall()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
