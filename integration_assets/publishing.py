"""Destination assets: what each system receives. They refuse data without a passing verdict."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import dagster as dg

from accord.abreast import Abreast
from accord.catalog import Delivery, System, in_order
from accord.connector import Destination
from accord.contracts.model import Contract
from accord.delivery.approving import approval
from accord.delivery.courier import Courier, Delivered
from accord.errors import Stop
from accord.sandbox.company import Company
from accord.store.database import Store
from accord.store.outbox import Outbox
from integration_assets import failures, side_by_side
from integration_assets.modelling import BEHIND_GATE_TAG
from integration_assets.partitions import BACKFILL, Days
from integration_assets.words import counted

DISTRUST_TAG = "accord/redeliver"
STANDINGS = ("delivered", "unchanged", "rejected", "held", "waiting", "unknown")


def destination_key(delivery: Delivery) -> dg.AssetKey:
    """The asset that stands for a kind of object inside its destination system."""
    return dg.AssetKey([delivery.system, delivery.kind])


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A delivery, and the contracts whose gates it waits for, by the assets they are about."""

    delivery: Delivery
    gated: Mapping[dg.AssetKey, Contract]

    @property
    def name(self) -> str:
        """What Dagster calls its step."""
        return "__".join(destination_key(self.delivery).path)

    @property
    def system_name(self) -> str:
        """The name of the system that receives it."""
        return self.delivery.system


def destination(
    system: System,
    outgoing: Outgoing,
    days: dg.DailyPartitionsDefinition | None,
    freshness: dg.FreshnessPolicy | None,
    owner: str,
    *,
    beside: Sequence[Outgoing] = (),
) -> dg.AssetsDefinition:
    """The asset that delivers one kind of object: day by day, or as a whole where it has no days.

    It depends on what is gated as well, so that within a run it waits for those gates, and on the
    kinds of the same system that are sent first. What goes to other systems of what is `beside` it,
    behind the same gates, is delivered meanwhile.
    """
    delivery, gated = outgoing.delivery, outgoing.gated
    first = [dg.AssetKey([delivery.system, kind]) for kind in delivery.after]
    behind = {it.delivery: it for it in beside if it.gated.keys() <= gated.keys()}
    together = [behind[it] for it in in_order(behind)]

    @dg.asset(
        key=destination_key(delivery),
        deps=[dg.AssetKey(["publish", delivery.model]), *gated, *first],
        partitions_def=days if delivery.partitioned else None,
        backfill_policy=BACKFILL if delivery.partitioned else None,
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
        deliveries: dg.ResourceParam[Abreast[Delivered]],
    ) -> dg.MaterializeResult[Any]:
        making = partial(_made, context.run, store, company, deliveries)
        with failures.classed(context, retries=failures.RETRIES):
            says = f"{delivery.flow} → %s, side by side …"
            result = side_by_side.outcome(
                context, deliveries, outgoing, together, making, says=says
            )
            for key in _keys(context.run, delivery):
                context.add_asset_metadata(
                    told(result.counts.get(key, Counter())),
                    asset_key=destination_key(delivery),
                    partition_key=key or None,
                )
            total = result.total
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
            if result.at_gate:
                raise Stop(
                    f"{result.at_gate} of {total['due']} {delivery.kind} are held: there is no "
                    "passing verdict for their data as it is now",
                    remedy="mend what the gate found (see its check), then materialize them "
                    "with everything upstream",
                )
        return dg.MaterializeResult()

    return deliver


def _made(
    run: dg.DagsterRun,
    store: Store,
    company: Company,
    deliveries: Abreast[Delivered],
    outgoing: Outgoing,
) -> Delivered:
    """Make a delivery of a run, in whatever thread."""
    delivery = outgoing.delivery
    client = company.client(delivery.system)
    if not isinstance(client, Destination):
        raise TypeError(f"systems/{delivery.system}/client.py does not receive anything")
    outbox = Outbox(delivery, company.endpoint(delivery.system), run.run_id)
    courier = Courier(store, outbox, client, sleep=deliveries.sleep, is_over=deliveries.is_over)
    return courier.deliver(
        _keys(run, delivery),
        approval(list(outgoing.gated.values())),
        distrust=DISTRUST_TAG in run.tags,
    )


def _keys(run: dg.DagsterRun, delivery: Delivery) -> Sequence[str]:
    return Days.of(run.tags).keys if delivery.partitioned else [""]


def told(counts: Mapping[str, int]) -> Mapping[str, float]:
    """A day's deliveries as numbers to plot: how each due object stands, and the share now in."""
    due = counts.get("due", 0)
    arrived = counts.get("delivered", 0) + counts.get("unchanged", 0)
    return {
        **{name: counts.get(name, 0) for name in ("due", *STANDINGS)},
        "completeness": arrived / due if due else 1.0,
    }
