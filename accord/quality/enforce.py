"""Keeping verdicts, and enforcing them: no version of the data goes out without its own pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from psycopg import sql

from accord.contracts.model import Contract
from accord.quality.data_version import data_versions
from accord.quality.gate import PartitionVerdict
from accord.quality.rules import rules_of
from accord.quality.sql_pass import row_key, table
from accord.records import Rejected
from accord.store import dead_letters, verdicts
from accord.store.database import Connection


def keep(
    connection: Connection, contract: Contract, judged: Iterable[PartitionVerdict], *, run_id: str
) -> None:
    """Store the verdicts, with rejected rows as dead letters, in the caller's transaction."""
    for verdict in judged:
        verdicts.keep(
            connection,
            verdicts.Verdict(
                entity=verdict.entity,
                partition=verdict.partition,
                data_version=verdict.data_version,
                contract=verdict.contract_digest,
                passed=verdict.passed,
                checked=verdict.checked,
                rejected=verdict.rejected,
                closed_by=verdict.closed_by,
                warnings=verdict.warnings,
                rows=((row.row_key, row.rules) for row in verdict.rejected_rows),
            ),
            run_id=run_id,
        )
        origin = dead_letters.Origin("gate", verdict.entity, verdict.partition, run_id)
        dead_letters.put(connection, _letters(connection, contract, verdict), origin)
        dead_letters.resolve_absent(connection, origin)


def is_judged(connection: Connection, contract: Contract, partition: str) -> bool:
    """Tell whether the verdict in force on a partition is about its content as it is now.

    What was built since is no measure of it: a steward's decision builds nothing, and whoever built
    may have been killed before noting it.
    """
    judged = verdicts.judged(connection, contract.name, contract.digest, [partition])
    return judged == data_versions(connection, contract, [partition])


def approved_versions(
    connection: Connection, contract: Contract, partitions: Sequence[str]
) -> Mapping[str, str]:
    """The partitions whose content, as it is at this moment, has a passing verdict of its own."""
    passed = verdicts.passing(connection, contract.name, contract.digest, partitions)
    if not passed:
        return {}
    now = data_versions(connection, contract, sorted(passed))
    return {day: version for day, version in now.items() if passed[day] == version}


def _letters(
    connection: Connection, contract: Contract, verdict: PartitionVerdict
) -> list[Rejected]:
    broken = {row.row_key: row.rules for row in verdict.rejected_rows}
    if not broken:
        return []
    remedies = {rule.name: rule.remedy for rule in rules_of(contract)}
    statement = sql.SQL(
        "select {key}, convert_to(to_jsonb(t)::text, 'UTF8') from {table} as t "
        "where {key} = any(%s)"
    ).format(key=row_key(contract), table=table(contract))
    rows = connection.execute(statement, (list(broken),)).fetchall()
    return [
        Rejected(
            key=key,
            payload=payload,
            partition=verdict.partition,
            cause=broken[key][0],
            detail=f"the row breaks {', '.join(broken[key])}",
            remedy=remedies[broken[key][0]],
        )
        for key, payload in rows
    ]
