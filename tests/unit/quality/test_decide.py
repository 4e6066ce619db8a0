"""When the gate opens, closes and warns, decided from what was measured."""

from __future__ import annotations

from decimal import Decimal

from accord.contracts.model import Column, Comparison, Quality
from accord.quality.gate import Measured, PartitionVerdict, RejectedRow, decide
from accord.quality.rules import rules_of
from tests.support.contracts import a_contract

ZERO = Comparison("mustBe", (Decimal(0),))
CONTRACT = a_contract(
    Column("id", "string", required=True, primary_key=True, unique=True),
    Column("day", "date", required=True),
    Column("kind", "string", valid_values=("a",)),
    name="order",
    partition="day",
    budget="0.1",
    rules=(
        Quality("sums_up", None, query="select 1", comparison=ZERO),
        Quality("odd", None, row_condition="kind <> 'z'", severity="warning"),
        Quality("usual", None, query="select 1", comparison=ZERO, severity="warning"),
        Quality("some", None, metric="rowCount", comparison=Comparison("mustNotBe", (Decimal(0),))),
    ),
)
GOOD = {"sums_up": Decimal(0), "usual": Decimal(0)}


def decided(measured: Measured) -> PartitionVerdict:
    return decide(CONTRACT, rules_of(CONTRACT), "2011-03-08", measured)


def test_a_clean_partition_passes() -> None:
    verdict = decided(Measured("v1", checked=10, numbers=GOOD))
    assert verdict.passed
    assert (verdict.entity, verdict.partition, verdict.data_version) == (
        "order",
        "2011-03-08",
        "v1",
    )
    assert (verdict.checked, verdict.rejected, verdict.closed_by, verdict.warnings) == (
        10,
        0,
        (),
        (),
    )
    assert verdict.contract_digest == CONTRACT.digest


def test_rejected_rows_within_the_budget_leave_the_gate_open() -> None:
    rows = (RejectedRow("7", ("kind_in_list",)),)
    verdict = decided(
        Measured("v1", checked=10, broken={("kind_in_list",): 1}, numbers=GOOD, rows=rows)
    )
    assert (verdict.passed, verdict.rejected, verdict.rejected_rows) == (True, 1, rows)
    assert verdict.broken == {"kind_in_list": 1}


def test_rejected_rows_above_the_budget_close_the_gate() -> None:
    verdict = decided(Measured("v1", checked=19, broken={("kind_in_list",): 2}, numbers=GOOD))
    assert (verdict.passed, verdict.closed_by) == (False, ("reject_budget",))


def test_a_row_that_breaks_several_rules_is_rejected_once() -> None:
    verdict = decided(
        Measured("v1", checked=10, broken={("kind_in_list", "day_not_null"): 1}, numbers=GOOD)
    )
    assert verdict.rejected == 1
    assert verdict.broken == {"kind_in_list": 1, "day_not_null": 1}


def test_a_row_that_only_warns_is_not_rejected() -> None:
    verdict = decided(Measured("v1", checked=10, broken={("odd",): 9}, numbers=GOOD))
    assert (verdict.passed, verdict.rejected, verdict.warnings) == (True, 0, ("odd",))


def test_a_failed_batch_rule_closes_the_gate_whatever_the_budget() -> None:
    verdict = decided(Measured("v1", checked=10, numbers={**GOOD, "sums_up": Decimal("0.01")}))
    assert (verdict.passed, verdict.closed_by) == (False, ("sums_up",))
    assert verdict.numbers["sums_up"] == Decimal("0.01")


def test_a_failed_batch_rule_of_severity_warning_only_warns() -> None:
    verdict = decided(Measured("v1", checked=10, numbers={**GOOD, "usual": Decimal(3)}))
    assert (verdict.passed, verdict.warnings) == (True, ("usual",))


def test_a_query_that_says_nothing_about_a_partition_closes_it() -> None:
    assert decided(Measured("v1", checked=10)).closed_by == ("sums_up",)


def test_repeated_keys_close_the_gate() -> None:
    verdict = decided(Measured("v1", checked=10, repeated={"id_unique": 2}, numbers=GOOD))
    assert verdict.closed_by == ("id_unique",)
    assert verdict.broken == {"id_unique": 2}


def test_a_rejected_row_without_a_key_closes_the_gate() -> None:
    verdict = decided(
        Measured(
            "v1",
            checked=100,
            broken={("id_not_null",): 1},
            numbers=GOOD,
            rows=(RejectedRow("", ("id_not_null",)),),
        )
    )
    assert verdict.closed_by == ("id_not_null",)


def test_rows_in_no_partition_close_the_gate() -> None:
    verdict = decided(Measured("v1", checked=10, numbers=GOOD, outside=1))
    assert verdict.closed_by == ("rows_without_partition",)


def test_too_few_rows_close_the_gate() -> None:
    assert decided(Measured("empty", numbers=GOOD)).closed_by == ("some",)
