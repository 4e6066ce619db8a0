"""Watching the declared outcomes: the one place that raises and recovers their alerts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from accord.alerting.decide import Raise, outcome_changes
from accord.catalog import Delivery
from accord.contracts.outcomes import Outcome
from accord.outcomes import outcome_states
from accord.store import alerts
from accord.store.database import Role, Store, first_day


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
        for change in changes:
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
    return [change.topic for change in changes]
