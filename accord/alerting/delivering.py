"""Getting stored notices to the channels they concern: at least once, in order, a few at a time.

A notice is stored with what it is about; only afterwards, outside that transaction, is it sent.
Whoever is killed between the sending and the noting of it makes the message arrive twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from accord.alerting.decide import (
    OPERATIONS,
    Message,
    channel_topic,
    channels_gone,
    next_attempt,
    routed,
    worded,
)
from accord.contracts.channels import Channel
from accord.store import alerts
from accord.store.database import Connection, Role, Store

CLAIM = timedelta(minutes=2)
NEWS = timedelta(days=1)
"""How long a notice is worth sending."""


class Sender(Protocol):
    """What takes messages to channels."""

    def is_on(self, channel: Channel) -> bool:
        """Whether the channel has an address."""

    def send(self, channel: Channel, message: Message) -> str:
        """Send; return the class of the error, empty when the message was taken."""


@dataclass(slots=True)
class Told:
    """What one delivery came to: messages taken, and the error class of each failing channel."""

    sent: int
    failing: dict[str, str]


def _now() -> datetime:
    return datetime.now(UTC)


def deliver_pending(
    store: Store,
    channels: Mapping[str, Channel],
    sender: Sender,
    *,
    clock: Callable[[], datetime] = _now,
    seconds: float = 30.0,
) -> Told:
    """Send what is due, for about so many seconds; a channel that fails is left for later.

    Its failure is stored and raised as an alert of its own, which the other channels tell.
    """
    until = clock() + timedelta(seconds=seconds)
    told = Told(0, {})
    with store.session(Role.DELIVERER) as connection:
        _give_up(connection, channels, clock())
        # Another process may have an address that this one has not, so all are routed to.
        on = [channel for channel in channels.values() if sender.is_on(channel)]
        progress = True
        while progress and clock() < until:
            _route(connection, channels, clock())
            progress = False
            for channel in on:
                if channel.name not in told.failing and clock() < until:
                    progress |= _deliver_one(connection, channel, sender, told, clock)
    return told


def _route(connection: Connection, channels: Mapping[str, Channel], now: datetime) -> None:
    with connection.transaction():
        if notices := alerts.unrouted(connection):
            routes = {notice.notice_id: routed(notice, channels.values()) for notice in notices}
            alerts.route(connection, routes, at=now)


def _give_up(connection: Connection, channels: Mapping[str, Channel], now: datetime) -> None:
    with connection.transaction():
        alerts.abandon(connection, channels, at=now, older_than=now - NEWS)
        for topic in channels_gone(alerts.standing(connection), channels):
            alerts.recover(connection, topic, message="The channel is no longer declared.")


def _deliver_one(
    connection: Connection,
    channel: Channel,
    sender: Sender,
    told: Told,
    clock: Callable[[], datetime],
) -> bool:
    """Send the channel's oldest notice, if it is due; tell whether there was one."""
    now = clock()
    notice = alerts.claim(connection, channel.name, at=now, until=now + CLAIM)
    if notice is None:
        return False
    error = sender.send(channel, worded(notice))
    now = clock()
    with connection.transaction():
        if error:
            told.failing[channel.name] = error
            again = next_attempt(notice.attempts, now)
            alerts.not_sent(
                connection, notice.notice_id, channel.name, error=error, at=now, again=again
            )
            _raise(connection, channel, error)
        else:
            told.sent += 1
            alerts.sent(connection, notice.notice_id, channel.name, at=now)
            works_again(connection, channel)
    return True


def works_again(connection: Connection, channel: Channel) -> None:
    """Note that a channel took a message."""
    alerts.recover(connection, channel_topic(channel.name), message="It takes messages again.")


def _raise(connection: Connection, channel: Channel, error: str) -> None:
    alerts.raise_alert(
        connection,
        topic=channel_topic(channel.name),
        severity="error",
        subject=f"The alert channel {channel.name} takes no messages",
        message=f"The last attempt ended with {error}. Remedy: check the address behind "
        f"{channel.url}, then run `accord alerts test --channel {channel.name}`.",
        owner=OPERATIONS,
    )
