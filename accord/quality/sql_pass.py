"""Builds the SQL that finds what breaks a contract: one statement for all row rules.

Identifiers are quoted and values composed by psycopg. Every statement takes the parameters that
`bound` returns for partition keys as text, and says the partition in the same text form.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from accord.contracts.model import Contract
from accord.errors import Stop
from accord.quality.rules import BatchRule, RowRule

_PLACE = re.compile(r"\$\{(\w+)\}")
_IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def check_partitions(contract: Contract, partitions: Sequence[str]) -> None:
    """Refuse partition keys that would silently find no rows. Raises Stop."""
    if contract.partition_column is None:
        good = list(partitions) == [""]
    elif contract.column(contract.partition_column).logical_type == "date":
        good = all(_is_iso_day(partition) for partition in partitions)
    else:
        good = all(partitions)
    if not good:
        raise Stop(
            f"{contract.name} has no such partitions",
            remedy='name days as YYYY-MM-DD; a table without partitions is the one partition ""',
        )


def _is_iso_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def bound(partitions: Sequence[str]) -> dict[str, Any]:
    """Return the parameters of all statements here.

    Days and their texts are two parameters, because one that is cast to both is no constant to
    the planner, which then compares each row with each partition.
    """
    return {"partitions": list(partitions), "partition_keys": list(partitions)}


def table(contract: Contract) -> Composed:
    """Return the quoted `schema.table` of a contract. Raises Stop when it is not one."""
    parts = contract.table.split(".")
    names = [*parts, *contract.column_names]
    if len(parts) != 2 or not all(_IDENTIFIER.fullmatch(name) for name in names):
        raise Stop(
            f"The contract {contract.name} names no table and columns that can be judged",
            remedy="set physicalName to schema.table, and use lower_snake_case names",
        )
    return Composed([Identifier(*parts)])


def partition_type(contract: Contract) -> Composable:
    """Return the type of the partition column. Raises Stop for other types than date and text."""
    kinds = {"date": SQL("date"), "string": SQL("text")}
    kind = contract.column(contract.partition_column or "").logical_type
    if kind not in kinds:
        raise Stop(
            f"The contract {contract.name} is partitioned by a {kind}",
            remedy="partition it by a date or a string",
        )
    return kinds[kind]


def partition_of(contract: Contract, column: Composable | None = None) -> Composable:
    """Return an expression for a row's partition key as text; "" where there are none."""
    if contract.partition_column is None:
        return SQL("''::text")
    named = column or SQL("t.{}").format(Identifier(contract.partition_column))
    if contract.column(contract.partition_column).logical_type == "date":
        return SQL("to_char({}, 'YYYY-MM-DD')").format(named)
    return named


def asked(contract: Contract) -> Composable:
    """Return the condition that a row `t` belongs to the asked partitions."""
    if contract.partition_column is None:
        return SQL("true")
    return SQL("t.{} = any(%(partitions)s::{}[])").format(
        Identifier(contract.partition_column), partition_type(contract)
    )


def row_key(contract: Contract) -> Composable:
    """Return an expression for a row's key as text; a missing key is ""."""
    return SQL("coalesce(t.{}::text, '')").format(Identifier(contract.key_column or ""))


def literal(value: Any) -> Composable:
    """Return a value as a quoted literal, with percent signs kept from the driver."""
    return raw(Literal(value).as_string())


def raw(text: str) -> SQL:
    """Take SQL written in a contract as it stands, with percent signs kept from the driver."""
    return SQL(text.replace("%", "%%"))


def breaks(rule: RowRule) -> Composable:
    """Return the condition that row `t` breaks `rule`; it is not true where its column is null."""
    column = SQL("t.{}").format(Identifier(rule.column))
    match rule.kind:
        case "not_null":
            return SQL("{} is null").format(column)
        case "in_list":
            return SQL("{} <> all({}::text[])").format(column, literal(list(rule.values)))
        case "not_in_list":
            return SQL("{} = any({}::text[])").format(column, literal(list(rule.values)))
        case "pattern":
            return SQL("{} !~ {}").format(column, literal(f"^(?:{rule.pattern})$"))
        case "length":
            return SQL("length({}) > {}").format(column, literal(rule.maximum))
        case "range":
            limits = [
                SQL("{} {} {}").format(column, SQL(sign), literal(limit))
                for sign, limit in (("<", rule.minimum), (">", rule.maximum))
                if limit is not None
            ]
            return SQL(" or ").join(limits)
        case "row_condition":
            return SQL("({}) is false").format(raw(rule.condition))


