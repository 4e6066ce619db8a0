"""The SQL pass, Great Expectations and a reading of the contract by hand find the same."""

from __future__ import annotations

from collections import Counter

import psycopg
from hypothesis import HealthCheck, given, settings

from accord.quality.expectations import agreement, evaluate
from accord.quality.gate import judge
from tests.support.dirty_rows import DAYS, Row, counted_by_hand, dirty_contract, dirty_rows, fill

ASKED = DAYS[:2]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=dirty_rows())
def test_the_sql_pass_finds_exactly_the_rows_that_break_the_contract(
    database: str, rows: list[Row]
) -> None:
    contract = dirty_contract("public.swept")
    with psycopg.connect(database) as connection:
        fill(connection, contract.table, rows)
        verdicts = judge(connection, contract, ASKED)
    for verdict in verdicts:
        counts, rejected = counted_by_hand(rows, verdict.partition)
        assert verdict.broken == counts
        assert {row.row_key for row in verdict.rejected_rows} == rejected


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=dirty_rows())
def test_great_expectations_counts_what_the_sql_pass_counts(database: str, rows: list[Row]) -> None:
    contract = dirty_contract("public.compared")
    with psycopg.connect(database) as connection:
        fill(connection, contract.table, rows)
        verdicts = judge(connection, contract, ASKED)
    outcomes = evaluate(database, contract, ASKED)
    by_hand: Counter[str] = Counter()
    for day in ASKED:
        by_hand.update(counted_by_hand(rows, day)[0])
    assert {
        found.rule: found.unexpected_count for found in outcomes if not found.success
    } == by_hand
    assert agreement(verdicts, outcomes) == ()
