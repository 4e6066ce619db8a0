"""Comparison of flows without days: each object looked up at its destination, after delivery."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from accord.catalog import Delivery, Stream, System
from accord.connector import Destination, Source
from accord.intake import take_in
from accord.reconcile import LookedBack, comparison_of, looked_back
from accord.records import Window
from accord.sandbox.company import Company
from accord.store.database import Store
from integration_assets import failures
from integration_assets.publishing import destination_key
from integration_assets.words import counted

_ALIKE = "both_sides_agree"


def look_back_key(delivery: Delivery) -> dg.AssetKey:
    """The asset of a delivery's comparison."""
    return dg.AssetKey(["reconciliation", comparison_of(delivery)])


def looking_back(system: System, deliveries: Sequence[Delivery], owner: str) -> dg.AssetsDefinition:
    """One step that reads a system again after delivery and compares it object by object.

    Its streams are followed once more first, so that our own writes are landed as soon as they are
    made, and the next run does not take them for news.
    """
    streams = [stream for stream in system.streams if not stream.partitioned]

    @dg.multi_asset(
        name=f"{system.name}_read_back",
        specs=[
            dg.AssetSpec(
                look_back_key(delivery),
                deps=[destination_key(delivery)],
                description=f"Each of the {delivery.kind} in {system.title}, looked up: equal, "
                "missing, different or doubled.",
                group_name="reconciliation",
                kinds={system.name},
                owners=[owner],
            )
            for delivery in deliveries
        ],
        check_specs=[
            dg.AssetCheckSpec(
                _ALIKE,
                asset=look_back_key(delivery),
                description="No object is missing, different or doubled.",
            )
            for delivery in deliveries
        ],
        pool=system.name,
    )
    def look(
        context: dg.AssetExecutionContext,
        store: dg.ResourceParam[Store],
        company: dg.ResourceParam[Company],
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        found: dict[str, LookedBack] = {}
        with failures.classed(context, retries=failures.RETRIES):
            client = company.client(system.name)
            _read_again(store, client, streams, run_id=context.run_id)
            if not isinstance(client, Destination):
                raise TypeError(f"systems/{system.name}/client.py does not receive anything")
            for delivery in deliveries:
                found[delivery.kind] = looked_back(store, delivery, client, run_id=context.run_id)
        context.log.info("%s, looked up: %s", system.name, told(found))
        for delivery in deliveries:
            key, back = look_back_key(delivery), found[delivery.kind]
            yield dg.MaterializeResult(asset_key=key, metadata=facts(back))
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name=_ALIKE,
                passed=not back.differing,
                metadata={
                    "which": ", ".join(f"{name} {state}" for name, state in back.apart[:20])
                    or "none",
                    "remedy": "run `accord reconcile`; what waits or was refused is in "
                    "`accord status`" if back.differing else "none needed",
                },
            )  # fmt: skip

    return look


def facts(back: LookedBack) -> Mapping[str, Any]:
    """A comparison as numbers to plot."""
    return {
        "objects": back.objects,
        "equal": back.counts["equal"],
        "missing": back.counts["missing"],
        "different": back.counts["different"],
        "doubled": back.counts["doubled"],
        "agreement": back.counts["equal"] / back.objects if back.objects else 1.0,
    }


def told(kinds: Mapping[str, LookedBack]) -> str:
    """What looking up came to, for the log, by kind of object."""
    names = ("equal", "missing", "different", "doubled")
    return "; ".join(
        f"{kind} {counted(back.counts, names) or 'none'}" for kind, back in kinds.items()
    )


def _read_again(store: Store, client: object, streams: Sequence[Stream], *, run_id: str) -> None:
    if isinstance(client, Source):
        for stream in streams:
            take_in(store, stream, client, Window(), run_id=run_id)
