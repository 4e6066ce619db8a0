"""SQL is composed only from names and places that are sound."""

from __future__ import annotations

import pytest

from accord.contracts.model import Column, Contract
from accord.errors import Stop
from accord.quality import sql_pass
from accord.quality.rules import BatchRule
from tests.support.contracts import a_contract

KEY = Column("id", "string", primary_key=True)
DAY = Column("day", "date")


def by_day(*, table: str = "canonical.orders") -> Contract:
    return a_contract(KEY, DAY, partition="day", table=table)


@pytest.mark.parametrize("table", ["orders", 'a."b"', "a.b.c", "canonical.orders; drop table x"])
def test_a_table_that_is_no_plain_name_is_refused(table: str) -> None:
    with pytest.raises(Stop, match="names no table"):
        sql_pass.table(by_day(table=table))


@pytest.mark.parametrize("days", [["2011-3-8"], ["20110308"], [""], ["yesterday"]])
def test_partition_keys_that_would_find_nothing_are_refused(days: list[str]) -> None:
    with pytest.raises(Stop, match="no such partitions"):
        sql_pass.check_partitions(by_day(), days)


def test_a_table_without_partitions_is_one_partition() -> None:
    sql_pass.check_partitions(a_contract(KEY), [""])
    with pytest.raises(Stop, match="no such partitions"):
        sql_pass.check_partitions(a_contract(KEY), ["2011-03-08"])


def test_a_partition_by_number_is_refused() -> None:
    contract = a_contract(KEY, Column("week", "integer"), partition="week")
    with pytest.raises(Stop, match="partitioned by a integer"):
        sql_pass.asked(contract)


def test_a_query_with_an_unknown_place_is_refused() -> None:
    rule = BatchRule("r", "sql", "error", "mend it", query="select ${tomorrow}")
    with pytest.raises(Stop, match="leaves a place for tomorrow"):
        sql_pass.measured(by_day(), rule)


def test_places_in_a_query_are_filled_and_percent_signs_kept_from_the_driver() -> None:
    query = "select day, 1 from ${object} where day = any(${partitions}) and x like 'a%'"
    rule = BatchRule("r", "sql", "error", "mend it", query=query)
    text = sql_pass.measured(by_day(), rule).as_string()
    assert 'from "canonical"."orders" where day = any(%(partitions)s::date[])' in text
    assert "like 'a%%'" in text