def broken_rows(contract: Contract, rules: Sequence[RowRule]) -> Composed:
    """Return a query of the rows that break a rule: (partition, row_key, broken rule names)."""
    broken = [
        SQL("case when {} then {} end").format(breaks(rule), literal(rule.name)) for rule in rules
    ]
    return SQL(
        "select {partition} as partition, {key} as row_key,"
        " array_remove(array[{broken}]::text[], null) as broken"
        " from {table} t where {asked} and ({any})"
    ).format(
        partition=partition_of(contract),
        key=row_key(contract),
        broken=SQL(", ").join(broken),
        table=table(contract),
        asked=asked(contract),
        any=SQL(" or ").join([SQL("false"), *(SQL("({})").format(breaks(r)) for r in rules)]),
    )


def tallies(contract: Contract, rules: Sequence[RowRule]) -> Composed:
    """Return a query of (partition, broken rule names, rows), small however much is broken."""
    return SQL("select partition, broken, count(*) from ({}) b group by 1, 2").format(
        broken_rows(contract, rules)
    )


def listed(contract: Contract, rules: Sequence[RowRule]) -> Composed:
    """Return a query of (partition, row_key, broken), at most `limit` keys a partition.

    Rows that share a key are one entry.
    """
    return SQL(
        "select partition, row_key, array_agg(distinct rule order by rule) from ("
        " select b.partition, b.row_key, b.broken,"
        " dense_rank() over (partition by partition order by row_key) as place from ({}) b) r,"
        " unnest(r.broken) rule"
        " where place <= %(limit)s group by 1, 2 order by 1, 2"
    ).format(broken_rows(contract, rules))


def checked_rows(contract: Contract) -> Composed:
    """Return a query of (partition, rows) over the asked partitions."""
    return SQL("select {}, count(*) from {} t where {} group by 1").format(
        partition_of(contract), table(contract), asked(contract)
    )


def outside_partitions(contract: Contract) -> Composed:
    """Return a query of the number of rows that lie in no partition, so that nobody judges them."""
    return SQL("select count(*) from {} t where t.{} is null").format(
        table(contract), Identifier(contract.partition_column or "")
    )


def repeated(contract: Contract, rule: BatchRule) -> Composed:
    """Return a query of (partition, row_key, rows) that share their value with any other row.

    Only values of the asked partitions are looked up in the whole table, by index where there is.
    """
    return SQL(
        "with asked as ("
        " select {partition} as partition, {key} as row_key, t.{column} as shared"
        " from {table} t where {asked} and t.{column} is not null),"
        " doubled as ("
        " select o.{column} as shared from {table} o"
        " where o.{column} in (select shared from asked) group by 1 having count(*) > 1)"
        " select partition, row_key, count(*) from asked join doubled using (shared)"
        " group by 1, 2 order by 1, 2"
    ).format(
        partition=partition_of(contract),
        key=row_key(contract),
        column=Identifier(rule.column),
        table=table(contract),
        asked=asked(contract),
    )


def measured(contract: Contract, rule: BatchRule) -> Composed:
    """Return a query of (partition, measured number) for a rule that is SQL in the contract."""
    shape = SQL("q(part, measured)" if contract.partition_column else "q(measured)")
    return SQL("select {}, q.measured::numeric from ({}) {}").format(
        partition_of(contract, SQL("q.part")), _filled(contract, rule), shape
    )


def _filled(contract: Contract, rule: BatchRule) -> Composed:
    """Put table and partitions into the places a contract's query leaves for them."""
    pieces: list[Composable] = []
    for number, text in enumerate(_PLACE.split(rule.query)):
        if number % 2 == 0:
            pieces.append(raw(text))
        elif text in ("object", "table"):
            pieces.append(table(contract))
        elif text == "partitions" and contract.partition_column:
            pieces.append(SQL("%(partitions)s::{}[]").format(partition_type(contract)))
        elif text == "partition_keys" and contract.partition_column:
            pieces.append(SQL("%(partition_keys)s::text[]"))
        else:
            raise Stop(
                f"The rule {rule.name} of contract {contract.name} leaves a place for {text}",
                remedy="use ${object}, and ${partitions} where the table is partitioned",
            )
    return Composed(pieces)
