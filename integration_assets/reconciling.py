"""Reconciliation and outcome assets: what destinations hold, and whether the business is served."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from accord.catalog import Delivery
from accord.connector import Source
from accord.contracts.outcomes import Outcome
from accord.outcomes import outcome_states
from accord.reconcile import Comparison, compared, read_back
from accord.sandbox.company import Company
from accord.store.database import Role, Store
from accord.store.reports import Compared
from integration_assets import failures
from integration_assets.landing import landing_key
from integration_assets.modelling import BEHIND_GATE_TAG
from integration_assets.partitions import BACKFILL, Days
from integration_assets.words import counted, several


def comparison_key(comparison: Comparison) -> dg.AssetKey:
    """The asset of a comparison."""
    return dg.AssetKey(["reconciliation", comparison.name])


def reconciliation(
    comparison: Comparison,
    after: Sequence[dg.AssetKey],
    days: dg.DailyPartitionsDefinition,
    owner: str,
) -> dg.AssetsDefinition:
    """One step that reads the destinations back and compares them with landing, day by day."""
    key = comparison_key(comparison)
    backs = [
        dg.AssetSpec(
            landing_key(stream),
            deps=list(after),
            description=f"{stream.title}: every version as read back, to be compared with what "
            "was landed.",
            group_name="read_back",
            kinds={"postgres"},
            partitions_def=days,
            tags={BEHIND_GATE_TAG: ""},
        )
        for stream in comparison.read_back
    ]

    @dg.multi_asset(
        name=comparison.name,
        specs=[
            *backs,
            dg.AssetSpec(
                key,
                deps=[spec.key for spec in backs],
                description="Each business day on both sides: equal, missing, extra, different "
                "or doubled, with the difference in money.",
                group_name="reconciliation",
                kinds={"postgres"},
                owners=[owner],
                partitions_def=days,
                tags={BEHIND_GATE_TAG: ""},
            ),
        ],
        check_specs=[
            dg.AssetCheckSpec(
                "both_sides_agree", asset=key, description="No day is missing, extra or different."
            )
        ],
        backfill_policy=BACKFILL,
        pool=comparison.read_back[0].name.system,
    )
    def reconcile(
        context: dg.AssetExecutionContext,
        store: dg.ResourceParam[Store],
        company: dg.ResourceParam[Company],
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        asked = Days.of(context.run.tags)
        with failures.classed(context, retries=failures.RETRIES):
            sources = [
                (stream, source)
                for stream in comparison.read_back
                if isinstance(source := company.client(stream.name.system), Source)
            ]
            read_back(store, sources, asked.window, run_id=context.run_id)
            rows = compared(store, comparison.name, asked.span, run_id=context.run_id)
        words = comparison.name.removeprefix("rec_").replace("__", ", ").replace("_", " ")
        context.log.info("%s: %s", words, told(rows))
        for day, facts in day_facts(rows, asked.keys).items():
            context.add_asset_metadata(facts, asset_key=key, partition_key=day)
        for spec in backs:
            yield dg.MaterializeResult(asset_key=spec.key)
        yield dg.MaterializeResult(asset_key=key, metadata={"days": len(rows)})
        apart = [row for row in rows if row.state != "equal"]
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name="both_sides_agree",
            passed=not apart,
            metadata={
                "days": asked.title,
                "days compared": len(rows),
                "days apart": len(apart),
                "difference": float(sum(row.difference for row in rows)),
                "which": ", ".join(f"{row.partition_key} {row.state}" for row in apart[:20])
                or "none",
                "remedy": "run `accord reconcile` to see what differs" if apart else "none needed",
            },
        )

    return reconcile


def told(rows: Iterable[Compared]) -> str:
    """What a comparison came to, for the log: days by how they stand."""
    counts = Counter(row.state for row in rows)
    days = several(counts.total(), "day")
    return f"{days} compared, {counted(counts, sorted(counts)) or 'nothing on either side'}"


def day_facts(rows: Iterable[Compared], days: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
    """What the comparison says of each day, as numbers to plot; a day of nothing says so."""
    found = {row.partition_key: row for row in rows}
    return {
        day: {
            "state": row.state if row else "nothing on either side",
            "expected": float(row.expected or 0) if row else 0.0,
            "found": float(row.found or 0) if row else 0.0,
            "difference": float(row.difference) if row else 0.0,
        }
        for day, row in ((day, found.get(day)) for day in days)
    }


def outcome_asset(
    outcome: Outcome,
    streams: Sequence[str],
    after: Sequence[dg.AssetKey],
    deliveries: Sequence[Delivery] = (),
) -> dg.AssetsDefinition:
    """The asset that says whether a declared outcome is met, from the ledger and the comparison."""

    @dg.asset(
        key=["outcomes", outcome.name],
        deps=list(after),
        group_name="outcomes",
        owners=[outcome.owner],
        tags={BEHIND_GATE_TAG: ""},
        description=f"{outcome.says}. Measured: {outcome.measure}.",
        pool="outcomes",
    )
    def measure(
        context: dg.AssetExecutionContext, store: dg.ResourceParam[Store]
    ) -> dg.MaterializeResult[Any]:
        with failures.classed(context), store.session(Role.READER) as connection:
            state = outcome_states(
                connection,
                {outcome.name: outcome},
                {outcome.flow: streams},
                datetime.now(UTC),
                deliveries=deliveries,
            )[0]
        return dg.MaterializeResult(
            metadata={
                "state": state.state,
                "met": int(state.state == "met"),
                "business day": state.day.isoformat(),
                "due at": dg.MetadataValue.timestamp(state.due_at),
                "what happened": state.detail,
                "remedy": state.remedy or "none needed",
            }
        )

    return measure
