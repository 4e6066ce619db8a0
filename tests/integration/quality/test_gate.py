"""The gate on a real PostgreSQL: versions, budgets, blame, and what it must never do."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from decimal import Decimal

import psycopg
import pytest

from accord.contracts.model import Column, Comparison, Contract, Quality
from accord.errors import Retry, Stop
from accord.quality import gate
from accord.quality.data_version import EMPTY, data_versions
from tests.support.contracts import a_contract

TABLE = "public.orders"
DAY, OTHER = "2011-03-08", "2011-03-09"


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database) as opened:
        opened.execute(f"drop table if exists {TABLE}")
        opened.execute(f"create table {TABLE} (id text, day date, price numeric(8, 2), note text)")
        yield opened
        opened.rollback()


def contract(*, budget: str = "0.5", rules: tuple[Quality, ...] = ()) -> Contract:
    return a_contract(
        Column("id", "string", required=True, primary_key=True, unique=True),
        Column("day", "date", required=True),
        Column("price", "number", required=True),
        name="order",
        table=TABLE,
        partition="day",
        budget=budget,
        rules=rules,
    )


def put(connection: psycopg.Connection, *rows: tuple[object, ...]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(f"insert into {TABLE} (id, day, price) values (%s, %s, %s)", list(rows))


def version(connection: psycopg.Connection, day: str = DAY) -> str:
    return data_versions(connection, contract(), [day])[day]


def test_the_same_rows_in_another_order_are_the_same_version(
    connection: psycopg.Connection,
) -> None:
    put(connection, ("1", DAY, 1), ("2", DAY, 2))
    before = version(connection)
    connection.execute(f"truncate {TABLE}")
    put(connection, ("2", DAY, 2), ("1", DAY, 1))
    assert version(connection) == before


def test_a_changed_repeated_or_removed_row_is_another_version(
    connection: psycopg.Connection,
) -> None:
    put(connection, ("1", DAY, 1), ("2", DAY, 2))
    seen = [version(connection)]
    for change in (
        f"update {TABLE} set price = 3 where id = '2'",
        f"insert into {TABLE} select * from {TABLE} where id = '2'",
        f"update {TABLE} set price = null where id = '2'",
        f"delete from {TABLE} where id = '2'",
        f"delete from {TABLE}",
    ):
        connection.execute(change.encode())
        seen.append(version(connection))
    assert len(set(seen)) == len(seen)
    assert seen[-1] == EMPTY


def test_a_column_outside_the_contract_and_another_day_change_no_version(
    connection: psycopg.Connection,
) -> None:
    put(connection, ("1", DAY, 1))
    before = version(connection)
    connection.execute(f"update {TABLE} set note = 'seen'")
    put(connection, ("2", OTHER, 1))
    assert version(connection) == before


def test_each_partition_gets_its_own_verdict_in_the_order_asked(
    connection: psycopg.Connection,
) -> None:
    put(connection, ("1", DAY, 1), ("2", OTHER, None), ("3", OTHER, 1), ("4", OTHER, 1))
    late, early = gate.judge(connection, contract(), [OTHER, DAY])
    assert (late.partition, late.passed, late.checked, late.rejected) == (OTHER, True, 3, 1)
    assert late.rejected_rows == (gate.RejectedRow("2", ("price_not_null",)),)
    assert (early.partition, early.passed, early.checked, early.rejected) == (DAY, True, 1, 0)
    assert early.data_version == version(connection)


def test_a_key_repeated_on_another_day_is_blamed_on_the_asked_day(
    connection: psycopg.Connection,
) -> None:
    put(connection, ("1", DAY, 1), ("2", DAY, 1), ("1", OTHER, 1))
    (verdict,) = gate.judge(connection, contract(), [DAY])
    assert verdict.closed_by == ("id_unique",)
    assert verdict.rejected_rows == (gate.RejectedRow("1", ("id_unique",)),)


def test_rows_without_key_or_day_close_the_gate(connection: psycopg.Connection) -> None:
    put(connection, (None, DAY, 1), ("2", DAY, 1), ("3", None, 1))
    (verdict,) = gate.judge(connection, contract(), [DAY])
    assert verdict.closed_by == ("id_not_null", "rows_without_partition")


def test_far_too_many_rejected_rows_close_the_gate_and_are_listed_in_part(
    connection: psycopg.Connection,
) -> None:
    connection.execute(
        f"insert into {TABLE} select lpad(i::text, 5, '0'), %s from generate_series(1, 3000) i",
        [DAY],
    )
    (verdict,) = gate.judge(connection, contract(), [DAY])
    assert (verdict.closed_by, verdict.rejected) == (("reject_budget",), 3000)
    assert len(verdict.rejected_rows) == gate.LISTED
    assert verdict.broken == {"price_not_null": 3000}


def test_all_rejected_rows_within_a_large_budget_are_listed(
    connection: psycopg.Connection,
) -> None:
    connection.execute(
        f"insert into {TABLE} select i::text, %s, nullif(i %% 2, 0)"
        " from generate_series(1, 3000) i",
        [DAY],
    )
    (verdict,) = gate.judge(connection, contract(), [DAY])
    assert verdict.passed
    assert len(verdict.rejected_rows) == verdict.rejected == 1500


def test_a_day_without_rows_is_judged_too(connection: psycopg.Connection) -> None:
    (verdict,) = gate.judge(connection, contract(), [DAY])
    assert (verdict.passed, verdict.checked, verdict.data_version) == (True, 0, EMPTY)


def test_a_table_without_partitions_is_judged_as_one(connection: psycopg.Connection) -> None:
    total = Quality(
        "total",
        None,
        query="select sum(price) from ${object}",
        comparison=Comparison("mustBe", (Decimal(3),)),
    )
    whole = a_contract(
        Column("id", "string", required=True, primary_key=True, unique=True),
        Column("price", "number", required=True),
        table=TABLE,
        rules=(total,),
    )
    put(connection, ("1", DAY, 1), ("2", OTHER, 2))
    (verdict,) = gate.judge(connection, whole, [""])
    assert (verdict.passed, verdict.checked, verdict.partition) == (True, 2, "")


def test_a_table_that_changes_while_it_is_judged_gets_no_verdict(
    connection: psycopg.Connection,
) -> None:
    connection.execute(
        f"create function public.meddle() returns int language sql as"
        f" $$ insert into {TABLE} values ('9', '{DAY}', 9); select 0 $$"
    )
    meddling = Quality(
        "meddling",
        None,
        query="select day, public.meddle() from unnest(${partitions}) day",
        comparison=Comparison("mustBe", (Decimal(0),)),
    )
    put(connection, ("1", DAY, 1))
    with pytest.raises(Retry, match="changed while it was judged"):
        gate.judge(connection, contract(rules=(meddling,)), [DAY])


def test_a_condition_that_fails_says_no_value(connection: psycopg.Connection) -> None:
    put(connection, ("secret", DAY, 1))
    odd = Quality("odd", None, row_condition="id::int > 0")
    with pytest.raises(Stop, match="could not be judged: InvalidTextRepresentation") as refusal:
        gate.judge(connection, contract(rules=(odd,)), [DAY])
    assert "secret" not in "".join(traceback.format_exception(refusal.value))
