"""Sales lines are typed from the very bytes that were landed, whatever CSV allows."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.warehouse import COLUMNS, DAY, Warehouse, a_line

TEXT = st.text(
    st.one_of(
        st.sampled_from("\",\n\r\t;|\\ '£é界a1"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=12,
)


def only_line(warehouse: Warehouse) -> dict[str, object]:
    (line,) = warehouse.rows("staging", "stg_pos__sales_lines")
    return line


def test_a_line_is_typed(warehouse: Warehouse) -> None:
    warehouse.land(DAY, [a_line()])
    assert only_line(warehouse) == {
        "partition_key": DAY,
        "business_date": date(2011, 3, 8),
        "source_key": "536365|85123A|1",
        "invoice_code": "536365",
        "product_code": "85123A",
        "description": "WHITE HANGING HEART T-LIGHT HOLDER",
        "quantity": 6,
        "unit_price": Decimal("2.55"),
        "amount": Decimal("15.30"),
        "sold_at": datetime(2011, 3, 8, 8, 26),  # noqa: DTZ001 - the shop's own time
        "customer_code": "17850",
        "country": "United Kingdom",
    }


@pytest.mark.parametrize(
    "description",
    [
        'RETRO "LOVE", SET OF 2',
        "TWO\nLINES",
        '"',
        '","',
        "ÉTAGÈRE £5 界",
        'ends with a quote"',
        ",",
    ],
)
def test_a_description_arrives_as_it_was_written(warehouse: Warehouse, description: str) -> None:
    warehouse.land(DAY, [a_line(Description=description)])
    line = only_line(warehouse)
    assert (line["description"], line["quantity"], line["country"]) == (
        description,
        6,
        "United Kingdom",
    )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=20))
def test_every_text_a_csv_writer_can_write_comes_back(
    warehouse: Warehouse, texts: list[tuple[str, str, str]]
) -> None:
    warehouse.reset()
    lines = [
        a_line(InvoiceNo=number, Description=text, CustomerID=f"c{code}", Country=f"-{country}-")
        for number, (text, code, country) in enumerate(texts, start=1)
    ]
    warehouse.land(DAY, lines)
    found = {
        int(row["invoice_code"]): (row["description"], row["customer_code"], row["country"])
        for row in warehouse.rows("staging", "stg_pos__sales_lines")
    }
    assert found == {
        number: (
            text.strip(" ") or None,
            f"c{code}".strip(" ").removesuffix(".0"),
            f"-{country}-",
        )
        for number, (text, code, country) in enumerate(texts, start=1)
    }


def test_columns_are_found_by_the_header_of_their_own_file(warehouse: Warehouse) -> None:
    warehouse.land("2011-03-08", [a_line()])
    turned = (*reversed(COLUMNS), "Till")
    warehouse.land("2011-03-09", [a_line(Till="4", Description="a, b")], columns=turned)
    first, second = warehouse.rows("staging", "stg_pos__sales_lines")
    for column in ("invoice_code", "product_code", "quantity", "amount", "country"):
        assert first[column] == second[column]
    assert second["description"] == "a, b"


@pytest.mark.parametrize(
    ("column", "written", "name", "typed"),
    [
        ("Quantity", "-6.0", "quantity", -6),
        ("Quantity", "6", "quantity", 6),
        ("UnitPrice", "0.001", "unit_price", Decimal("0.001")),
        ("UnitPrice", "-11062.06", "unit_price", Decimal("-11062.06")),
        ("CustomerID", "17850", "customer_code", "17850"),
        ("CustomerID", "", "customer_code", None),
        ("Description", "", "description", None),
        ("Description", "  ", "description", None),
        ("Description", "SUKI DESIGN ", "description", "SUKI DESIGN"),
    ],
)
def test_a_value_is_typed(
    warehouse: Warehouse, column: str, written: str, name: str, typed: object
) -> None:
    warehouse.land(DAY, [a_line(**{column: written})])
    assert only_line(warehouse)[name] == typed


def test_the_newest_version_of_a_line_counts(warehouse: Warehouse) -> None:
    warehouse.land(DAY, [a_line(Quantity=6)])
    warehouse.land(DAY, [a_line(Quantity=8)])
    assert only_line(warehouse)["quantity"] == 8


def test_a_removed_line_is_gone_and_may_come_back(warehouse: Warehouse) -> None:
    warehouse.land(DAY, [a_line()])
    warehouse.land(DAY, [])
    assert warehouse.rows("staging", "stg_pos__sales_lines") == []
    warehouse.land(DAY, [a_line()])
    assert only_line(warehouse)["quantity"] == 6


def test_equal_lines_of_one_receipt_are_separate(warehouse: Warehouse) -> None:
    warehouse.land(DAY, [a_line(), a_line()])
    keys = [row["source_key"] for row in warehouse.rows("staging", "stg_pos__sales_lines")]
    assert keys == ["536365|85123A|1", "536365|85123A|2"]


def test_reading_one_day_uses_the_key_of_landing(warehouse: Warehouse) -> None:
    plan = warehouse.plan(
        "select * from staging.stg_pos__sales_lines where partition_key = '2011-03-08'"
    )
    assert "Index Cond: (partition_key = '2011-03-08'::text)" in plan
