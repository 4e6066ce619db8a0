"""Dead letters: tells people of new causes, of growth and of recovery; carries on after replays.

Each cause of a stream, entity or flow is one alert: raised when its first letter waits, worse once
more wait than the declared number, over when none does. Nobody is told the same twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import dagster as dg

from accord.alerting.decide import OPERATIONS, Raise, Recover
from accord.store import stewardship
from accord.store.alerts import Standing
from accord.store.database import Role, Store
from accord.store.stewardship import Cause
from sensors.telling import telling

PREFIX = "dead_letters:"
GROWTH_VARIABLE = "ACCORD_DEAD_LETTER_GROWTH"
GROWTH = 50
"""Waiting letters of one cause above which it is worse, unless declared otherwise."""


def topic(cause: Cause) -> str:
    """The alert of a cause."""
    return f"{PREFIX}{cause.name}:{cause.cause}"


def growth(environment: Mapping[str, str]) -> int:
    """The declared number of letters of one cause that is too many."""
    declared = environment.get(GROWTH_VARIABLE, "")
    return int(declared) if declared.isdigit() else GROWTH


def decided(
    causes: Iterable[Cause],
    standing: Mapping[str, Standing],
    owners: Mapping[str, str],
    *,
    growth: int,
) -> list[Raise | Recover]:
    """What to tell of the letters that wait, given what has been told already."""
    told: list[Raise | Recover] = []
    waiting = set()
    for cause in causes:
        waiting.add(topic(cause))
        before = standing.get(topic(cause))
        is_many = cause.records > growth
        if before is None or (is_many and before.severity != "error"):
            told.append(_raised(cause, owners.get(cause.name, OPERATIONS), is_many=is_many))
    told += [
        Recover(name, "No record waits for this cause any more.")
        for name in standing
        if name.startswith(PREFIX) and name not in waiting
    ]
    return told


def carried_on(
    replayed: Iterable[tuple[str, str, str, datetime]],
    flow: str,
    streams: Sequence[str],
    known_days: Sequence[str],
) -> list[tuple[str, str]]:
    """The runs of a flow that carry replayed letters on: day, and a key for this replay alone.

    `replayed` is stage, name, day and time. A letter of a stream concerns the flows it feeds, one
    of a delivery its own, one of a gate any; one without a day goes with the last day.
    """
    found: dict[str, datetime] = {}
    for stage, name, day, at in replayed:
        asked = day or known_days[-1]
        concerns = {"landing": name in streams, "delivery": name == flow}.get(stage, True)
        if concerns and asked in known_days:
            found[asked] = max(at, found.get(asked, at))
    return [(day, f"{day}@replay {at.isoformat()}") for day, at in sorted(found.items())]


def dead_letters(owners: Mapping[str, str], *, growth: int) -> dg.SensorDefinition:
    """The sensor that tells people; `owners` says who answers for each stream, entity or flow."""
    return telling(
        "dead_letters",
        lambda connection, standing: decided(
            stewardship.causes(connection), standing, owners, growth=growth
        ),
        seconds=60,
        description="Raises an alert for each cause of dead letters, once, and again when they "
        f"are more than {growth}; ends it when none waits.",
    )


def after_replays(
    flow: str, streams: Sequence[str], days: dg.DailyPartitionsDefinition
) -> dg.SensorDefinition:
    """The sensor that runs a day of a flow again after letters of it were replayed."""

    @dg.sensor(
        name=f"{flow}_after_replays",
        job_name=flow,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Starts a run of {flow} for every day of which letters were replayed.",
    )
    def sense(
        _: dg.SensorEvaluationContext, store: dg.ResourceParam[Store]
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        with store.session(Role.READER) as connection:
            replayed = stewardship.unfinished(connection)
        runs = carried_on(replayed, flow, streams, days.get_partition_keys())
        if not runs:
            yield dg.SkipReason("Nothing was replayed that no run has carried on.")
        for day, run_key in runs:
            yield dg.RunRequest(run_key=run_key, partition_key=day)

    return sense


def _raised(cause: Cause, owner: str, *, is_many: bool) -> Raise:
    count = "1 record waits" if cause.records == 1 else f"{cause.records:,} records wait"
    return Raise(
        topic=topic(cause),
        severity="error" if is_many else "warning",
        subject=f"Dead letters: {cause.cause} in {cause.name}",
        message=f"{count} for a person. Remedy: {cause.remedy}. See `accord dlq list "
        f"--cause {cause.cause}`.",
        owner=owner,
    )
