"""The entity contracts, judged on tables of the agreed shape."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from accord.contracts.model import Contract
from accord.contracts.odcs import entities
from accord.quality.expectations import agreement, evaluate
from accord.quality.gate import PartitionVerdict, judge

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = entities(ROOT / "contracts")
DAY, NEXT = "2011-03-08", "2011-03-09"
STAGING = """
drop schema if exists canonical, staging, ops cascade;
create schema canonical; create schema staging; create schema ops;
create table staging.stg_pos__sales_lines (
    partition_key text, business_date date, amount numeric
);
create table ops.rejected_rows (entity text, partition_key text, row_key text);
"""


def create(contract: Contract) -> str:
    columns = ", ".join(f"{column.name} {column.physical_type}" for column in contract.columns)
    return f"create table {contract.table} ({columns});"


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as opened:
        opened.execute(STAGING)
        for contract in CONTRACTS.values():
            opened.execute(create(contract))
        yield opened


def sell(
    connection: psycopg.Connection, day: str, *quantities: int, category: str = "sale"
) -> None:
    """Land and hold lines at 2.345 each, and build all that follows from them."""
    for number, quantity in enumerate(quantities):
        connection.execute(
            "insert into canonical.sales values (%(key)s, %(day)s::date, 'I1', 1, 'P1', null,"
            " %(quantity)s, 2.345, %(quantity)s * 2.345, 'GBP', %(day)s::timestamp, null, null,"
            " %(category)s, true)",
            {"key": f"{day}|{number}", "day": day, "quantity": quantity, "category": category},
        )
        connection.execute(
            "insert into staging.stg_pos__sales_lines"
            " values (%(d)s::text, %(d)s::text::date, %(q)s * 2.345)",
            {"d": day, "q": quantity},
        )


def summarise(connection: psycopg.Connection) -> None:
    connection.execute(
        "insert into canonical.daily_sales_summaries"
        " select business_date::text || '|' || category, business_date, category, count(*),"
        " sum(quantity), sum(amount), 'GBP' from canonical.sales group by business_date, category"
    )
    connection.execute(
        "insert into canonical.stock_movements"
        " select business_date::text || '|' || product_code, business_date, product_code,"
        " -sum(quantity) from canonical.sales group by business_date, product_code"
    )


def verdict(connection: psycopg.Connection, entity: str, partition: str = DAY) -> PartitionVerdict:
    (found,) = judge(connection, CONTRACTS[entity], [partition])
    return found


def test_a_day_that_is_as_landed_passes_every_gate(connection: psycopg.Connection) -> None:
    sell(connection, DAY, 6, -6, 80995, -80995, 0)
    summarise(connection)
    connection.execute(
        "insert into canonical.products values ('P1', null, 2.345, %(d)s::date, %(d)s::date, 0)",
        {"d": DAY},
    )
    for entity in ("sale", "daily_sales_summary", "stock_movement"):
        found = verdict(connection, entity)
        assert (found.passed, found.rejected, found.warnings) == (True, 0, ()), entity
    assert verdict(connection, "product", "").passed


def test_a_line_lost_after_landing_closes_the_gate_of_its_day_only(
    connection: psycopg.Connection,
) -> None:
    sell(connection, DAY, 1, 2)
    sell(connection, NEXT, 3)
    connection.execute("delete from canonical.sales where quantity = 2")
    first, second = judge(connection, CONTRACTS["sale"], [DAY, NEXT])
    assert first.closed_by == ("amount_matches_landing", "lines_match_landing")
    assert second.passed


def test_a_landed_day_that_was_never_built_is_missing(connection: psycopg.Connection) -> None:
    sell(connection, DAY, 1)
    connection.execute("truncate canonical.sales")
    assert "no_landed_day_missing" in verdict(connection, "sale").closed_by


def test_a_day_without_any_line_is_not_missing(connection: psycopg.Connection) -> None:
    assert verdict(connection, "sale").passed


def test_a_line_of_unknown_category_is_rejected_alone(connection: psycopg.Connection) -> None:
    sell(connection, DAY, *range(1, 101))
    connection.execute("update canonical.sales set category = 'gift' where quantity = 7")
    found = verdict(connection, "sale")
    assert (found.passed, found.rejected) == (True, 1)
    assert [row.rules for row in found.rejected_rows] == [("category_in_list",)]


def test_a_summary_leaves_rejected_sales_out(connection: psycopg.Connection) -> None:
    sell(connection, DAY, 1, 2)
    summarise(connection)
    connection.execute("insert into ops.rejected_rows values ('sale', %s, %s)", [DAY, f"{DAY}|0"])
    found = verdict(connection, "daily_sales_summary")
    assert found.closed_by == ("amount_matches_sales", "lines_match_sales")


def test_an_amount_off_by_a_millionth_is_rejected(connection: psycopg.Connection) -> None:
    sell(connection, DAY, *range(1, 101))
    connection.execute("update canonical.sales set amount = amount + 0.000001 where quantity = 7")
    found = verdict(connection, "sale")
    assert [row.rules for row in found.rejected_rows] == [("amount_is_quantity_times_price",)]
    assert found.closed_by == ("amount_matches_landing",)


def test_an_unusually_large_day_warns_and_passes(connection: psycopg.Connection) -> None:
    for back in range(1, 9):
        sell(connection, (date.fromisoformat(DAY) - timedelta(days=back)).isoformat(), 1, 1)
    sell(connection, DAY, *[1] * 11)
    found = verdict(connection, "sale")
    assert (found.passed, found.warnings) == (True, ("volume_as_usual",))
    assert found.numbers["volume_as_usual"] == pytest.approx(5.5)


def test_great_expectations_agrees_on_every_entity(
    connection: psycopg.Connection, database: str
) -> None:
    sell(connection, DAY, 1, 2, 3)
    sell(connection, NEXT, 4, category="gift")
    summarise(connection)
    connection.execute("update canonical.sales set amount = amount + 1 where quantity = 2")
    connection.execute("insert into canonical.sales select * from canonical.sales")
    for name, contract in CONTRACTS.items():
        partitions = [DAY, NEXT] if contract.partition_column else [""]
        verdicts = judge(connection, contract, partitions)
        assert agreement(verdicts, evaluate(database, contract, partitions)) == (), name
