"""Landing assets: one per stream, by business day where it has days; and where they come from."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg

from accord.abreast import Abreast
from accord.catalog import Stream, System
from accord.connector import Source
from accord.contracts.odcs import load
from accord.intake import Taken, take_in
from accord.records import Window
from accord.sandbox.company import Company
from accord.store.database import Store
from integration_assets import failures, side_by_side
from integration_assets.partitions import BACKFILL, Days
from integration_assets.tables import contract_schema
from integration_assets.words import counted


def external_key(system: System, stream: Stream) -> dg.AssetKey:
    """The asset that stands for a stream inside its system, outside of Accord.

    Where the system is written to under the same name, that is another asset: what we deliver comes
    last in the lineage, what we read comes first.
    """
    is_written = any(delivery.kind == stream.name.stream for delivery in system.deliveries)
    name = f"{stream.name.stream}_at_source" if is_written else stream.name.stream
    return dg.AssetKey([system.name, name])


def landing_key(stream: Stream) -> dg.AssetKey:
    """The asset of a stream's landing table."""
    return dg.AssetKey(["landing", stream.name.table])


def external(system: System, stream: Stream) -> dg.AssetSpec:
    """The stream as it is in the system itself: where the lineage begins.

    All of them are one group, apart from what is delivered to the same systems: the groups are
    drawn from left to right along a record's way only while none leads back to another.
    """
    return dg.AssetSpec(
        external_key(system, stream),
        description=f"{stream.title}, in {system.title} itself.",
        group_name="sources",
        kinds={system.settings.get("kind", system.name)},
    )


@dataclass(frozen=True, slots=True)
class Incoming:
    """A stream of a system that is read."""

    system: System
    stream: Stream

    @property
    def name(self) -> str:
        """What Dagster calls its step."""
        return "__".join(landing_key(self.stream).path)

    @property
    def system_name(self) -> str:
        """The system's name."""
        return self.system.name


def landing(
    incoming: Incoming,
    days: dg.DailyPartitionsDefinition,
    *,
    closed_on: Collection[str] = (),
    beside: Sequence[Incoming] = (),
) -> dg.AssetsDefinition:
    """The asset that reads a stream and lands every version of every record as received.

    A stream whose records belong to no business day is an asset without partitions, read whole.
    On the weekdays of `closed_on` nothing is expected. What is `beside` it in other systems is read
    meanwhile.
    """
    system, stream = incoming.system, incoming.stream
    contract = load(stream.contract)
    key = landing_key(stream)

    @dg.asset(
        key=key,
        deps=[external_key(system, stream)],
        check_specs=[_every_day(key)] if stream.partitioned else None,
        partitions_def=days if stream.partitioned else None,
        backfill_policy=BACKFILL if stream.partitioned else None,
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
        readings: dg.ResourceParam[Abreast[Taken]],
    ) -> Iterator[dg.MaterializeResult[Any]]:
        asked = _asked(context.run, stream)
        reading = partial(_read, context.run, store, company, readings)
        with failures.classed(context, retries=failures.RETRIES):
            taken = side_by_side.outcome(
                context, readings, incoming, beside, reading, says="Reading %s, side by side …"
            )
        for day in asked.keys if asked else ():
            context.add_asset_metadata(_counted(taken, day), asset_key=key, partition_key=day)
        context.log.info("%s: %s", stream.name, told(taken))
        if asked is None:
            yield dg.MaterializeResult(metadata=_counted(taken, ""))
            return
        today = datetime.now(ZoneInfo(days.timezone or "UTC")).date()
        missing = absent(asked.keys, taken.arrived, closed_on=closed_on, today=today)
        yield dg.MaterializeResult(check_results=[_judged(asked, missing)])

    return land


def _read(
    run: dg.DagsterRun,
    store: Store,
    company: Company,
    readings: Abreast[Taken],
    incoming: Incoming,
) -> Taken:
    """Read and land a stream for a run, in whatever thread."""
    system, stream = incoming.system, incoming.stream
    source = company.client(system.name)
    if not isinstance(source, Source):
        raise TypeError(f"systems/{system.name}/client.py does not read streams")
    asked = _asked(run, stream)
    window = asked.window if asked else Window()
    return take_in(store, stream, source, window, run_id=run.run_id, is_over=readings.is_over)


def _asked(run: dg.DagsterRun, stream: Stream) -> Days | None:
    return Days.of(run.tags) if stream.partitioned else None


def absent(
    days: Iterable[str], arrived: Collection[str], *, closed_on: Collection[str], today: date
) -> list[str]:
    """The days before `today` for which something was expected and nothing was there."""
    return [
        day
        for day in days
        if day not in arrived
        and date.fromisoformat(day) < today
        and f"{date.fromisoformat(day):%A}".lower() not in closed_on
    ]


def told(taken: Taken) -> str:
    """What an intake came to, for the log."""
    names = ("read", "landed", "unchanged", "rejected", "removed")
    counts = {name: getattr(taken.counts, name).total() for name in names}
    return counted(counts, names, always="read")


def _every_day(key: dg.AssetKey) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        "every_day_arrived",
        asset=key,
        description="There was something for every day that is over, but for the weekdays without "
        "trade (closed_on in contracts/outcomes.yaml). Never blocks: what comes late starts its "
        "own run.",
    )


def _judged(asked: Days, missing: list[str]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name="every_day_arrived",
        passed=not missing,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "days": asked.title,
            "days without anything": len(missing),
            "which": ", ".join(missing[:20]) or "none",
            "remedy": "have the exports of these days sent" if missing else "none needed",
        },
    )


def _counted(taken: Taken, day: str) -> Mapping[str, Any]:
    counts = taken.counts
    read, rejected = counts.read[day], counts.rejected[day]
    return {
        "dagster/partition_row_count" if day else "dagster/row_count": read - rejected,
        "read": read,
        "landed": counts.landed[day],
        "unchanged": counts.unchanged[day],
        "rejected": rejected,
        "removed": counts.removed[day],
        "completeness": (read - rejected) / read if read else 1.0,
        "export": "read" if read else "empty" if day in taken.arrived else "none came",
    }
