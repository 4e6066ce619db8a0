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
    """Rows, and the sum of the amount column where there is one, per business day.

    A day without rows has zeros, so that its plot shows a gap in trade and not in the line.
    """
    if "business_date" not in columns:
        return {}
    amount = next((name for name in ("amount", "total") if name in columns), None)
    total = sql.SQL("sum({})").format(sql.Identifier(amount)) if amount else sql.SQL("null")
    statement = sql.SQL(
        "select business_date::text, count(*), {total} from {table} "
        "where business_date = any(%s::date[]) group by business_date"
    ).format(total=total, table=sql.Identifier(*table))
    found = {
        day: (count, money)
        for day, count, money in connection.execute(statement, (list(days),)).fetchall()
    }
    return {
        day: {"dagster/partition_row_count": count}
        | ({"amount": float(money or 0)} if amount else {})
        for day, (count, money) in ((day, found.get(day, (0, None))) for day in days)
    }


def whole(
    connection: Connection, table: tuple[str, str], columns: Mapping[str, tuple[str, str]]
) -> Mapping[str, Any]:
    """The rows of a table that has no business days; nothing for one that has."""
    if "business_date" in columns:
        return {}
    statement = sql.SQL("select count(*) from {table}").format(table=sql.Identifier(*table))
    row = connection.execute(statement).fetchone()
    return {"dagster/row_count": row[0]} if row else {}
