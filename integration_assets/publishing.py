"""Destination assets: what each system receives. They refuse data without a passing verdict."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import dagster as dg

from accord.catalog import Delivery, System
from accord.connector import Destination
from accord.contracts.model import Contract
from accord.delivery.approving import approval
from accord.delivery.courier import Courier
from accord.errors import Stop
from accord.sandbox.company import Company
from accord.store.database import Store
from accord.store.outbox import Outbox
from integration_assets import failures
from integration_assets.modelling import BEHIND_GATE_TAG
from integration_assets.partitions import BACKFILL, Days
from integration_assets.words import counted

DISTRUST_TAG = "accord/redeliver"
STANDINGS = ("delivered", "unchanged", "rejected", "held", "waiting", "unknown")


def destination_key(delivery: Delivery) -> dg.AssetKey:
    """The asset that stands for a kind of object inside its destination system."""
    return dg.AssetKey([delivery.system, delivery.kind])


def destination(
    system: System,
    delivery: Delivery,
    gated: Mapping[dg.AssetKey, Contract],
    days: dg.DailyPartitionsDefinition | None,
    freshness: dg.FreshnessPolicy | None,
    owner: str,
) -> dg.AssetsDefinition:
    """The asset that delivers one kind of object: day by day, or as a whole where it has no days.

    It depends on what is `gated` as well, so that within a run it waits for those gates, and on the
    kinds of the same system that are sent first.
    """
    first = [dg.AssetKey([delivery.system, kind]) for kind in delivery.after]

    @dg.asset(
        key=destination_key(delivery),
        deps=[dg.AssetKey(["publish", delivery.model]), *gated, *first],
        partitions_def=days if delivery.partitioned else None,
        backfill_policy=BACKFILL if delivery.partitioned else None,
        retry_policy=failures.RETRIES,
        pool=system.name,
        group_name=system.name,
        kinds={system.name},
        owners=[owner],
        tags={BEHIND_GATE_TAG: ""},
        freshness_policy=freshness,
        description=(
            f"{delivery.kind.capitalize()} in {system.title}, one write for each object that "
            f"differs. Refused unless {' and '.join(delivery.gates)} passed the gate as they are."
        ),
    )
    def deliver(
        context: dg.AssetExecutionContext,
        store: dg.ResourceParam[Store],
        company: dg.ResourceParam[Company],
    ) -> dg.MaterializeResult[Any]:
        keys = Days.of(context.run.tags).keys if delivery.partitioned else [""]
        with failures.classed(context):
            client = company.client(system.name)
            if not isinstance(client, Destination):
                raise TypeError(f"systems/{system.name}/client.py does not receive anything")
            outbox = Outbox(delivery, company.endpoint(system.name), context.run_id)
            result = Courier(store, outbox, client).deliver(
                keys,
                approval(list(gated.values())),
                distrust=DISTRUST_TAG in context.run.tags,
            )
            for key in keys:
                context.add_asset_metadata(
                    told(result.counts.get(key, Counter())),
                    asset_key=destination_key(delivery),
                    partition_key=key or None,
                )
            total = sum(result.counts.values(), Counter())
            context.log.info(
                "%s → %s %s: %s",
                delivery.flow,
                system.name,
                delivery.kind,
                counted(total, ("due", *STANDINGS)) or "nothing is due",
            )
            if result.trouble is not None:
                raise result.trouble
            if result.depending:
                context.log.warning(
                    "%d %s are held: until what they need is there, a steward has said who they "
                    "are, or their system was read again",
                    result.depending,
                    delivery.kind,
                )
            if at_gate := total["held"] - result.depending:
                raise Stop(
                    f"{at_gate} of {total['due']} {delivery.kind} are held: there is no passing "
                    "verdict for their data as it is now",
                    remedy="mend what the gate found (see its check), then materialize them "
                    "with everything upstream",
                )
        return dg.MaterializeResult()

    return deliver


def told(counts: Mapping[str, int]) -> Mapping[str, float]:
    """A day's deliveries as numbers to plot: how each due object stands, and the share now in."""
    due = counts.get("due", 0)
    arrived = counts.get("delivered", 0) + counts.get("unchanged", 0)
    return {
        **{name: counts.get(name, 0) for name in ("due", *STANDINGS)},
        "completeness": arrived / due if due else 1.0,
    }
