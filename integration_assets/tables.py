"""How tables look in the Dagster UI: their columns, and numbers worth plotting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from psycopg import sql

from accord.contracts.model import Contract
from accord.store.database import Connection


def contract_schema(contract: Contract) -> dg.TableSchema:
    """A contract's columns, with their privacy class where it is not public."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                column.name,
                type=column.physical_type or column.logical_type,
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=not column.required, unique=column.primary_key
                ),
                tags={"privacy": column.privacy},
            )
            for column in contract.columns
        ]
    )


def model_schema(columns: Mapping[str, tuple[str, str]]) -> dg.TableSchema:
    """A model's columns as dbt describes them: name to (type, description)."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name, type=kind or "text", description=description)
            for name, (kind, description) in columns.items()
        ]
    )


def numbers(
    connection: Connection,
    table: tuple[str, str],
    columns: Mapping[str, tuple[str, str]],
    days: Sequence[str],
) -> Mapping[str, Mapping[str, Any]]:
    """Rows, and the sum of the amount column where there is one, per business day."""
    if "business_date" not in columns:
        return {}
    amount = next((name for name in ("amount", "exact_amount") if name in columns), None)
    total = sql.SQL("sum({})").format(sql.Identifier(amount)) if amount else sql.SQL("null")
    statement = sql.SQL(
        "select business_date::text, count(*), {total} from {table} "
        "where business_date = any(%s::date[]) group by business_date"
    ).format(total=total, table=sql.Identifier(*table))
    return {
        day: {"dagster/partition_row_count": count}
        | ({"amount": float(money)} if money is not None else {})
        for day, count, money in connection.execute(statement, (list(days),)).fetchall()
    }
