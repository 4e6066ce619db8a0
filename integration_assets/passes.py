"""One complete pass in this process: the orchestrator behind `accord run` and `accord demo`.

A pass is one Dagster run over the whole range of days, with its history kept like any other run's.
Where a gate closes for some days, the rest of the range goes on in further runs without them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import dagster as dg

from accord.alerting.decide import OPERATIONS
from accord.cli.passes import Announce, PassRequest, PassResult
from accord.connector import Source
from accord.quality.second_opinion import SecondOpinion
from accord.sandbox.company import Company
from accord.store.database import Role, Store
from accord.store.landing import note_first_day
from accord.store.reports import gates
from accord.store.server import PSYCOPG_2
from integration_assets.definitions import build_defs
from integration_assets.modelling import BEHIND_GATE_TAG
from integration_assets.partitions import Days
from integration_assets.publishing import DISTRUST_TAG
from integration_assets.world import CONTRACTS, World, the_world
from resources import heap
from resources.dbt import Dbt
from resources.ended import sign_of_life
from resources.instance import dagster_instance
from sensors.failures import raise_run_failure, recover_when_mended

_EVENTS = {
    "STEP_START": "{step} …",
    "STEP_FAILURE": "{step} FAILED",
    "STEP_UP_FOR_RETRY": "{step} failed, will be tried again",
}


def orchestrator(
    store: Store, company: Company, request: PassRequest, announce: Announce
) -> PassResult:
    """Make one pass over every flow asked for: over the days it can be read for, or as a whole."""
    settings = company.settings
    dbt = Dbt(settings, store.address)
    result = PassResult()
    announce("Starting: parsing the models …")
    asked = readable(company, the_world(settings, store, dbt), request)
    if not asked:
        return result
    if dated := [days.first for days in asked.values() if days]:
        with store.transaction(Role.LANDER) as connection:
            note_first_day(connection, min(dated))
    world = the_world(settings, store, dbt)
    with (
        dagster_instance(settings, store.address) as instance,
        sign_of_life(settings.home / "dagster" / "passes") as sign,
        SecondOpinion(CONTRACTS, store.address.url(PSYCOPG_2)) as second_opinion,
    ):
        definitions = build_defs(
            world,
            resources={
                "store": store,
                "dbt": dbt,
                "company": company,
                "second_opinion": second_opinion,
            },
            loggers={"progress": _progress(announce)},
        )
        heap.settle()
        for flow, days in asked.items():
            result.days += len(days.keys) if days else 0
            runner = _Runner(definitions, instance, flow, request, result, sign)
            try:
                runner.run(store, days)
            except KeyboardInterrupt:
                announce("Ended as you asked: nothing is lost, and the next pass goes on from here")
                raise
            runner.tell(store, owner=world.owners.get(flow, OPERATIONS))
    return result


def readable(company: Company, world: World, request: PassRequest) -> dict[str, Days | None]:
    """The days, per flow, that its sources have something for inside the window asked for.

    A flow without days has None, and is gone over as a whole. Where no flow is asked for by name,
    those of a sandbox beside real systems are left out.
    """
    found: dict[str, Days | None] = {}
    for flow in world.flows(with_days=True):
        if request.flow == flow or (request.flow is None and world.is_active(flow)):
            partitions = [
                piece.partition
                for name in world.streams_of(flow)
                for piece in _pieces(company, name, request)
                if piece.partition
            ]
            if partitions:
                found[flow] = Days(
                    date.fromisoformat(min(partitions)), date.fromisoformat(max(partitions))
                )
    for flow in world.flows(with_days=False):
        if request.flow == flow or (request.flow is None and world.is_active(flow)):
            found[flow] = None
    return found


def without(days: Days, closed: Iterable[str]) -> list[Days]:
    """Cut the closed days out of a range; what is left comes in stretches."""
    left_out = set(closed)
    stretches: list[Days] = []
    for key in days.keys:
        day = date.fromisoformat(key)
        if key in left_out:
            continue
        if stretches and stretches[-1].last == day - timedelta(days=1):
            stretches[-1] = Days(stretches[-1].first, day)
        else:
            stretches.append(Days(day, day))
    return stretches


@dataclass(frozen=True, slots=True)
class _Runner:
    """Runs one flow's job over stretches of days and collects what went wrong."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    flow: str
    request: PassRequest
    result: PassResult
    sign: Mapping[str, str]
    trouble: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def run(self, store: Store, days: Days | None) -> None:
        """Run the range; then, as long as gates close for some of it, the rest without those."""
        failed = self._execute(days, None)
        closed: set[str] = set()
        while days and failed and (newly := _closed(store, days) - closed):
            closed |= newly
            behind = _behind_the_gates(self.definitions, self.flow)
            outcomes = [self._execute(rest, behind) for rest in without(days, closed)]
            failed = any(outcomes)

    def tell(self, store: Store, *, owner: str) -> None:
        """Report what went wrong in this flow and raise its alert; end that when all is well."""
        self.result.trouble += self.trouble
        if self.trouble:
            first = next(iter(self.failed), "")
            raise_run_failure(store, self.flow, self.trouble, owner=owner, run_id=first)
        else:
            recover_when_mended(store, self.instance, self.flow)

    def _execute(self, days: Days | None, selection: Sequence[dg.AssetKey] | None) -> bool:
        """Execute one run; tell whether it failed."""
        job = self.definitions.resolve_job_def(self.flow)
        tags = {
            **(days.tags if days else {}),
            **self.sign,
            **({DISTRUST_TAG: "true"} if self.request.redeliver else {}),
        }
        done = job.execute_in_process(
            instance=self.instance,
            tags=tags,
            asset_selection=selection,
            raise_on_error=False,
            run_config={"loggers": {"progress": {}}},
        )
        if _was_interrupted(done):
            raise KeyboardInterrupt
        self.result.runs.append(done.run_id)
        self.trouble.extend(_trouble(done))
        if not done.success:
            self.failed.append(done.run_id)
        return not done.success


