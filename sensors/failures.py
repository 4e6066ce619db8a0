"""Run failures: every one becomes an alert a person can read, without any record's values.

The alert is one per flow: further failures are counted, and it is over when each day that failed
has since been run well. A pass outside the daemon says the same through the same functions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg

from accord.alerting.decide import OPERATIONS
from accord.privacy import redacted
from accord.store import alerts
from accord.store.database import Role, Store

UNKNOWN_DAY = ""
_PARTITION = "dagster/partition"
_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
_LOOKED_AT = 500
_TOLD = 5


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that ended: the days it was about, and whether well."""

    days: frozenset[str]
    succeeded: bool


def told(error: str | None, description: str | None) -> str:
    """What may be said of a failure: our own sentence, or else only that something went wrong.

    Only an error of ours is known to hold no field value; any other is in the run's log.
    """
    if error == "Failure" and description:
        return redacted(description)
    return "An unexpected error; the run's log has the details."


def topic(job: str) -> str:
    """The topic of a job's failed runs."""
    return f"run_failed:{job}"


def days_of(tags: Mapping[str, str]) -> frozenset[str]:
    """The days a run is about, by its tags."""
    first, last = (tags.get(name) for name in _RANGE)
    if first and last:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
        return frozenset(
            (start + timedelta(days=n)).isoformat() for n in range((end - start).days + 1)
        )
    return frozenset({tags.get(_PARTITION, UNKNOWN_DAY)})


def still_failed(newest_first: Iterable[Ended]) -> list[str]:
    """The days whose latest run failed."""
    seen: set[str] = set()
    failed: set[str] = set()
    for run in newest_first:
        if not run.succeeded:
            failed |= run.days - seen
        seen |= run.days
    return sorted(failed)


def raise_run_failure(
    store: Store, job: str, messages: Sequence[str], *, owner: str, run_id: str
) -> None:
    """Raise the alert of a failed run, or count it."""
    with store.transaction(Role.DELIVERER) as connection:
        alerts.raise_alert(
            connection,
            topic=topic(job),
            severity="error",
            subject=f"A run of {job} failed",
            message=_listed(messages) or "The run ended before any step failed.",
            owner=owner,
            run_id=run_id,
        )


def recover_when_mended(store: Store, instance: dg.DagsterInstance, job: str) -> bool:
    """End the alert of a job's failed runs once every day that failed has been run well."""
    with store.session(Role.READER) as connection:
        standing = alerts.standing(connection).get(topic(job))
    if standing is None:
        return False
    ends = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    since = _began(instance, standing)
    records = instance.get_run_records(
        dg.RunsFilter(job_name=job, statuses=ends, updated_after=since), limit=_LOOKED_AT
    )
    ended = [
        Ended(days_of(run.tags), run.status is dg.DagsterRunStatus.SUCCESS)
        for run in (record.dagster_run for record in records)
    ]
    if still_failed(ended):
        return False
    with store.transaction(Role.DELIVERER) as connection:
        message = "Every day that failed has been run well since."
        return alerts.recover(connection, topic(job), message=message)


def _began(instance: dg.DagsterInstance, standing: alerts.Standing) -> datetime:
    """Just before the end of the first run that the alert is about."""
    first = instance.get_run_record_by_id(standing.first_run_id) if standing.first_run_id else None
    if first is None or first.end_time is None:
        return standing.raised_at
    return datetime.fromtimestamp(first.end_time, UTC) - timedelta(seconds=1)


def _listed(messages: Sequence[str]) -> str:
    more = f"and {len(messages) - _TOLD} more" if len(messages) > _TOLD else ""
    return "; ".join(filter(None, [*messages[:_TOLD], more]))


def run_failures(owners: Mapping[str, str]) -> list[dg.SensorDefinition]:
    """The two sensors, with the owner of each flow's outcome."""

    @dg.run_failure_sensor(
        name="run_failure_alert",
        default_status=dg.DefaultSensorStatus.RUNNING,
        monitor_all_code_locations=False,
        description="Raises the alert of a failed run; `accord alerts list` shows it.",
    )
    def alert_on_run_failure(
        context: dg.RunFailureSensorContext, store: dg.ResourceParam[Store]
    ) -> None:
        messages = []
        for event in context.get_step_failure_events():
            failure = event.step_failure_data.user_failure_data
            said = failure.description if failure else None
            messages.append(f"{event.step_key}: {told('Failure' if failure else None, said)}")
        run = context.dagster_run
        owner = owners.get(run.job_name, OPERATIONS)
        raise_run_failure(store, run.job_name, messages, owner=owner, run_id=run.run_id)

    @dg.run_status_sensor(
        name="run_recovery",
        run_status=dg.DagsterRunStatus.SUCCESS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        monitor_all_code_locations=False,
        description="Ends the alert of failed runs when all their days have been run well.",
    )
    def recover_on_run_success(
        context: dg.RunStatusSensorContext, store: dg.ResourceParam[Store]
    ) -> None:
        recover_when_mended(store, context.instance, context.dagster_run.job_name)

    return [alert_on_run_failure, recover_on_run_success]
