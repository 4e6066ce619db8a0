"""Alerts: what people were told, and how far each notice of it got.

An alert is an episode of a topic: from when it is first raised until it recovers. Only a change of
its state makes a notice; the same again is counted. Who is told, and how, is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg.rows import class_row

from accord.privacy import redacted
from accord.store.database import Connection
from accord.store.queries import queries

Severity = Literal["info", "warning", "error"]
Kind = Literal["raised", "changed", "recovered"]

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error")


@dataclass(frozen=True, slots=True)
class Notice:
    """One change of an alert's state, to be told to everybody whom `reach` concerns."""

    notice_id: int
    kind: Kind
    topic: str
    severity: Severity
    reach: Severity
    owner: str
    subject: str
    message: str
    run_id: str
    noticed_at: datetime


@dataclass(frozen=True, slots=True)
class Claimed(Notice):
    """A notice that this process is about to send, for the how-manieth time."""

    attempts: int


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert that is raised now."""

    topic: str
    severity: Severity
    message: str
    raised_at: datetime
    first_run_id: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """An alert with all there is to say about it."""

    alert_id: int
    topic: str
    severity: Severity
    state: str
    owner: str
    subject: str
    message: str
    run_id: str
    repeats: int
    raised_at: datetime
    last_raised_at: datetime
    recovered_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    deliveries: Sequence[str]


@dataclass(frozen=True, slots=True)
class ChannelRecord:
    """What became of a channel's deliveries so far."""

    channel: str
    pending: int
    failed: int
    last_sent_at: datetime | None
    last_error: str


def change(before: Severity | None, severity: Severity | None) -> Kind | None:
    """The notice that a step from one state to the next deserves; no severity means not raised."""
    if before == severity:
        return None
    if severity is None:
        return "recovered"
    return "raised" if before is None else "changed"


def raise_alert(
    connection: Connection,
    *,
    topic: str,
    severity: Severity,
    subject: str,
    message: str,
    owner: str = "",
    run_id: str = "",
) -> Kind | None:
    """Raise `topic`, or count it when it stands as it is; return what people will be told.

    Neither subject nor message may hold a record's values; secrets are blotted out.
    """
    words = {"subject": redacted(subject), "message": redacted(message), "run_id": run_id}
    about = {"topic": topic, "severity": severity, "owner": owner, **words}
    rows = connection.execute(queries("alerts")["raise"], about).fetchall()
    ((alert_id, before, worst),) = rows
    kind = change(before, severity)
    if kind:
        _notice(connection, {**about, "alert_id": alert_id, "kind": kind, "reach": worst})
    return kind


def recover(connection: Connection, topic: str, *, message: str, run_id: str = "") -> bool:
    """Say that what `topic` was raised for is over; False when it was not raised."""
    found = connection.execute(queries("alerts")["recover"], {"topic": topic}).fetchone()
    if found is None:
        return False
    alert_id, severity, worst, owner, subject = found
    _notice(
        connection,
        {
            "alert_id": alert_id, "kind": "recovered", "topic": topic, "severity": severity,
            "reach": worst, "owner": owner, "subject": subject, "message": redacted(message),
            "run_id": run_id,
        },
    )  # fmt: skip
    return True


def acknowledge(connection: Connection, topic: str, *, by: str) -> bool:
    """Note that `by` has seen the alert; False when the topic is not raised."""
    values = {"topic": topic, "by": by}
    return connection.execute(queries("alerts")["acknowledge"], values).rowcount > 0


def standing(connection: Connection) -> dict[str, Standing]:
    """The alerts raised now, by topic."""
    with connection.cursor(row_factory=class_row(Standing)) as cursor:
        found = cursor.execute(queries("alerts")["standing"]).fetchall()
    return {item.topic: item for item in found}


def listed(connection: Connection, *, recovered: bool = False, limit: int = 100) -> list[Listed]:
    """The alerts raised now and, when asked for, those that recovered; the latest first."""
    with connection.cursor(row_factory=class_row(Listed)) as cursor:
        values = {"all": recovered, "limit": limit}
        return cursor.execute(queries("alerts")["listed"], values).fetchall()


def unrouted(connection: Connection) -> list[Notice]:
    """Notices nobody has yet been chosen for, locked for this transaction; oldest first."""
    with connection.cursor(row_factory=class_row(Notice)) as cursor:
        return cursor.execute(queries("alerts")["unrouted"]).fetchall()


def route(connection: Connection, routes: Mapping[int, Iterable[str]], *, at: datetime) -> None:
    """Store the channels that each notice goes to; one without any is settled by that."""
    rows = [
        {"notice_id": notice, "channel": channel, "at": at}
        for notice, channels in routes.items()
        for channel in channels
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(queries("alerts")["route"], rows)
    connection.execute(queries("alerts")["routed"], {"notices": list(routes), "at": at})


def claim(connection: Connection, channel: str, *, at: datetime, until: datetime) -> Claimed | None:
    """Take a channel's oldest notice, if it is due; the claim ends by itself at `until`."""
    with connection.cursor(row_factory=class_row(Claimed)) as cursor:
        values = {"channel": channel, "at": at, "until": until}
        return cursor.execute(queries("alerts")["claim"], values).fetchone()


def sent(connection: Connection, notice_id: int, channel: str, *, at: datetime) -> None:
    """Note that the channel took the notice."""
    values = {"notice_id": notice_id, "channel": channel, "at": at}
    connection.execute(queries("alerts")["sent"], values)


def not_sent(
    connection: Connection,
    notice_id: int,
    channel: str,
    *,
    error: str,
    at: datetime,
    again: datetime | None,
) -> None:
    """Note that the channel did not take the notice, and when to try again, if ever."""
    values = {
        "notice_id": notice_id, "channel": channel, "error": error, "at": at, "again": again,
    }  # fmt: skip
    connection.execute(queries("alerts")["not_sent"], values)


def abandon(
    connection: Connection, channels: Iterable[str], *, at: datetime, older_than: datetime
) -> int:
    """Give up what is too old or for any other channel than these; return how many messages."""
    values = {"channels": list(channels), "at": at, "older_than": older_than}
    return connection.execute(queries("alerts")["abandon"], values).rowcount


def channel_records(connection: Connection) -> dict[str, ChannelRecord]:
    """What became of the deliveries so far, by channel."""
    with connection.cursor(row_factory=class_row(ChannelRecord)) as cursor:
        found = cursor.execute(queries("alerts")["channels"]).fetchall()
    return {item.channel: item for item in found}


def _notice(connection: Connection, values: Mapping[str, object]) -> None:
    connection.execute(queries("alerts")["notice"], values)
