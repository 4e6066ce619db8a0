"""Flows without business days: golden records, their gates and deliveries, and what starts them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import dagster as dg

from accord.catalog import Delivery
from accord.contracts.model import Contract
from accord.contracts.outcomes import Outcome
from accord.lineage import Model, feeds, models
from accord.store.builds import golden_target
from accord.store.database import Role, Store
from integration_assets import failures
from integration_assets.consolidating import echoes, echoes_key, entity_key, golden_records
from integration_assets.gating import gate
from integration_assets.looking_back import look_back_key, looking_back
from integration_assets.modelling import BEHIND_GATE_TAG, with_project
from integration_assets.publishing import Outgoing, destination
from integration_assets.reconciling import outcome_asset
from integration_assets.tables import model_schema, whole
from integration_assets.world import World
from resources.dbt import Dbt
from sensors.following import Way, changes_anywhere, hourly


def assets(world: World) -> list[Any]:
    """Everything between landing and the outcomes of these flows."""
    return [
        definition
        for flow, deliveries in world.flows(with_days=False).items()
        for definition in _of_flow(world, flow, deliveries)
    ]


def checks(world: World) -> list[dg.AssetChecksDefinition]:
    """The gates of the entities with golden records."""
    return [
        gate(contract, entity_key(contract), golden_target(contract.name))
        for deliveries in world.flows(with_days=False).values()
        for contract in _entities(world, deliveries)
    ]


def sensors(world: World) -> list[dg.SensorDefinition]:
    """What starts runs of these flows by itself."""
    return [
        changes_anywhere(
            Way(flow, world.streams_of(flow), entity_key(contract).path[-1], deliveries),
            world.systems,
            is_on=world.is_active(flow),
        )
        for flow, deliveries in world.flows(with_days=False).items()
        for contract in _entities(world, deliveries)
    ]


def schedules(world: World) -> list[dg.ScheduleDefinition]:
    """What runs these flows whatever the sensors saw."""
    return [
        hourly(outcome, is_on=world.is_active(outcome.flow))
        for flow in world.flows(with_days=False)
        for outcome in _outcomes(world, flow)
    ]


def answering(world: World) -> dict[str, str]:
    """Who answers for each entity with golden records: the owner of the flow that delivers it."""
    return {
        contract.name: world.owner_of(flow)
        for flow, deliveries in world.flows(with_days=False).items()
        for contract in _entities(world, deliveries)
    }


def _of_flow(world: World, flow: str, deliveries: Sequence[Delivery]) -> Iterator[Any]:
    owner = world.owner_of(flow)
    for contract in _entities(world, deliveries):
        yield golden_records(contract, flow, feeds(world.manifest, contract.name), owner)
    yield _published(flow, _published_models(world, deliveries), owner)
    going = [
        Outgoing(
            delivery, {entity_key(contract): contract for contract in world.gates_of(delivery)}
        )
        for delivery in deliveries
    ]
    for it in going:
        yield destination(world.systems[it.delivery.system], it, None, None, owner, beside=going)
    for system in sorted({delivery.system for delivery in deliveries}):
        own = [delivery for delivery in deliveries if delivery.system == system]
        yield looking_back(world.systems[system], own, owner)
    backs = [look_back_key(delivery) for delivery in deliveries]
    for contract in _entities(world, deliveries):
        yield echoes(contract, flow, feeds(world.manifest, contract.name), backs, owner)
    for outcome in _outcomes(world, flow):
        yield outcome_asset(outcome, world.streams_of(flow), [echoes_key(flow)], deliveries)


def _entities(world: World, deliveries: Iterable[Delivery]) -> list[Contract]:
    """The entities whose golden records a flow delivers."""
    names = sorted({name for delivery in deliveries for name in delivery.gates})
    return [world.contracts[name] for name in names]


def _outcomes(world: World, flow: str) -> list[Outcome]:
    return [
        outcome
        for outcome in world.outcomes.values()
        if outcome.flow == flow and outcome.deadline is None
    ]


def _published_models(world: World, deliveries: Iterable[Delivery]) -> list[Model]:
    names = {delivery.model for delivery in deliveries}
    return [model for model in models(world.manifest) if model.name in names]


def _published(flow: str, built: Sequence[Model], owner: str) -> dg.AssetsDefinition:
    """One step for the views that say what each destination is to have of the golden records."""

    @dg.multi_asset(
        name=f"{flow}_published",
        specs=[
            dg.AssetSpec(
                dg.AssetKey(model.key),
                deps=[dg.AssetKey(key) for key in model.inputs],
                description=model.description,
                group_name=model.schema,
                kinds={"dbt", "postgres"},
                owners=[owner],
                tags={BEHIND_GATE_TAG: ""},
                metadata={
                    "dagster/column_schema": model_schema(model.columns),
                    "dagster/relation_identifier": f"{model.schema}.{model.name}",
                },
            )
            for model in built
        ],
        pool="warehouse",
    )
    def publish(
        context: dg.AssetExecutionContext,
        store: dg.ResourceParam[Store],
        dbt: dg.ResourceParam[Dbt],
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with failures.classed(context, retries=failures.RETRIES):
            with store.alone("build models"):
                with_project(store, dbt)
            with store.session(Role.READER) as connection:
                rows = {model.key: whole(connection, model.key, model.columns) for model in built}
        for key, numbers in rows.items():
            yield dg.MaterializeResult(asset_key=dg.AssetKey(key), metadata=numbers)

    return publish
