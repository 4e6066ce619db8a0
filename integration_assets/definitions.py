"""The composition root: the one place where assets, checks, sensors and resources come together.

`workspace.yaml` loads `defs` from here. `build_defs` takes everything it needs, so that a test or
`accord run` can rewire it.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg

from accord import catalog
from accord.catalog import Delivery, Stream, System
from accord.contracts.model import Contract
from accord.contracts.odcs import entities
from accord.contracts.outcomes import Outcome, load_outcomes
from accord.lineage import Model, feeding, models
from accord.reconcile import Comparison
from accord.sealing import SealingKeys
from accord.settings import CHECKOUT, Settings
from accord.settings import load as load_settings
from accord.store import builds
from accord.store.database import Role, Store, first_day, prepared
from accord.store.server import address
from integration_assets.gating import gate
from integration_assets.landing import external, landing
from integration_assets.modelling import BEHIND_GATE, CANONICAL, modelled
from integration_assets.partitions import business_days
from integration_assets.publishing import destination, destination_key
from integration_assets.reconciling import comparison_key, outcome_asset, reconciliation
from integration_assets.stewarding import discard_dead_letters, replay_dead_letters
from resources.company import company_resource
from resources.dbt import Dbt
from resources.second_opinion import second_opinion_resource
from sensors.alerts import alerting
from sensors.dead_letters import after_replays, dead_letters, growth
from sensors.failures import run_failures
from sensors.history import history
from sensors.upstream import catch_up, upstream_changes

# The parts of Dagster used here that are still called beta are covered by our tests and the lock.
warnings.filterwarnings("ignore", category=dg.BetaWarning)

CONTRACTS = CHECKOUT / "contracts"

# What a run did is in its events; what it prints goes to the log of `accord up`.
_QUIET = dg.colored_console_logger.configured({"log_level": "WARNING"})


@dataclass(frozen=True, slots=True)
class World:
    """Everything the definitions are made from, read once."""

    settings: Settings
    systems: Mapping[str, System]
    contracts: Mapping[str, Contract]
    outcomes: Mapping[str, Outcome]
    manifest: Mapping[str, Any]
    first_day: date

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """All deliveries of all systems."""
        return catalog.deliveries(self.systems)

    @property
    def owners(self) -> dict[str, str]:
        """Who answers for each flow that an outcome is about."""
        return {outcome.flow: outcome.owner for outcome in self.outcomes.values()}

    def streams_of(self, flow: str) -> tuple[str, ...]:
        """The streams a flow comes from, by the lineage of what it delivers."""
        found = {
            name
            for delivery in self.deliveries
            if delivery.flow == flow
            for name in feeding(self.manifest, delivery.model)
        }
        return tuple(sorted(found))


def the_world(settings: Settings, store: Store, dbt: Dbt) -> World:
    """Read the catalogue, the contracts, dbt's description and the first business day."""
    with store.session(Role.READER) as connection:
        first = first_day(connection)
    return World(
        settings=settings,
        systems=catalog.discover(),
        contracts=entities(CONTRACTS),
        outcomes=load_outcomes(CONTRACTS / "outcomes.yaml"),
        manifest=dbt.described(),
        first_day=first or datetime.now(UTC).date() - timedelta(days=14),
    )


def build_defs(
    world: World,
    *,
    resources: Mapping[str, Any],
    loggers: Mapping[str, dg.LoggerDefinition] | None = None,
) -> dg.Definitions:
    """Make the Dagster definitions of a world."""
    zone = next((outcome.timezone for outcome in world.outcomes.values()), "UTC")
    days = business_days(world.first_day, zone)
    built = models(world.manifest)
    flows = {delivery.flow: delivery for delivery in world.deliveries}
    sensors = [
        upstream_changes(flow, world.streams_of(flow), world.systems, days) for flow in flows
    ]
    return dg.Definitions(
        assets=[
            *_landing(world, days),
            *_modelling(world, built, days),
            *_delivering(world, days),
        ],
        asset_checks=[
            gate(contract, model)
            for contract in world.contracts.values()
            for model in built
            if model.key == key_of(contract)
        ],
        jobs=[
            *(_job(flow, world) for flow in flows),
            history.job,
            replay_dead_letters,
            discard_dead_letters,
        ],
        sensors=[
            *sensors,
            *run_failures(world.owners),
            _alerting(world),
            dead_letters(_answering(world), growth=growth(world.settings.environment)),
            *(after_replays(flow, world.streams_of(flow), days) for flow in flows),
        ],
        schedules=[
            *(
                catch_up(o, world.streams_of(o.flow), world.systems)
                for o in world.outcomes.values()
            ),
            history,
        ],
        resources=dict(resources),
        loggers=dict(loggers) if loggers else None,
        executor=dg.in_process_executor,
    )


