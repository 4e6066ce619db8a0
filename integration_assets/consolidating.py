"""Golden records: one step that says who is who and what is true of each, from all systems.

The flows it belongs to have no days: a run goes over whatever has changed since the last one.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from accord.contracts.model import Contract
from accord.golden.consolidate import Consolidated, Entity, consolidate
from accord.lineage import Feed
from accord.store import builds, golden
from accord.store.builds import golden_target
from accord.store.database import Role, Store
from integration_assets import failures
from integration_assets.modelling import with_project
from integration_assets.partitions import WHOLE
from integration_assets.tables import contract_schema
from integration_assets.words import several
from resources.dbt import Dbt

_NOUNS = {
    "read": ("record read", "records read"),
    "new": ("new", "new"),
    "changed": ("changed", "changed"),
    "unchanged": ("unchanged", "unchanged"),
    "removed": ("removed", "removed"),
    "linked": ("linked", "linked"),
    "merged": ("golden record merged", "golden records merged"),
    "reviews_opened": ("pair to review", "pairs to review"),
    "golden_created": ("golden record made", "golden records made"),
    "golden_changed": ("golden record changed", "golden records changed"),
    "golden_vanished": ("golden record gone", "golden records gone"),
    "conflicts_found": ("conflict found", "conflicts found"),
}


def entity_key(contract: Contract) -> dg.AssetKey:
    """The asset of an entity's golden records."""
    schema, _, name = contract.table.rpartition(".")
    return dg.AssetKey([schema or "canonical", name])


def queue_keys(contract: Contract) -> tuple[dg.AssetKey, dg.AssetKey]:
    """The assets of what waits for a steward: reviews, and conflicts."""
    name = entity_key(contract).path[-1]
    return (
        dg.AssetKey(["identity", f"{name}_reviews"]),
        dg.AssetKey(["identity", f"{name}_conflicts"]),
    )


def streams_of(feeds: Sequence[Feed]) -> list[str]:
    """The streams that tell of an entity."""
    return sorted(f"{feed.system}.{stream}" for feed in feeds for stream in feed.streams)


def golden_records(
    contract: Contract, flow: str, feeds: Sequence[Feed], owner: str
) -> dg.AssetsDefinition:
    """One step that brings an entity's golden records up to what was landed."""
    key, (reviews, conflicts) = entity_key(contract), queue_keys(contract)

    @dg.multi_asset(
        name=f"{contract.name}_golden_records",
        specs=_specs(contract, feeds, owner),
        pool="warehouse",
    )
    def build(
        context: dg.AssetExecutionContext,
        store: dg.ResourceParam[Store],
        dbt: dg.ResourceParam[Dbt],
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with failures.classed(context, retries=failures.RETRIES):
            done = brought_up(store, dbt, contract, flow, feeds, run_id=context.run_id)
            with store.session(Role.READER) as connection:
                now = golden.standing(connection, contract.name)
        context.log.info("%s: %s", key.path[-1], told(done))
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={"dagster/row_count": now.golden, **done.counts()},
        )
        yield dg.MaterializeResult(
            asset_key=reviews, metadata={"waiting": now.reviews, "opened": done.reviews_opened}
        )
        yield dg.MaterializeResult(
            asset_key=conflicts,
            metadata={"waiting": now.conflicts, "found": done.conflicts_found},
        )

    return build


def echoes_key(flow: str) -> dg.AssetKey:
    """The asset of what came back of a flow's own writes."""
    return dg.AssetKey(["reconciliation", f"{flow}__echoes"])


def echoes(
    contract: Contract,
    flow: str,
    feeds: Sequence[Feed],
    after: Sequence[dg.AssetKey],
    owner: str,
) -> dg.AssetsDefinition:
    """One step, last in a run, that goes over what was read back: our own writes change nothing."""
    key = echoes_key(flow)

    @dg.asset(
        key=key,
        deps=list(after),
        check_specs=[
            dg.AssetCheckSpec(
                "no_echo",
                asset=key,
                description="What came back of our own writes changed no golden record. Somebody "
                "may have edited something meanwhile, so this warns and the next run goes on.",
            )
        ],
        pool="warehouse",
        group_name="reconciliation",
        kinds={"postgres"},
        owners=[owner],
        description="Our own writes as they came back from the destinations, recognised as ours.",
    )
    def settle(
        context: dg.AssetExecutionContext,
        store: dg.ResourceParam[Store],
        dbt: dg.ResourceParam[Dbt],
    ) -> Iterator[dg.MaterializeResult[Any]]:
        with failures.classed(context, retries=failures.RETRIES):
            done = brought_up(store, dbt, contract, flow, feeds, run_id=context.run_id)
        context.log.info("%s, as read back: %s", entity_key(contract).path[-1], told(done))
        changed = done.golden_created + done.golden_changed + done.golden_vanished
        yield dg.MaterializeResult(
            metadata=done.counts(),
            check_results=[
                dg.AssetCheckResult(
                    check_name="no_echo",
                    passed=not changed,
                    severity=dg.AssetCheckSeverity.WARN,
                    metadata={"golden records changed": changed},
                )
            ],
        )

    return settle


def brought_up(
    store: Store, dbt: Dbt, contract: Contract, flow: str, feeds: Sequence[Feed], *, run_id: str
) -> Consolidated:
    """Consolidate what was landed and note it, and note apart whether a golden record changed.

    What was landed is read before, so that a change that lands meanwhile is gone over next time.
    """
    with store.alone("build models"):
        with_project(store, dbt)
    with store.session(Role.READER) as connection:
        basis = builds.landed_basis(connection, streams_of(feeds), WHOLE)
    done = consolidate(store, feeds, Entity.of(contract), run_id=run_id)
    with store.transaction(Role.MODELER) as connection:
        builds.note(connection, golden_target(flow), {"": basis.get("", "")})
        if done.golden_created or done.golden_changed or done.golden_vanished:
            builds.note(connection, golden_target(contract.name), {"": run_id})
    return done


def told(done: Consolidated) -> str:
    """What a consolidation came to, for the log: counts only."""
    counts = {**done.counts(), "golden_vanished": done.golden_vanished - done.merged}
    parts = [several(count, *_NOUNS[name]) for name, count in counts.items() if count > 0]
    return ", ".join(parts) or "nothing has changed"


def _specs(contract: Contract, feeds: Sequence[Feed], owner: str) -> list[dg.AssetSpec]:
    key, (reviews, conflicts) = entity_key(contract), queue_keys(contract)
    landed = [dg.AssetKey(["landing", name.replace(".", "__")]) for name in streams_of(feeds)]
    shared: Mapping[str, Any] = {"deps": landed, "owners": [owner], "kinds": {"postgres"}}
    return [
        dg.AssetSpec(
            key,
            description=f"{contract.description} Each value is from the system that has authority "
            "over it.",
            group_name="canonical",
            metadata={
                "dagster/column_schema": contract_schema(contract),
                "dagster/relation_identifier": contract.table,
            },
            **shared,
        ),
        dg.AssetSpec(
            reviews,
            description="Pairs of records that may be the same; a steward decides: `accord match "
            "review`.",
            group_name="identity",
            **shared,
        ),
        dg.AssetSpec(
            conflicts,
            description="Values that were changed in a system that does not own them: `accord "
            "conflicts list`.",
            group_name="identity",
            **shared,
        ),
    ]
