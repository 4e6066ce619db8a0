"""Upstream changes: a new or changed piece of a stream starts a run for its day by itself.

The sensor looks often and cheaply; the schedule looks once, ahead of the outcome's deadline, at
what the sensor may have missed: days that changed, and days the other side does not agree on.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import dagster as dg

from accord.catalog import Stream, System
from accord.connector import Source
from accord.contracts.outcomes import Outcome
from accord.errors import AccordError
from accord.intake import news
from accord.records import Slice, Window
from accord.sandbox.company import Company
from accord.store.builds import Span, landed_basis
from accord.store.database import Connection, Role, Store
from accord.store.reports import Compared, comparisons

LOOK_BACK = timedelta(days=14)
SINGLY = 3
DAYS_A_RUN = 7
EVER = Span("", "9999")
RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


@dataclass(frozen=True, slots=True)
class Request:
    """One run to ask for: its days, and a key that is the same only for the same content."""

    first: str
    last: str
    run_key: str


def wanted(
    pieces: Iterable[Slice], landed: Mapping[str, str], known_days: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    """Name each day to run with the content to run it for, and the days outside the partitions.

    `landed` says what is landed of a day now, so that content which comes back after another
    counts as new again.
    """
    known = set(known_days)
    found: dict[str, list[str]] = {}
    outside = set()
    for piece in pieces:
        if piece.partition in known:
            found.setdefault(piece.partition, []).append(piece.signature)
        else:
            outside.add(piece.partition)
    return {
        day: f"{'+'.join(found[day])} after {landed.get(day, 'nothing')}" for day in sorted(found)
    }, sorted(outside)


def requests(days: Mapping[str, str], asked_before: Mapping[str, str]) -> list[Request]:
    """Ask for the days whose content was not asked for before: few singly, many by stretches."""
    new = sorted(day for day, content in days.items() if asked_before.get(day) != content)
    most = 1 if len(new) <= SINGLY else DAYS_A_RUN
    asked = []
    for stretch in stretches(new, most):
        contents = "\n".join(f"{day} {days[day]}" for day in stretch)
        digest = hashlib.sha256(contents.encode()).hexdigest()[:16]
        asked.append(Request(stretch[0], stretch[-1], f"{stretch[0]}@{digest}"))
    return asked


def remembered(cursor: str | None) -> Mapping[str, str]:
    """Read the days asked for before from a cursor; nothing from one a person wrote."""
    try:
        return dict(json.loads(cursor or "{}"))
    except (TypeError, ValueError):
        return {}


def stretches(days: Iterable[str], most: int) -> list[list[str]]:
    """Cut sorted days into stretches without gaps of at most `most` days."""
    cut: list[list[str]] = []
    for day in days:
        before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
        if cut and cut[-1][-1] == before and len(cut[-1]) < most:
            cut[-1].append(day)
        else:
            cut.append([day])
    return cut


def unsettled(compared: Iterable[Compared], changed: Iterable[str], since: date) -> list[str]:
    """The recent days that changed, or on which the two sides did not agree when last compared."""
    apart = {row.partition_key for row in compared if row.state != "equal"}
    return sorted(day for day in apart | set(changed) if day >= since.isoformat())


def upstream_changes(
    flow: str,
    streams: Sequence[str],
    systems: Mapping[str, System],
    days: dg.DailyPartitionsDefinition,
) -> dg.SensorDefinition:
    """The sensor of one flow."""

    @dg.sensor(
        name=f"{flow}_upstream_changes",
        job_name=flow,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Starts a run of {flow} for every day whose export is new or has changed; "
        "many days at once go by stretches of a week.",
    )
    def sense(
        context: dg.SensorEvaluationContext,
        store: dg.ResourceParam[Store],
        company: dg.ResourceParam[Company],
    ) -> dg.SensorResult:
        try:
            with store.session(Role.READER) as connection:
                changed = changed_pieces(connection, company, systems, streams, Window())
                landed = landed_basis(connection, streams, EVER)
        except AccordError as error:
            return dg.SensorResult(skip_reason=str(error))
        found, outside = wanted(changed, landed, days.get_partition_keys())
        if outside:
            context.log.warning(
                "%s exports are older than the first business day or in the future; "
                "`accord run --from %s` takes them in",
                len(outside),
                outside[0],
            )
        asked = requests(found, remembered(context.cursor))
        if not asked:
            return dg.SensorResult(
                skip_reason="No export is new or has changed.", cursor=json.dumps(found)
            )
        return dg.SensorResult(
            run_requests=[_run_request(request) for request in asked], cursor=json.dumps(found)
        )

    return sense


def _run_request(request: Request) -> dg.RunRequest:
    if request.first == request.last:
        return dg.RunRequest(run_key=request.run_key, partition_key=request.first)
    tags = dict(zip(RANGE_TAGS, (request.first, request.last), strict=True))
    return dg.RunRequest(run_key=request.run_key, tags=tags)


def catch_up(
    outcome: Outcome, streams: Sequence[str], systems: Mapping[str, System]
) -> dg.ScheduleDefinition:
    """The schedule that runs half an hour ahead of an outcome's deadline."""
    deadline = outcome.deadline or time()
    ahead = datetime.combine(date(2000, 1, 2), deadline) - timedelta(minutes=30)  # noqa: DTZ001

    @dg.schedule(
        name=f"{outcome.name}_catch_up",
        job_name=outcome.flow,
        cron_schedule=f"{ahead.minute} {ahead.hour} * * *",
        execution_timezone=outcome.timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Ahead of the deadline, runs again what is not settled yet: {outcome.says}.",
    )
    def catch(
        context: dg.ScheduleEvaluationContext,
        store: dg.ResourceParam[Store],
        company: dg.ResourceParam[Company],
    ) -> Iterator[dg.RunRequest | dg.SkipReason]:
        today = context.scheduled_execution_time.date()
        with store.session(Role.READER) as connection:
            window = Window(first=today - LOOK_BACK)
            changed = changed_pieces(connection, company, systems, streams, window)
            rows = comparisons(connection, outcome.reconciliation)
        found = unsettled(rows, (piece.partition for piece in changed), today - LOOK_BACK)
        if not found:
            yield dg.SkipReason("Every recent day is settled.")
        for day in found:
            yield dg.RunRequest(run_key=f"{day}@{today}", partition_key=day)

    return catch


def changed_pieces(
    connection: Connection,
    company: Company,
    systems: Mapping[str, System],
    streams: Sequence[str],
    window: Window,
) -> list[Slice]:
    """The pieces of these streams that may hold something not landed yet."""
    found: list[Slice] = []
    for stream in _named(systems, streams):
        source = company.client(stream.name.system)
        if isinstance(source, Source):
            found += news(connection, stream, source.slices(stream.name.stream, window))
    return found


def _named(systems: Mapping[str, System], names: Sequence[str]) -> Iterator[Stream]:
    for system in systems.values():
        for stream in system.streams:
            if str(stream.name) in names:
                yield stream
