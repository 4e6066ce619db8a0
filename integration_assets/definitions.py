"""The composition root: the one place where assets, checks, sensors and resources come together.

`workspace.yaml` loads `defs` from here. `build_defs` takes everything it needs, so that a test or
`accord run` can rewire it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg

from accord import catalog
from accord.catalog import Stream
from accord.sealing import SealingKeys
from accord.settings import load as load_settings
from accord.store.database import prepared
from accord.store.server import address
from integration_assets import profiling, with_days, without_days
from integration_assets.landing import Incoming, external, landing
from integration_assets.partitions import business_days
from integration_assets.publishing import destination_key
from integration_assets.stewarding import discard_dead_letters, replay_dead_letters
from integration_assets.world import CONTRACTS, World, the_world
from resources import heap
from resources.abreast import deliveries, readings
from resources.company import company_resource
from resources.dbt import Dbt
from resources.second_opinion import second_opinion_resource
from sensors.alerts import alerting
from sensors.dead_letters import dead_letters, growth
from sensors.desk import patience, stewards_desk
from sensors.failures import run_failures
from sensors.history import history

# The parts of Dagster used here that are still called beta are covered by our tests and the lock.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

# What a run did is in its events; what it prints goes to the log of `accord up`.
_QUIET = dg.colored_console_logger.configured({"log_level": "WARNING"})


def build_defs(
    world: World,
    *,
    resources: Mapping[str, Any],
    loggers: Mapping[str, dg.LoggerDefinition] | None = None,
) -> dg.Definitions:
    """Make the Dagster definitions of a world."""
    zone = next((outcome.timezone for outcome in world.outcomes.values()), "UTC")
    days = business_days(world.first_day, zone)
    flows = sorted({delivery.flow for delivery in world.deliveries})
    return dg.Definitions(
        assets=[
            *_landing(world, days),
            *with_days.assets(world, days),
            *without_days.assets(world),
            *profiling.assets(world),
        ],
        asset_checks=[*with_days.checks(world), *without_days.checks(world)],
        jobs=[
            *(_job(flow, world) for flow in flows),
            profiling.job(),
            history.job,
            replay_dead_letters,
            discard_dead_letters,
        ],
        sensors=[
            *with_days.sensors(world, days),
            *without_days.sensors(world),
            *run_failures(world.owners),
            _alerting(world),
            dead_letters(_answering(world), growth=growth(world.settings.environment)),
            stewards_desk(
                without_days.answering(world), patience=patience(world.settings.environment)
            ),
        ],
        schedules=[*with_days.schedules(world), *without_days.schedules(world), history],
        resources={"readings": readings, "deliveries": deliveries, **resources},
        loggers=dict(loggers) if loggers else None,
        executor=dg.in_process_executor,
    )


def _alerting(world: World) -> dg.SensorDefinition:
    streams = {flow: world.streams_of(flow) for flow in world.owners}
    return alerting(
        world.outcomes,
        streams,
        world.settings,
        CONTRACTS / "alerts.yaml",
        deliveries=world.deliveries,
    )


def _answering(world: World) -> dict[str, str]:
    """Who answers for what may have dead letters: flows, and the streams they come from."""
    return {
        name: owner
        for flow, owner in world.owners.items()
        for name in (flow, *world.streams_of(flow))
    }


def _job(flow: str, world: World) -> Any:
    """The job of one flow: what it delivers, all that comes from, and all that follows from it."""
    ends = dg.AssetSelection.assets(
        *(destination_key(delivery) for delivery in world.deliveries if delivery.flow == flow)
    )
    way = (ends.upstream() | ends.downstream()).required_multi_asset_neighbors()
    return dg.define_asset_job(
        flow,
        selection=way,
        description=f"The whole way of the flow {flow}: landing, canonical, gates, delivery, "
        "reconciliation, outcome.",
        tags={"accord/flow": flow},
    )


def _landing(world: World, days: dg.DailyPartitionsDefinition) -> list[Any]:
    incoming = [
        Incoming(system, stream)
        for system in world.systems.values()
        for stream in system.streams
        if not stream.read_back
    ]
    return [
        definition
        for it in incoming
        for definition in (
            external(it.system, it.stream),
            landing(it, days, closed_on=_closed_on(world, it.stream), beside=incoming),
        )
    ]


def _closed_on(world: World, stream: Stream) -> frozenset[str]:
    """The weekdays without trade of every outcome that the stream leads to."""
    return frozenset(
        weekday
        for outcome in world.outcomes.values()
        if str(stream.name) in world.streams_of(outcome.flow)
        for weekday in outcome.closed_on
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Make the definitions of this installation, for the web UI, the daemon and their runs."""
    settings = load_settings()
    where = address(settings)
    streams = [stream for system in catalog.discover().values() for stream in system.streams]
    store = prepared(where, streams, SealingKeys.of(settings))
    dbt = Dbt(settings, where)
    made = build_defs(
        the_world(settings, store, dbt),
        resources={
            "store": store,
            "dbt": dbt,
            "company": company_resource(settings, store),
            "second_opinion": second_opinion_resource(CONTRACTS, where),
        },
        loggers={"console": _QUIET},
    )
    heap.settle()
    return made
