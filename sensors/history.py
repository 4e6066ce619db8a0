"""Run history: how long the details of runs are kept.

Materializations, check results and the runs themselves stay, for they are the history of the data;
what goes after its time is the chatter of old runs' steps. Ticks have their own retention in
dagster.yaml.
"""

import dagster as dg
import psycopg

from accord.store.database import Store

KEEP_DAYS = 90

_FORGET = """
delete from event_logs
where timestamp < now() at time zone 'utc' - make_interval(days => %s)
    and (
        dagster_event_type is null
        or dagster_event_type not like 'ASSET_%%' and dagster_event_type not like 'RUN_%%'
        and dagster_event_type not like 'PIPELINE_%%' and dagster_event_type <> 'STEP_FAILURE'
    )
"""


class Keep(dg.Config):
    """How many days the details of runs are kept."""

    days: int = KEEP_DAYS


@dg.op(description="Deletes the step chatter of runs older than the days given.")
def forget_old_details(
    context: dg.OpExecutionContext, config: Keep, store: dg.ResourceParam[Store]
) -> None:
    """Delete old details from Dagster's own event log."""
    with psycopg.connect(store.address.dagster.conninfo) as connection:
        gone = connection.execute(_FORGET, (config.days,)).rowcount
    context.log.info("%s details of runs older than %s days deleted", gone, config.days)


@dg.job(description="Keeps the run history to its retention.")
def run_history_retention() -> None:
    """Delete what is past its time."""
    forget_old_details()


history = dg.ScheduleDefinition(
    name="run_history_retention",
    job=run_history_retention,
    cron_schedule="30 3 * * *",
    description="Deletes every night what is past its time in the run history.",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)
