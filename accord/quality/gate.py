"""The gate: which partitions of an entity may go out, and which of their rows may not.

`judge` measures in the database, `decide` draws the conclusion and knows no database.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import tuple_row
from psycopg.sql import Composed

from accord.contracts.model import Contract
from accord.errors import Retry, Stop
from accord.quality import sql_pass
from accord.quality.data_version import data_versions
from accord.quality.rules import BatchRule, Rules, rules_of

BUDGET = "reject_budget"
NO_PARTITION = "rows_without_partition"
LISTED = 1000


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row that may not go out, by key, with the names of the rules it broke."""

    row_key: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured about one partition.

    `broken` counts rows by the exact set of row rules they break, `repeated` the rows a unique
    rule blames, `numbers` what a query or count gave; None is an answer that never came.
    """

    data_version: str
    checked: int = 0
    broken: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    repeated: Mapping[str, int] = field(default_factory=dict)
    numbers: Mapping[str, Decimal | None] = field(default_factory=dict)
    outside: int = 0
    rows: Sequence[RejectedRow] = ()


@dataclass(frozen=True, slots=True)
class PartitionVerdict:
    """The answer for one exact version of one partition, by one version of its contract.

    `rejected` counts rows, `rejected_rows` lists them by key: all of them while the gate is open,
    at least the first `LISTED` where the budget closed it. `closed_by` and `warnings` name rules;
    `broken` counts, for every broken rule, rows or (for queries) the partition itself.
    """

    entity: str
    partition: str
    data_version: str
    contract_digest: str
    passed: bool
    checked: int
    rejected: int
    closed_by: tuple[str, ...]
    warnings: tuple[str, ...]
    rejected_rows: tuple[RejectedRow, ...]
    broken: Mapping[str, int]
    numbers: Mapping[str, Decimal | None]


def judge(
    connection: psycopg.Connection[Any], contract: Contract, partitions: Sequence[str]
) -> list[PartitionVerdict]:
    """Judge partitions (ISO days; [""] where a table has none), in the order given.

    Only reads, in the caller's transaction. Raises Retry when a partition changes meanwhile, and
    Stop for a contract that cannot be judged.
    """
    sql_pass.check_partitions(contract, partitions)
    rules = rules_of(contract)
    versions = data_versions(connection, contract, partitions)
    facts = _measure(connection, contract, rules, partitions, versions)
    if data_versions(connection, contract, partitions) != versions:
        raise Retry(
            f"{contract.table} changed while it was judged",
            remedy="judge it again when nothing builds it",
        )
    return [decide(contract, rules, partition, facts[partition]) for partition in partitions]


def decide(
    contract: Contract, rules: Rules, partition: str, measured: Measured
) -> PartitionVerdict:
    """Conclude from what was measured whether one partition may go out."""
    fatal = {rule.name for rule in rules if rule.severity == "error"}
    broken: Counter[str] = Counter(measured.repeated)
    for names, rows in measured.broken.items():
        broken.update(dict.fromkeys(names, rows))
    broken.update(
        rule.name for rule in rules.batches if rule.comparison and not _holds(rule, measured)
    )
    rejected = _rejections(measured.broken, fatal)
    batch = [rule.name for rule in rules.batches if rule.name in fatal and broken[rule.name]]
    # A row that nobody can name cannot be held back alone.
    nameless = {name for row in measured.rows if not row.row_key for name in row.rules}
    closed = [*batch, *sorted((nameless & fatal) - set(batch))]
    if rejected > contract.reject_budget * measured.checked:
        closed.append(BUDGET)
    if measured.outside:
        closed.append(NO_PARTITION)
    return PartitionVerdict(
        entity=contract.name,
        partition=partition,
        data_version=measured.data_version,
        contract_digest=contract.digest,
        passed=not closed,
        checked=measured.checked,
        rejected=rejected,
        closed_by=tuple(closed),
        warnings=tuple(rule.name for rule in rules if rule.name not in fatal and broken[rule.name]),
        rejected_rows=tuple(measured.rows),
        broken=dict(+broken),
        numbers=measured.numbers,
    )


def _rejections(broken: Mapping[tuple[str, ...], int], fatal: set[str]) -> int:
    return sum(rows for names, rows in broken.items() if fatal.intersection(names))


def _holds(rule: BatchRule, measured: Measured) -> bool:
    number = Decimal(measured.checked) if rule.kind == "row_count" else None
    number = measured.numbers.get(rule.name, number)
    return rule.comparison is None or rule.comparison.holds(number)


def _measure(
    connection: psycopg.Connection[Any],
    contract: Contract,
    rules: Rules,
    partitions: Sequence[str],
    versions: Mapping[str, str],
) -> Mapping[str, Measured]:
    asked = sql_pass.bound(partitions)
    checked = dict(_rows(connection, sql_pass.checked_rows(contract), asked))
    broken: dict[str, dict[tuple[str, ...], int]] = defaultdict(dict)
    for partition, names, rows in _rows(connection, sql_pass.tallies(contract, rules.rows), asked):
        broken[partition][tuple(names)] = rows
    repeated, numbers, blamed = _batches(connection, contract, rules, asked)
    outside = 0
    if contract.partition_column:
        ((outside,),) = _rows(connection, sql_pass.outside_partitions(contract), asked)
    rejected = _rejected(connection, contract, rules, checked, broken)
    return {
        partition: Measured(
            data_version=versions[partition],
            checked=checked.get(partition, 0),
            broken=broken.get(partition, {}),
            repeated=repeated.get(partition, {}),
            numbers=numbers.get(partition, {}),
            outside=outside,
            rows=_merged(rejected.get(partition, {}), blamed.get(partition, {})),
        )
        for partition in partitions
    }


def _rows(
    connection: psycopg.Connection[Any], query: Composed, parameters: Mapping[str, Any]
) -> list[tuple[Any, ...]]:
    try:
        with connection.cursor(row_factory=tuple_row) as cursor:
            return cursor.execute(query, parameters).fetchall()
    except (psycopg.DataError, psycopg.ProgrammingError) as error:
        # The database's own words may hold a value, so only its class of error is passed on.
        raise Stop(
            f"A contract could not be judged: {type(error).__name__}",
            remedy="run the contract's conditions and queries by hand to see which one fails",
        ) from None


_Blamed = dict[str, dict[str, list[str]]]


def _batches(
    connection: psycopg.Connection[Any],
    contract: Contract,
    rules: Rules,
    asked: Mapping[str, Any],
) -> tuple[dict[str, Counter[str]], dict[str, dict[str, Decimal | None]], _Blamed]:
    """Measure the batch rules: repeated rows by rule, numbers by rule, and blamed keys."""
    repeated: dict[str, Counter[str]] = defaultdict(Counter)
    numbers: dict[str, dict[str, Decimal | None]] = defaultdict(dict)
    blamed: _Blamed = defaultdict(lambda: defaultdict(list))
    for rule in rules.batches:
        if rule.kind == "unique":
            for partition, key, rows in connection.execute(
                sql_pass.repeated(contract, rule), asked
            ):
                repeated[partition][rule.name] += rows
                if rule.severity == "error":
                    blamed[partition][key].append(rule.name)
        if rule.kind == "sql":
            for partition, number in _rows(connection, sql_pass.measured(contract, rule), asked):
                numbers[partition][rule.name] = number
    return repeated, numbers, blamed


def _rejected(
    connection: psycopg.Connection[Any],
    contract: Contract,
    rules: Rules,
    checked: Mapping[str, int],
    broken: Mapping[str, Mapping[tuple[str, ...], int]],
) -> _Blamed:
    """List rejected rows: all where they stay within the budget, otherwise the first ones."""
    found: _Blamed = defaultdict(dict)
    fatal = [rule for rule in rules.rows if rule.severity == "error"]
    if not broken or not fatal:
        return found
    names = {rule.name for rule in fatal}
    counts = {partition: _rejections(found_in, names) for partition, found_in in broken.items()}
    within = (
        rows
        for partition, rows in counts.items()
        if rows <= contract.reject_budget * checked[partition]
    )
    bound = sql_pass.bound(list(broken)) | {"limit": max(LISTED, *within, 0)}
    for partition, key, rules_broken in _rows(connection, sql_pass.listed(contract, fatal), bound):
        found[partition][key] = rules_broken
    return found


def _merged(*parts: Mapping[str, Sequence[str]]) -> tuple[RejectedRow, ...]:
    rules: dict[str, set[str]] = defaultdict(set)
    for part in parts:
        for key, names in part.items():
            rules[key] |= set(names)
    return tuple(RejectedRow(key, tuple(sorted(rules[key]))) for key in sorted(rules))
