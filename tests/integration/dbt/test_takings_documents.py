"""The document of a day: its total to the cent, half-even, and lines that add up to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.warehouse import DAY, Warehouse, a_line

CENT = Decimal("0.01")
AMOUNTS = st.decimals(-10_000, 10_000, places=3, allow_nan=False, allow_infinity=False)


def summarise(warehouse: Warehouse, day: str, amounts: Mapping[str, str | Decimal]) -> None:
    for category, amount in amounts.items():
        warehouse.query(
            "insert into canonical.daily_sales_summaries values (%s, %s, %s, 1, 1, %s, 'GBP')",
            [f"{day}|{category}", day, category, amount],
        )


def document(
    warehouse: Warehouse, amounts: Mapping[str, str | Decimal], day: str = DAY
) -> dict[str, Any]:
    summarise(warehouse, day, amounts)
    (found,) = warehouse.rows("publish", "pub_xero__documents", business_date=day)
    return found


def shown(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(line["description"], line["amount"]) for line in found["lines"]]


def test_a_day_becomes_an_invoice_with_a_line_a_category(warehouse: Warehouse) -> None:
    found = document(warehouse, {"postage_and_fees": "15", "sale": "100.5", "return": "-2.25"})
    assert (found["document_number"], found["kind"]) == ("POS-2011-03-08", "invoice")
    assert (found["total"], found["line_count"]) == (Decimal("113.25"), 3)
    assert found["lines"] == [
        {"description": "Sales", "account": "200", "amount": "100.50"},
        {"description": "Returns", "account": "205", "amount": "-2.25"},
        {"description": "Postage and fees", "account": "260", "amount": "15.00"},
    ]


@pytest.mark.parametrize(
    ("exact", "total"),
    [
        ("0.005", "0.00"),
        ("0.015", "0.02"),
        ("0.025", "0.02"),
        ("0.035", "0.04"),
        ("0.025001", "0.03"),
        ("0.024999", "0.02"),
        ("1234567890123.455", "1234567890123.46"),
    ],
)
def test_ties_go_to_the_even_cent(warehouse: Warehouse, exact: str, total: str) -> None:
    assert document(warehouse, {"sale": exact})["total"] == Decimal(total)


def test_a_tie_below_zero_goes_to_the_even_cent_too(warehouse: Warehouse) -> None:
    found = document(warehouse, {"return": "-0.025"})
    assert (found["kind"], found["total"]) == ("credit_note", Decimal("0.02"))


def test_what_rounding_each_line_leaves_over_is_a_line(warehouse: Warehouse) -> None:
    found = document(warehouse, {"sale": "10.005", "return": "-2.003", "discount": "-1.003"})
    assert found["total"] == Decimal("7.00")
    assert shown(found) == [("Sales", "10.00"), ("Returns", "-2.00"), ("Discounts", "-1.00")]
    found = document(warehouse, {"sale": "10.004", "postage_and_fees": "5.004"}, "2011-03-09")
    assert found["total"] == Decimal("15.01")
    assert shown(found) == [("Sales", "10.00"), ("Postage and fees", "5.00"), ("Rounding", "0.01")]
    assert found["lines"][-1]["account"] == "860"


def test_a_day_that_nets_negative_becomes_a_credit_note(warehouse: Warehouse) -> None:
    found = document(warehouse, {"sale": "10", "return": "-25.50"})
    assert (found["kind"], found["total"]) == ("credit_note", Decimal("15.50"))
    assert found["exact_amount"] == Decimal("-15.50")
    assert shown(found) == [("Sales", "-10.00"), ("Returns", "25.50")]


def test_a_day_worth_nothing_is_an_invoice_with_a_line_of_nothing(warehouse: Warehouse) -> None:
    found = document(warehouse, {"stock_correction": "0", "write_off": "0"})
    assert (found["kind"], found["total"]) == ("invoice", Decimal("0.00"))
    assert shown(found) == [("Goods written off", "0.00")]


def test_categories_that_cancel_out_are_still_shown(warehouse: Warehouse) -> None:
    found = document(warehouse, {"sale": "5", "return": "-5", "write_off": "0"})
    assert (found["kind"], found["total"]) == ("invoice", Decimal("0.00"))
    assert shown(found) == [("Sales", "5.00"), ("Returns", "-5.00")]


def test_a_day_without_lines_has_no_document(warehouse: Warehouse) -> None:
    assert warehouse.rows("publish", "pub_xero__documents") == []


def test_a_correction_can_turn_an_invoice_into_a_credit_note(warehouse: Warehouse) -> None:
    warehouse.land(DAY, [a_line()])
    warehouse.build()
    (before,) = warehouse.rows("publish", "pub_xero__documents")
    warehouse.land(DAY, [a_line(), a_line(InvoiceNo="C536366", Quantity=-20)])
    warehouse.build(days=[DAY])
    (after,) = warehouse.rows("publish", "pub_xero__documents")
    assert (before["kind"], before["total"]) == ("invoice", Decimal("15.30"))
    assert (after["kind"], after["total"]) == ("credit_note", Decimal("35.70"))
    assert before["document_number"] == after["document_number"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    days=st.lists(
        st.dictionaries(
            st.sampled_from(["sale", "return", "discount", "adjustment", "write_off"]),
            AMOUNTS,
            min_size=1,
        ),
        min_size=1,
        max_size=10,
    )
)
@example(days=[{"sale": Decimal("0.004"), "return": Decimal("0.004")}])
def test_lines_add_up_to_the_total_which_is_the_exact_sum_rounded_half_even(
    warehouse: Warehouse, days: list[dict[str, Decimal]]
) -> None:
    warehouse.reset()
    for number, amounts in enumerate(days):
        day = date(2011, 1, 1) + timedelta(number)
        found = document(warehouse, amounts, day.isoformat())
        signed = sum(amounts.values(), Decimal(0)).quantize(CENT, ROUND_HALF_EVEN)
        assert found["total"] == abs(signed)
        assert found["kind"] == ("credit_note" if signed < 0 else "invoice")
        assert sum(Decimal(line["amount"]) for line in found["lines"]) == found["total"]


def test_reading_one_day_uses_an_index_of_the_summaries(warehouse: Warehouse) -> None:
    plan = warehouse.plan(
        "select * from publish.pub_xero__documents where business_date = '2011-03-08'"
    )
    assert "Index Cond: (business_date = '2011-03-08'::date)" in plan
