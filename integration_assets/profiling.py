"""Profiles as assets: how good each system's records are, counted from what is landed, as plots."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import dagster as dg

from accord.catalog import System
from accord.contracts.model import Contract
from accord.lineage import Feed, feeds
from accord.profiling import EntityProfile, SystemProfile, findings
from accord.profiling.reading import Told, of_entity, of_system
from accord.store.database import Role, Store
from integration_assets import failures
from integration_assets.landing import landing_key
from integration_assets.modelling import with_project
from integration_assets.world import World
from resources.dbt import Dbt

GROUP = "profiles"
SHOWN = 10


def assets(world: World) -> list[dg.AssetsDefinition]:
    """A profile of each system that is read, and of each entity that systems tell of."""
    told = {name: feeds(world.manifest, name) for name in world.contracts}
    return [
        *(_of_system(system) for system in world.systems.values() if _read(system)),
        *(
            _of_entity(contract, told[name])
            for name, contract in world.contracts.items()
            if told[name]
        ),
    ]


def job() -> Any:
    """The job that makes every profile; it reads no system and changes none."""
    return dg.define_asset_job(
        "profiles",
        selection=dg.AssetSelection.groups(GROUP),
        description="How good the landed records are, and what to mend first.",
    )


def _read(system: System) -> list[dg.AssetKey]:
    return [landing_key(stream) for stream in system.streams if not stream.read_back]


def _of_system(system: System) -> dg.AssetsDefinition:
    @dg.asset(
        key=[GROUP, system.name],
        deps=_read(system),
        group_name=GROUP,
        kinds={"postgres"},
        owners=["team:integration"],
        pool="warehouse",
        description=f"How good the records of {system.title} are: complete, valid, written alike.",
    )
    def profile(
        context: dg.AssetExecutionContext,
        store: dg.ResourceParam[Store],
        dbt: dg.ResourceParam[Dbt],
    ) -> dg.MaterializeResult[Any]:
        with failures.classed(context, retries=failures.RETRIES):
            _prepare(store, dbt)
            with store.session(Role.READER) as connection:
                made = of_system(connection, system)
        return dg.MaterializeResult(metadata=facts(made))

    return profile


def _of_entity(contract: Contract, told: Sequence[Feed]) -> dg.AssetsDefinition:
    @dg.asset(
        key=[GROUP, contract.name],
        deps=[
            dg.AssetKey(["landing", f"{it.system}__{name}"]) for it in told for name in it.streams
        ],
        group_name=GROUP,
        kinds={"postgres"},
        owners=["team:integration"],
        pool="warehouse",
        description=f"How good the records of each {contract.name} are over all systems: who is "
        "there twice, who is in two systems, and who disagrees with whom has authority.",
    )
    def profile(
        context: dg.AssetExecutionContext,
        store: dg.ResourceParam[Store],
        dbt: dg.ResourceParam[Dbt],
    ) -> dg.MaterializeResult[Any]:
        with failures.classed(context, retries=failures.RETRIES):
            _prepare(store, dbt)
            views = [Told(it.system, it.schema, it.model) for it in told]
            with store.session(Role.READER) as connection:
                made = of_entity(connection, contract, views)
        return dg.MaterializeResult(metadata=facts(made))

    return profile


def facts(made: SystemProfile | EntityProfile) -> dict[str, Any]:
    """A profile as numbers to plot, and what to mend first as a list; no value of any record."""
    columns = [column for table in made.tables for column in table.columns]
    found = findings(made)
    numbers = {
        "records": sum(table.records for table in made.tables),
        "completeness": fmean([column.completeness for column in columns] or [1.0]),
        "validity": fmean([column.validity for column in columns] or [1.0]),
        "written alike": fmean([column.consistency for column in columns] or [1.0]),
        "twice": sum(table.repeated_any for table in made.tables),
        "findings": len(found),
    }
    if isinstance(made, EntityProfile):
        copies = [item for item in made.disagreements if item.is_copy]
        compared = sum(item.compared for item in copies)
        apart = sum(item.apart for item in copies)
        numbers["conflict rate"] = apart / compared if compared else 0.0
    listed = "\n".join(
        f"1. **{item.where}** ({item.kind}): {item.says}. {item.remedy}." for item in found[:SHOWN]
    )
    return {**numbers, "mend first": dg.MetadataValue.md(listed or "Nothing stands out.")}


def _prepare(store: Store, dbt: Dbt) -> None:
    with store.alone("build models"):
        with_project(store, dbt)
