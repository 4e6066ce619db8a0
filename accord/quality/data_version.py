"""Which exact content a verdict is about: a version for each partition of an entity table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Composed, Identifier

from accord.contracts.model import Contract
from accord.quality.sql_pass import asked, bound, partition_of, table

EMPTY = "empty"


def statement(contract: Contract) -> Composed:
    """Return a query of (partition, version) for the asked partitions that hold rows.

    The version is the same for the same rows in any order, and counts repeated rows: two sums of
    64-bit hashes over the contract's columns, and the number of rows.
    """
    row = SQL(", ").join(SQL("t.{}").format(Identifier(name)) for name in contract.column_names)
    return SQL(
        "select partition, encode(sha256(convert_to("
        "concat_ws(':', count(*), sum(first::numeric), sum(second::numeric)), 'UTF8')), 'hex')"
        " from (select {partition} as partition,"
        " hash_record_extended(row({row}), 1) as first,"
        " hash_record_extended(row({row}), 2) as second"
        " from {table} t where {asked}) h group by 1"
    ).format(
        partition=partition_of(contract), row=row, table=table(contract), asked=asked(contract)
    )


def data_versions(
    connection: psycopg.Connection[Any], contract: Contract, partitions: Sequence[str]
) -> Mapping[str, str]:
    """Return the version of each asked partition; `EMPTY` where it holds no row."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(statement(contract), bound(partitions))
        return dict.fromkeys(partitions, EMPTY) | dict(cursor.fetchall())