def _alerting(world: World) -> dg.SensorDefinition:
    streams = {flow: world.streams_of(flow) for flow in world.owners}
    return alerting(world.outcomes, streams, world.settings, CONTRACTS / "alerts.yaml")


def _answering(world: World) -> dict[str, str]:
    """Who answers for what may have dead letters: flows, and the streams they come from."""
    return {
        name: owner
        for flow, owner in world.owners.items()
        for name in (flow, *world.streams_of(flow))
    }


def key_of(contract: Contract) -> tuple[str, str]:
    """The schema and name of the table an entity's contract is about."""
    schema, _, name = contract.table.rpartition(".")
    return schema or "canonical", name


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
    return [
        definition
        for system in world.systems.values()
        for stream in system.streams
        if not stream.read_back
        for definition in (
            external(system, stream),
            landing(system, stream, days, closed_on=_closed_on(world, stream)),
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


def _modelling(
    world: World, built: Sequence[Model], days: dg.DailyPartitionsDefinition
) -> list[dg.AssetsDefinition]:
    by_table = {key_of(contract): contract for contract in world.contracts.values()}
    before = [model for model in built if not model.behind_gate]
    behind = [model for model in built if model.behind_gate]
    streams = sorted({stream for model in before for stream in model.streams})
    entity_names = sorted(by_table[model.key].name for model in before if model.key in by_table)
    return [
        modelled(
            CANONICAL,
            before,
            by_table,
            days,
            lambda connection, span: builds.landed_basis(connection, streams, span),
        ),
        modelled(
            BEHIND_GATE,
            behind,
            by_table,
            days,
            lambda connection, span: builds.judged_basis(connection, CANONICAL, entity_names, span),
        ),
    ]


def _delivering(world: World, days: dg.DailyPartitionsDefinition) -> list[dg.AssetsDefinition]:
    found: list[dg.AssetsDefinition] = []
    for delivery in world.deliveries:
        outcome = next((o for o in world.outcomes.values() if o.flow == delivery.flow), None)
        gates = [world.contracts[name] for name in delivery.gates]
        owner = outcome.owner if outcome else "team:integration"
        found.append(
            destination(
                world.systems[delivery.system],
                delivery,
                {dg.AssetKey(key_of(contract)): contract for contract in gates},
                days,
                _freshness(outcome),
                owner,
            )
        )
    for outcome in world.outcomes.values():
        comparison = _comparison(world, outcome)
        after = [destination_key(d) for d in world.deliveries if d.flow == outcome.flow]
        found.append(reconciliation(comparison, after, days, outcome.owner))
        found.append(
            outcome_asset(outcome, world.streams_of(outcome.flow), comparison_key(comparison))
        )
    return found


def _comparison(world: World, outcome: Outcome) -> Comparison:
    compared = feeding(world.manifest, outcome.reconciliation)
    return Comparison(
        outcome.reconciliation,
        tuple(
            stream
            for system in world.systems.values()
            for stream in system.streams
            if stream.read_back and str(stream.name) in compared
        ),
    )


def _freshness(outcome: Outcome | None) -> dg.FreshnessPolicy | None:
    if outcome is None:
        return None
    return dg.FreshnessPolicy.cron(
        deadline_cron=f"{outcome.deadline.minute} {outcome.deadline.hour} * * *",
        lower_bound_delta=timedelta(days=1),
        timezone=outcome.timezone,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Make the definitions of this installation, for the web UI, the daemon and their runs."""
    settings = load_settings()
    where = address(settings)
    streams = [stream for system in catalog.discover().values() for stream in system.streams]
    store = prepared(where, streams, SealingKeys.of(settings))
    dbt = Dbt(settings, where)
    return build_defs(
        the_world(settings, store, dbt),
        resources={
            "store": store,
            "dbt": dbt,
            "company": company_resource(settings, store),
            "second_opinion": second_opinion_resource(CONTRACTS, where),
        },
        loggers={"console": _QUIET},
    )
