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
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who may sign in, since when, and when they last did."""

    who: str
    granted_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Known:
    """Who has signed in; `key` names their token without being it."""

    who: str
    key: str


def grant(connection: Connection, who: str, by: By) -> str:
    """Let a person sign in and return the token, which is shown once; an older one ends.

    Raises Stop when that is no name.
    """
    if not who.strip() or not who.isprintable() or len(who) > _LONGEST:
        raise Stop(
            "That is no name for a person",
            remedy=f"give up to {_LONGEST} plain characters, as the audit trail shall name them",
        )
    token = secrets.token_urlsafe(_BYTES)
    values = {"hash": _hash(token), "who": who, "by": by.who}
    connection.execute("select pg_advisory_xact_lock(hashtextextended('accord: sign-ins', 1))")
    connection.execute(queries("console")["revoke"], values)
    connection.execute(queries("console")["grant"], values)
    audit.note(connection, "grant_console", [who], by)
    return token


def revoke(connection: Connection, who: str, by: By) -> None:
    """End a person's sign-in, at once. Raises Stop when there is none."""
    done = connection.execute(queries("console")["revoke"], {"who": who, "by": by.who})
    if not done.rowcount:
        raise Stop(f"{who} has no sign-in", remedy="see `accord console list`")
    audit.note(connection, "revoke_console", [who], by)


def sign_in(connection: Connection, token: str) -> Known | None:
    """Say whose token this is, and note that they signed in; None when it is nobody's."""
    with connection.cursor(row_factory=class_row(Known)) as cursor:
        found = cursor.execute(queries("console")["find"], {"hash": _hash(token)}).fetchone()
    if found:
        audit.note(connection, "sign_in", [found.who], By(found.who))
    return found


def sign_out(connection: Connection, who: str) -> None:
    """Note that a person signed out."""
    audit.note(connection, "sign_out", [who], By(who))


def stands(connection: Connection, key: str) -> bool:
    """Tell whether the token that somebody signed in with still stands."""
    return connection.execute(queries("console")["stands"], {"key": key}).fetchone() == (True,)


def standing(connection: Connection) -> list[SignIn]:
    """Everybody who may sign in."""
    with connection.cursor(row_factory=class_row(SignIn)) as cursor:
        return cursor.execute(queries("console")["standing"]).fetchall()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
