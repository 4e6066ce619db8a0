"""Flows whose objects have business days: models, deliveries, comparisons, what starts them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import dagster as dg

from accord.contracts.outcomes import Outcome
from accord.lineage import Model, feeding, models
from accord.reconcile import Comparison
from accord.store import builds
from integration_assets.gating import gate, target_of
from integration_assets.modelling import BEHIND_GATE, CANONICAL, modelled
from integration_assets.publishing import Outgoing, destination, destination_key
from integration_assets.reconciling import comparison_key, outcome_asset, reconciliation
from integration_assets.world import World, key_of
from sensors.dead_letters import after_replays
from sensors.upstream import catch_up, upstream_changes


def dated_models(world: World) -> tuple[Model, ...]:
    """The models that are built day by day: all they come from has days."""
    with_days = {
        str(stream.name)
        for system in world.systems.values()
        for stream in system.streams
        if stream.partitioned
    }
    return tuple(model for model in models(world.manifest) if {*model.streams} <= with_days)


def assets(world: World, days: dg.DailyPartitionsDefinition) -> list[Any]:
    """Everything between landing and the outcomes of these flows."""
    return [*_modelling(world, days), *_delivering(world, days), *_outcomes(world, days)]


def checks(world: World) -> list[dg.AssetChecksDefinition]:
    """The gates of entities that are built day by day."""
    return [
        gate(contract, dg.AssetKey(model.key), target_of(model))
        for contract in world.contracts.values()
        for model in dated_models(world)
        if model.key == key_of(contract)
    ]


def sensors(world: World, days: dg.DailyPartitionsDefinition) -> list[dg.SensorDefinition]:
    """What starts runs of these flows by itself."""
    flows = world.flows(with_days=True)
    return [
        *(upstream_changes(flow, world.streams_of(flow), world.systems, days) for flow in flows),
        *(after_replays(flow, world.streams_of(flow), days) for flow in flows),
    ]


def schedules(world: World) -> list[dg.ScheduleDefinition]:
    """What looks once a day at what the sensors may have missed."""
    return [
        catch_up(outcome, world.streams_of(outcome.flow), world.systems)
        for outcome in _declared(world)
    ]


def _declared(world: World) -> list[Outcome]:
    return [outcome for outcome in world.outcomes.values() if outcome.deadline is not None]


def _modelling(world: World, days: dg.DailyPartitionsDefinition) -> list[dg.AssetsDefinition]:
    built = dated_models(world)
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
    found = []
    for flow, deliveries in world.flows(with_days=True).items():
        outcome = next((it for it in _declared(world) if it.flow == flow), None)
        for delivery in deliveries:
            gated = {dg.AssetKey(key_of(c)): c for c in world.gates_of(delivery)}
            found.append(
                destination(
                    world.systems[delivery.system],
                    Outgoing(delivery, gated),
                    days,
                    _freshness(outcome),
                    world.owner_of(flow),
                )
            )
    return found


def _outcomes(world: World, days: dg.DailyPartitionsDefinition) -> list[dg.AssetsDefinition]:
    found = []
    for outcome in _declared(world):
        comparison = _comparison(world, outcome)
        after = [destination_key(d) for d in world.deliveries if d.flow == outcome.flow]
        found.append(reconciliation(comparison, after, days, outcome.owner))
        found.append(
            outcome_asset(outcome, world.streams_of(outcome.flow), [comparison_key(comparison)])
        )
    return found


def _comparison(world: World, outcome: Outcome) -> Comparison:
    compared: Sequence[str] = feeding(world.manifest, outcome.reconciliation)
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
    if outcome is None or outcome.deadline is None:
        return None
    return dg.FreshnessPolicy.cron(
        deadline_cron=f"{outcome.deadline.minute} {outcome.deadline.hour} * * *",
        lower_bound_delta=timedelta(days=1),
        timezone=outcome.timezone,
    )
