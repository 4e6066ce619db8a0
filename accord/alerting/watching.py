"""Watching: judges the declared outcomes, and stores what is to be told of them and of others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from accord.alerting.decide import Raise, Recover, outcome_changes
from accord.catalog import Delivery
from accord.contracts.outcomes import Outcome
from accord.outcomes import outcome_states
from accord.store import alerts
from accord.store.database import Connection, Role, Store, first_day


def watch_outcomes(
    store: Store,
    outcomes: Mapping[str, Outcome],
    streams: Mapping[str, Sequence[str]],
    now: datetime,
    *,
    deliveries: Iterable[Delivery] = (),
) -> list[str]:
    """Judge every outcome at `now` and store what changed; return the topics that did."""
    with store.transaction(Role.DELIVERER) as connection:
        changes = outcome_changes(
            outcome_states(connection, outcomes, streams, now, deliveries=deliveries),
            outcomes,
            alerts.standing(connection),
            since=first_day(connection),
        )
        return tell(connection, changes)


def tell(connection: Connection, changes: Iterable[Raise | Recover]) -> list[str]:
    """Store what is to be told, in the caller's transaction; return the topics it is about."""
    topics = []
    for change in changes:
        topics.append(change.topic)
        if isinstance(change, Raise):
            alerts.raise_alert(
                connection,
                topic=change.topic,
                severity=change.severity,
                subject=change.subject,
                message=change.message,
                owner=change.owner,
            )
        else:
            alerts.recover(connection, change.topic, message=change.message)
    return topics
