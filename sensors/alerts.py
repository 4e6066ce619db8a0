"""Alerts: judges the outcomes every minute, and gets what is to be told to the channels.

What raises the alerts of runs and dead letters is beside this; how they are sent is in
`accord.alerting`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from accord.alerting import AppriseSender, Told, deliver_pending, watch_outcomes
from accord.catalog import Delivery
from accord.contracts.channels import load_channels
from accord.contracts.outcomes import Outcome
from accord.errors import AccordError
from accord.secrets import Secrets
from accord.settings import Settings
from accord.store.database import Store


def said(changed: Sequence[str], told: Told) -> str:
    """What a tick came to, in a line."""
    parts = [f"messages sent: {told.sent}"] if told.sent else []
    parts += [f"{name} takes no messages ({error})" for name, error in told.failing.items()]
    parts += [f"{topic} changed" for topic in changed]
    return "; ".join(parts) or "Nothing has changed."


def alerting(
    outcomes: Mapping[str, Outcome],
    streams: Mapping[str, Sequence[str]],
    settings: Settings,
    channels: Path,
    *,
    deliveries: Sequence[Delivery] = (),
) -> dg.SensorDefinition:
    """The sensor; it reads the declared channels anew each time and starts no runs."""

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Raises and ends the alerts of outcomes, and sends what is to be told.",
    )
    def sense(_: dg.SensorEvaluationContext, store: dg.ResourceParam[Store]) -> dg.SkipReason:
        try:
            changed = watch_outcomes(
                store, outcomes, streams, datetime.now(UTC), deliveries=deliveries
            )
            sender = AppriseSender(Secrets(settings.environment))
            told = deliver_pending(store, load_channels(channels), sender)
        except AccordError as error:
            return dg.SkipReason(str(error))
        return dg.SkipReason(said(changed, told))

    return sense
