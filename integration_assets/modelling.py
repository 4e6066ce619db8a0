"""Canonical and publish assets: dbt builds the days whose inputs changed, and only those.

Two steps, with the gates between them: what is built straight from landing, and what is built
from rows that passed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import dagster as dg

from accord.contracts.model import Contract
from accord.lineage import Model, Table
from accord.quality.second_opinion import SecondOpinion
from accord.settings import Settings
from accord.store import builds, statistics
from accord.store.builds import Span
from accord.store.database import Connection, Role, Store
from integration_assets import failures
from integration_assets.partitions import BACKFILL, Days
from integration_assets.tables import contract_schema, model_schema, numbers, whole
from resources.dbt import Dbt

CANONICAL, BEHIND_GATE, EVERYTHING = "canonical", "behind_gate", "everything"

BEHIND_GATE_TAG = "accord/behind_gate"

Basis = Callable[[Connection, Span], Mapping[str, str]]


def modelled(
    target: str,
    models: Sequence[Model],
    contracts: Mapping[Table, Contract],
    days: dg.DailyPartitionsDefinition,
    basis: Basis,
) -> dg.AssetsDefinition:
    """One step that builds `models` for the days whose `basis` is not what they were built from."""

    @dg.multi_asset(
        name=target,
        specs=[_spec(model, contracts, days) for model in models],
        backfill_policy=BACKFILL,
        pool="warehouse",
    )
    def build(
        context: dg.AssetExecutionContext,
        store: dg.ResourceParam[Store],
        dbt: dg.ResourceParam[Dbt],
        second_opinion: dg.ResourceParam[SecondOpinion],
    ) -> Iterator[dg.MaterializeResult]:
        asked = Days.of(context.run.tags)
        with failures.classed(context, retries=failures.RETRIES), store.alone("build models"):
            stale = stale_days(store, dbt, target, basis, asked.span)
            if stale:
                second_opinion.warm()  # its gate comes next, and it takes seconds to load
            built = brought_up_to_date(store, dbt, target, models, stale)
        words = target.replace("_", " ")
        context.log.info("models, %s: %s of %s days built", words, len(built), len(asked.keys))
        with store.session(Role.READER) as connection:
            rows = {model.key: whole(connection, model.key, model.columns) for model in models}
            for model in models:
                found = numbers(connection, model.key, model.columns, asked.keys)
                for day, values in found.items():
                    context.add_asset_metadata(
                        values, asset_key=dg.AssetKey(model.key), partition_key=day
                    )
        for model in models:
            yield dg.MaterializeResult(
                asset_key=dg.AssetKey(model.key),
                metadata={"days built anew": len(built), **rows[model.key]},
            )

    return build


def stale_days(store: Store, dbt: Dbt, target: str, basis: Basis, span: Span) -> Mapping[str, str]:
    """The days whose models were built from something else than there is now, and from what."""
    with store.session(Role.READER) as connection:
        wanted = {
            day: f"{dbt.version[:16]};{value}" for day, value in basis(connection, span).items()
        }
        return {day: wanted[day] for day in builds.stale(connection, target, wanted, span)}


def brought_up_to_date(
    store: Store, dbt: Dbt, target: str, models: Sequence[Model], stale: Mapping[str, str]
) -> list[str]:
    """Build the stale days of a target and note what they were built from; return those days.

    That was read before building, so a change that lands meanwhile leaves the day stale.
    """
    with_project(store, dbt)  # even when nothing is stale: what follows reads the tables
    if stale:
        dbt.run([model.name for model in models], days=sorted(stale))
        with store.transaction(Role.MODELER) as connection:
            builds.note(connection, target, stale)
            statistics.refresh(connection, [model.key for model in models])
    return sorted(stale)


def with_project(store: Store, dbt: Dbt) -> None:
    """Make every seed, view and empty table of the project as it is now, after it changed."""
    basis = {"": dbt.version}
    with store.session(Role.READER) as connection:
        if not builds.stale(connection, EVERYTHING, basis, Span("", "")):
            return
    dbt.seed()
    dbt.run([], days=[], full_refresh=True)
    with store.transaction(Role.MODELER) as connection:
        builds.note(connection, EVERYTHING, basis)


def prepared_views(settings: Settings, store: Store) -> None:
    """Make every seed, view and empty table as it is now, for a command that reads them."""
    dbt = Dbt(settings, store.address)
    dbt.described()
    with store.alone("build models"):
        with_project(store, dbt)


def _spec(
    model: Model, contracts: Mapping[Table, Contract], days: dg.DailyPartitionsDefinition
) -> dg.AssetSpec:
    contract = contracts.get(model.key)
    schema = contract_schema(contract) if contract else model_schema(model.columns)
    return dg.AssetSpec(
        dg.AssetKey(model.key),
        deps=[dg.AssetKey(key) for key in model.inputs],
        description=model.description,
        group_name=model.schema,
        kinds={"dbt", "postgres"},
        owners=["team:integration"],
        partitions_def=days,
        tags={BEHIND_GATE_TAG: ""} if model.behind_gate else {},
        metadata={
            "dagster/column_schema": schema,
            "dagster/relation_identifier": f"{model.schema}.{model.name}",
        },
    )
