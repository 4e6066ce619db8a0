"""Changes anywhere: a flow without days runs when any of its systems has changed, or said so.

The sensor looks often and cheaply, by signatures and at the inbox of notices; the schedule runs the
flow every hour, for what no signature shows.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import dagster as dg

from accord.catalog import Delivery, System
from accord.contracts.outcomes import Outcome
from accord.errors import AccordError
from accord.records import Window
from accord.sandbox.company import Company
from accord.store import following
from accord.store.builds import golden_target
from accord.store.database import Connection, Role, Store
from accord.store.following import End
from sensors.upstream import changed_pieces


@dataclass(frozen=True, slots=True)
class Way:
    """A flow without days: the streams it comes from, its golden table, and where it goes."""

    flow: str
    streams: tuple[str, ...]
    table: str
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why a flow should run now: each is the same text for as long as it is the same reason."""

    changed: tuple[str, ...] = ()
    told: str = ""
    unfinished: str = ""

    @property
    def run_key(self) -> str:
        """The same for the same reasons, so that a run is asked for once; "" without any."""
        said = "\n".join((*self.changed, self.told, self.unfinished)).strip()
        return hashlib.sha256(said.encode()).hexdigest()[:16] if said else ""

    @property
    def words(self) -> str:
        """The reasons for a person."""
        parts = [f"{len(self.changed)} streams changed"] if self.changed else []
        parts += ["systems sent notices"] if self.told else []
        parts += ["something is left to do"] if self.unfinished else []
        return ", ".join(parts) or "nothing has changed"


def reasons(
    connection: Connection,
    company: Company,
    systems: Mapping[str, System],
    way: Way,
) -> Reasons:
    """Look for reasons to run a flow: what changed, what was told, and what was left."""
    pieces = changed_pieces(connection, company, systems, way.streams, Window())
    left = following.left_to_do(
        connection,
        streams=way.streams,
        target=golden_target(way.flow),
        table=way.table,
        ends=[End(it.system, company.endpoint(it.system), it.kind) for it in way.deliveries],
    )
    return Reasons(
        tuple(sorted(f"{piece.name} {piece.signature}" for piece in pieces)),
        following.notices(connection, way.streams),
        left,
    )


def changes_anywhere(
    way: Way, systems: Mapping[str, System], *, is_on: bool
) -> dg.SensorDefinition:
    """The sensor of one flow without days."""
    flow = way.flow

    @dg.sensor(
        name=f"{flow}_upstream_changes",
        job_name=flow,
        minimum_interval_seconds=30,
        default_status=(
            dg.DefaultSensorStatus.RUNNING if is_on else dg.DefaultSensorStatus.STOPPED
        ),
        description=f"Starts a run of {flow} when a system has changed, sent a notice, or when a "
        "steward's decision has not gone out yet.",
    )
    def sense(
        context: dg.SensorEvaluationContext,
        store: dg.ResourceParam[Store],
        company: dg.ResourceParam[Company],
    ) -> dg.SensorResult:
        try:
            with store.session(Role.READER) as connection:
                found = reasons(connection, company, systems, way)
        except AccordError as error:
            return dg.SensorResult(skip_reason=str(error))
        if not found.run_key or found.run_key == context.cursor:
            return dg.SensorResult(
                skip_reason=f"No run is needed: {found.words}.", cursor=found.run_key
            )
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=f"{flow}@{found.run_key}")], cursor=found.run_key
        )

    return sense


def hourly(outcome: Outcome, *, is_on: bool) -> dg.ScheduleDefinition:
    """The schedule that runs a flow every hour, whatever the sensor saw."""
    return dg.ScheduleDefinition(
        name=f"{outcome.name}_hourly",
        job_name=outcome.flow,
        cron_schedule="7 * * * *",
        execution_timezone=outcome.timezone,
        default_status=(
            dg.DefaultScheduleStatus.RUNNING if is_on else dg.DefaultScheduleStatus.STOPPED
        ),
        description=f"Runs every hour, for changes that no system shows cheaply: {outcome.says}.",
    )
