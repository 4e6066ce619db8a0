"""Sensors that start no run but tell people: of what is new, and of what is over."""

from collections.abc import Callable, Mapping

import dagster as dg

from accord.alerting.decide import Raise, Recover
from accord.alerting.watching import tell
from accord.store import alerts
from accord.store.alerts import Standing
from accord.store.database import Connection, Role, Store

Decide = Callable[[Connection, Mapping[str, Standing]], list[Raise | Recover]]
"""Says what to tell, given the alerts that stand."""


def telling(name: str, decide: Decide, *, seconds: int, description: str) -> dg.SensorDefinition:
    """A sensor that looks every so many seconds and stores what is to be told."""

    @dg.sensor(
        name=name,
        minimum_interval_seconds=seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=description,
    )
    def sense(_: dg.SensorEvaluationContext, store: dg.ResourceParam[Store]) -> dg.SkipReason:
        with store.transaction(Role.DELIVERER) as connection:
            topics = tell(connection, decide(connection, alerts.standing(connection)))
        return dg.SkipReason("; ".join(topics) or "Nothing is new.")

    return sense
