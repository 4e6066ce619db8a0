"""The gates: blocking asset checks that judge what was built, and keep the verdicts.

A blocking check stops its own run only; what stops every other way out is the stored verdict,
which the destination assets ask for.
"""

from collections.abc import Iterable, Iterator, Sequence

import dagster as dg

from accord.contracts.model import Contract
from accord.errors import Stop
from accord.lineage import Model
from accord.quality import enforce
from accord.quality.expectations import agreement
from accord.quality.gate import PartitionVerdict, judge
from accord.quality.second_opinion import SecondOpinion
from accord.store import builds, reports, verdicts
from accord.store.builds import Span
from accord.store.database import Connection, Role, Store, of_one_moment
from accord.store.verdicts import Current
from integration_assets import failures
from integration_assets.modelling import BEHIND_GATE, CANONICAL
from integration_assets.partitions import WHOLE, Days
from integration_assets.words import several


def target_of(model: Model) -> str:
    """The build that a model's verdicts follow."""
    return BEHIND_GATE if model.behind_gate else CANONICAL


def gate(contract: Contract, key: dg.AssetKey, target: str) -> dg.AssetChecksDefinition:
    """The gate of one entity: its contract (blocking), and a warning for what is merely unusual."""

    @dg.multi_asset_check(
        name=f"{contract.name}_gate",
        specs=[
            dg.AssetCheckSpec(
                "contract_holds",
                asset=key,
                blocking=True,
                description=f"The contract {contract.name} v{contract.version} holds for this very "
                "version of the data. After mending, re-execute all steps, not just this one.",
            ),
            dg.AssetCheckSpec(
                "as_usual",
                asset=key,
                description="Nothing unusual, such as a volume outside its range. Never blocks.",
            ),
        ],
        pool="warehouse",
    )
    def hold(
        context: dg.AssetCheckExecutionContext,
        store: dg.ResourceParam[Store],
        second_opinion: dg.ResourceParam[SecondOpinion],
    ) -> Iterator[dg.AssetCheckResult]:
        asked = Days.asked(context.run.tags)
        span = asked.span if asked else WHOLE
        with failures.classed(context.op_execution_context):
            judged = judge_and_keep(
                store, second_opinion, contract, target, span, run_id=context.run.run_id
            )
            partitions = asked.keys if asked and contract.partition_column else [""]
            with store.session(Role.READER) as connection:
                standing = verdicts.current(connection, contract.name, partitions)
                closed = _closed_in_all(connection, contract.name)
        context.log.info("gate of %s: %s", contract.name, told(judged, standing))
        days = asked.title if asked else "all"
        yield from results(key, standing, days=days, closed_in_all=closed)

    return hold


def judge_and_keep(
    store: Store,
    second: SecondOpinion,
    contract: Contract,
    target: str,
    span: Span,
    *,
    run_id: str,
) -> list[PartitionVerdict]:
    """Judge what has no verdict yet, have Great Expectations agree, and keep the verdicts.

    Raises Stop, keeping nothing, when the two judges do not agree.
    """
    with store.alone("build models"), store.session(Role.GATEKEEPER) as connection:

        def judged_now() -> list[PartitionVerdict]:
            if contract.partition_column:
                asked = builds.to_judge(connection, target, contract.name, contract.digest, span)
            else:
                new = builds.whole_to_judge(connection, target, contract.name, contract.digest)
                asked = [] if not new and enforce.is_judged(connection, contract, "") else [""]
            if not asked:
                return []
            judged = judge(connection, contract, asked)
            _seconded(second, contract, judged, asked)
            enforce.keep(connection, contract, judged, run_id=run_id)
            return judged

        return of_one_moment(connection, judged_now)


def results(
    key: dg.AssetKey, standing: Sequence[Current], *, days: str, closed_in_all: int
) -> Iterator[dg.AssetCheckResult]:
    """What the verdicts in force say, as check results; counts and rule names, never values."""
    closed = [verdict for verdict in standing if not verdict.passed]
    warned = [verdict for verdict in standing if verdict.warnings]
    yield dg.AssetCheckResult(
        asset_key=key,
        check_name="contract_holds",
        passed=not closed,
        metadata={
            "days": days,
            "rows checked": sum(verdict.checked for verdict in standing),
            "rows rejected": sum(verdict.rejected for verdict in standing),
            "days closed": len(closed),
            "days closed, which": _listed(verdict.partition_key for verdict in closed),
            "days closed, elsewhere": closed_in_all - len(closed),
            "days closed, by": ", ".join(sorted({rule for v in closed for rule in v.closed_by}))
            or "none",
            "remedy": "see `accord status` and the dead letters" if closed else "none needed",
        },
    )
    yield dg.AssetCheckResult(
        asset_key=key,
        check_name="as_usual",
        passed=not warned,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "days": days,
            "days unusual": len(warned),
            "days unusual, which": _listed(verdict.partition_key for verdict in warned),
            "days unusual, by": ", ".join(sorted({rule for v in warned for rule in v.warnings}))
            or "nothing",
        },
    )


def told(judged: Sequence[PartitionVerdict], standing: Sequence[Current]) -> str:
    """What a gate came to, for the log: what was new to judge, and how it stands now."""
    closed = sum(not verdict.passed for verdict in standing)
    rows = sum(verdict.checked for verdict in judged)
    new = f"{several(rows, 'row')} judged" if judged else "nothing new to judge"
    return f"{new}, {f'{closed} CLOSED' if closed else 'open'}"


def _listed(days: Iterable[str]) -> str:
    """The first days by name; a gate of a whole table has one verdict without a day."""
    named = [day or "the whole table" for day in days]
    more = f" and {len(named) - 20} more" if len(named) > 20 else ""
    return ", ".join(named[:20]) + more or "none"


def _closed_in_all(connection: Connection, entity: str) -> int:
    return sum(gate.closed for gate in reports.gates(connection) if gate.entity == entity)


def _seconded(
    second: SecondOpinion,
    contract: Contract,
    judged: Sequence[PartitionVerdict],
    partitions: Sequence[str],
) -> None:
    apart = agreement(judged, second.evaluate(contract, partitions))
    if apart:
        raise Stop(
            f"Great Expectations and the SQL pass disagree on {contract.name}: {', '.join(apart)}",
            remedy="nothing of it goes out; report this with the contract's version",
        )
