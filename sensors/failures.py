"""Run failures: every one becomes an alert a person can read, without any record's values."""

import dagster as dg

from accord.privacy import redacted
from accord.store.alerts import raise_alert
from accord.store.database import Role, Store


def told(error: str | None, description: str | None) -> str:
    """What may be said of a failure: our own sentence, or else only that something went wrong.

    Only an error of ours is known to hold no field value; any other is in the run's log.
    """
    if error == "Failure" and description:
        return redacted(description)
    return "An unexpected error; the run's log has the details."


@dg.run_failure_sensor(
    name="run_failure_alert",
    default_status=dg.DefaultSensorStatus.RUNNING,
    monitor_all_code_locations=False,
    description="Writes an alert for every failed run; `accord status` shows them.",
)
def alert_on_run_failure(
    context: dg.RunFailureSensorContext, store: dg.ResourceParam[Store]
) -> None:
    """Write one alert for a failed run: which step, why, and what to do."""
    messages = []
    for event in context.get_step_failure_events():
        failure = event.step_failure_data.user_failure_data
        said = failure.description if failure else None
        messages.append(f"{event.step_key}: {told('Failure' if failure else None, said)}")
    with store.transaction(Role.DELIVERER) as connection:
        raise_alert(
            connection,
            severity="error",
            subject=f"A run of {context.dagster_run.job_name} failed",
            message="; ".join(messages) or "The run ended before any step failed.",
            run_id=context.dagster_run.run_id,
        )
