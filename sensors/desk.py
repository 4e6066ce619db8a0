"""The stewards' desk: tells people when a question has waited too long for a steward.

Meanwhile customers who may be one are not made in further systems, and held edits count nowhere.
Each entity's desk is one alert, raised once and over when nothing on it has waited so long.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import dagster as dg

from accord.alerting.decide import OPERATIONS, Raise, Recover
from accord.store import desk
from accord.store.alerts import Standing
from accord.store.desk import Waiting
from sensors.telling import telling

PREFIX = "stewards_desk:"
PATIENCE_VARIABLE = "ACCORD_STEWARD_HOURS"
PATIENCE = timedelta(hours=24)
"""How long a question may wait, unless declared otherwise."""


def topic(entity: str) -> str:
    """The alert of an entity's desk."""
    return f"{PREFIX}{entity}"


def patience(environment: Mapping[str, str]) -> timedelta:
    """How long a question may wait, as declared."""
    declared = environment.get(PATIENCE_VARIABLE, "")
    return timedelta(hours=int(declared)) if declared.isdigit() else PATIENCE


def decided(
    waiting: Iterable[Waiting],
    standing: Mapping[str, Standing],
    owners: Mapping[str, str],
    now: datetime,
    *,
    patience: timedelta,
) -> list[Raise | Recover]:
    """What to tell of the desks, given what has been told already."""
    late = {topic(it.entity): it for it in waiting if now - it.since > patience}
    raised = [
        _raised(it, owners.get(it.entity, OPERATIONS))
        for name, it in late.items()
        if name not in standing
    ]
    over = [
        Recover(name, "Nothing has waited so long for a steward any more.")
        for name in standing
        if name.startswith(PREFIX) and name not in late
    ]
    return [*raised, *over]


def stewards_desk(owners: Mapping[str, str], *, patience: timedelta) -> dg.SensorDefinition:
    """The sensor that tells people; `owners` says who answers for each entity."""
    hours = patience.total_seconds() / 3600
    return telling(
        "stewards_desk",
        lambda connection, standing: decided(
            desk.waiting(connection), standing, owners, datetime.now(UTC), patience=patience
        ),
        seconds=300,
        description="Raises an alert when a pair or a conflict has waited for a steward for more "
        f"than {hours:g} hours; ends it when none has.",
    )


def _raised(waiting: Waiting, owner: str) -> Raise:
    meanwhile, ways = [], []
    if waiting.reviews:
        meanwhile.append("Until then those who may be one are not made in further systems.")
        ways.append("`accord match review`")
    if waiting.conflicts:
        meanwhile.append("Until then an edit that is held counts nowhere else.")
        ways.append("`accord conflicts list`")
    return Raise(
        topic=topic(waiting.entity),
        severity="warning",
        subject=f"The stewards' desk of the entity {waiting.entity}",
        message=f"{_counted(waiting)} for a steward, the oldest since "
        f"{waiting.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC. {' '.join(meanwhile)} "
        f"Remedy: decide in the console, or with {' and '.join(ways)}.",
        owner=owner,
    )


def _counted(waiting: Waiting) -> str:
    parts = [
        f"{count:,} {word}" if count > 1 else f"1 {word.removesuffix('s')}"
        for count, word in ((waiting.reviews, "pairs"), (waiting.conflicts, "conflicts"))
        if count
    ]
    many = waiting.reviews + waiting.conflicts > 1
    return f"{' and '.join(parts)} {'wait' if many else 'waits'}"