def _pieces(company: Company, stream: str, request: PassRequest) -> Iterator[Any]:
    system, _, name = stream.partition(".")
    source = company.client(system)
    if isinstance(source, Source):
        yield from source.slices(name, request.window)


def _closed(store: Store, days: Days) -> set[str]:
    asked = set(days.keys)
    with store.session(Role.READER) as connection:
        return {day for gate in gates(connection) for day in gate.closed_days or () if day in asked}


def _behind_the_gates(definitions: dg.Definitions, flow: str) -> list[dg.AssetKey]:
    """Everything but the layers before the gates: landing and what is built straight from it."""
    graph = definitions.resolve_job_def(flow).asset_layer.asset_graph
    return [key for key in graph.executable_asset_keys if BEHIND_GATE_TAG in graph.get(key).tags]


def _was_interrupted(done: dg.ExecuteInProcessResult) -> bool:
    """Tell whether somebody ended the run, which Dagster takes for a failure of it."""
    failures = [it for it in done.all_events if it.event_type == dg.DagsterEventType.RUN_FAILURE]
    reasons = [it.job_failure_data.failure_reason for it in failures]
    return any(reason and reason.name == "UNEXPECTED_TERMINATION" for reason in reasons)


def _trouble(done: dg.ExecuteInProcessResult) -> list[str]:
    """What failed, in sentences: errors by what they say, checks by the days they found."""
    told = []
    for event in done.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            failure, kind = data.user_failure_data, data.error.cls_name if data.error else ""
            if kind != "DagsterAssetCheckFailedError":  # the check has its own sentence
                told.append(f"{event.step_key}: {failure.description if failure else kind}")
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            told += _failed_check(event.asset_check_evaluation_data)
    return told


def _failed_check(found: Any) -> list[str]:
    if found.passed or found.severity is not dg.AssetCheckSeverity.ERROR:
        return []
    facts = {name: str(value.value) for name, value in found.metadata.items()}
    what = "; ".join(value for name, value in facts.items() if name.endswith(("which", "by")))
    name = f"{found.asset_key.to_user_string()} {found.check_name}"
    return [f"{name}: {what}. Remedy: {facts.get('remedy', 'see the check')}."]


def _progress(announce: Announce) -> dg.LoggerDefinition:
    """A Dagster logger that tells a person what is happening, step by step."""

    class Told(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            event: Any = getattr(record, "dagster_event", None)
            if event is not None and (form := _EVENTS.get(event.event_type_value)):
                announce(form.format(step=event.step_key.replace("__", ".").replace("_", " ")))
            elif (
                event is None and record.levelno == logging.INFO and hasattr(record, "dagster_meta")
            ):
                announce(record.dagster_meta["orig_message"])

    @dg.logger(config_schema={}, description="Tells a person what is happening, step by step")
    def progress(_: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.getLogger("accord.progress")
        logger.setLevel(logging.DEBUG)  # that a step starts is told at this level
        logger.propagate = False
        logger.handlers = [Told()]
        return logger

    return progress
