"""Landing assets: one per stream, by business day where it has days; and where they come from."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from accord.catalog import Stream, System
from accord.connector import Source
from accord.contracts.odcs import load
from accord.intake import take_in
from accord.records import Window
from accord.sandbox.company import Company
from accord.store.database import Store
from accord.store.landing import Landed
from integration_assets import failures
from integration_assets.partitions import BACKFILL, Days
from integration_assets.tables import contract_schema


def external_key(stream: Stream) -> dg.AssetKey:
    """The asset that stands for a stream inside its system, outside of Accord."""
    return dg.AssetKey([stream.name.system, stream.name.stream])


def landing_key(stream: Stream) -> dg.AssetKey:
    """The asset of a stream's landing table."""
    return dg.AssetKey(["landing", stream.name.table])


def external(system: System, stream: Stream) -> dg.AssetSpec:
    """The stream as it is in the system itself: where the lineage begins."""
    return dg.AssetSpec(
        external_key(stream),
        description=f"{stream.title}, in {system.title} itself.",
        group_name=system.name,
        kinds={system.settings.get("kind", system.name)},
    )


def landing(
    system: System, stream: Stream, days: dg.DailyPartitionsDefinition
) -> dg.AssetsDefinition:
    """The asset that reads a stream and lands every version of every record as received.

    A stream whose records belong to no business day is an asset without partitions, read whole.
    """
    contract = load(stream.contract)

    @dg.asset(
        key=landing_key(stream),
        deps=[external_key(stream)],
        partitions_def=days if stream.partitioned else None,
        backfill_policy=BACKFILL if stream.partitioned else None,
        retry_policy=failures.RETRIES,
        pool=system.name,
        group_name="landing",
        kinds={"postgres"},
        owners=["team:integration"],
        description=f"{stream.title}: every version as received, append-only. "
        f"{contract.description}",
        metadata={"dagster/column_schema": contract_schema(contract)},
    )
    def land(
        context: dg.AssetExecutionContext,
        store: dg.ResourceParam[Store],
        company: dg.ResourceParam[Company],
    ) -> dg.MaterializeResult:
        asked = Days.of(context.run.tags) if stream.partitioned else None
        with failures.classed(context):
            source = company.client(system.name)
            if not isinstance(source, Source):
                raise TypeError(f"systems/{system.name}/client.py does not read streams")
            window = asked.window if asked else Window()
            taken = take_in(store, stream, source, window, run_id=context.run.run_id)
        for day in asked.keys if asked else ():
            context.add_asset_metadata(
                _counted(taken.counts, day), asset_key=landing_key(stream), partition_key=day
            )
        context.log.info(
            "%s: %s read, %s landed, %s unchanged, %s rejected, %s removed",
            stream.name,
            *(
                getattr(taken.counts, name).total()
                for name in ("read", "landed", "unchanged", "rejected", "removed")
            ),
        )
        return dg.MaterializeResult(metadata=None if asked else _counted(taken.counts, ""))

    return land


def _counted(counts: Landed, day: str) -> Mapping[str, Any]:
    read, rejected = counts.read[day], counts.rejected[day]
    return {
        "read": read,
        "landed": counts.landed[day],
        "unchanged": counts.unchanged[day],
        "rejected": rejected,
        "removed": counts.removed[day],
        "completeness": (read - rejected) / read if read else 1.0,
        "export": "read" if read else "nothing there",
    }
