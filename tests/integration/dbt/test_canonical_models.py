"""Sales, products, summaries and stock movements follow what is landed, in any order of days."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.warehouse import Warehouse, a_line

MONDAY, TUESDAY, WEDNESDAY = "2011-03-07", "2011-03-08", "2011-03-09"
DAYS = (MONDAY, TUESDAY, WEDNESDAY)


def on(day: str, **changes: object) -> dict[str, str]:
    return a_line(**{"InvoiceDate": f"{day} 08:26:00"} | changes)


def product(warehouse: Warehouse, code: str = "85123A") -> dict[str, object] | None:
    found = warehouse.rows("canonical", "products", product_code=code)
    return found[0] if found else None


def test_a_sale_keeps_all_that_the_line_says(warehouse: Warehouse) -> None:
    warehouse.land(TUESDAY, [a_line(UnitPrice="2.005"), a_line(UnitPrice="2.005")])
    warehouse.build("sales")
    _, sale = warehouse.rows("canonical", "sales")
    assert (sale["sale_id"], sale["line_number"]) == (f"{TUESDAY}|536365|85123A|2", 2)
    assert (sale["unit_price"], sale["amount"]) == (Decimal("2.005000"), Decimal("12.030000"))
    assert (sale["currency"], sale["category"], sale["is_known_product"]) == ("GBP", "sale", True)


@pytest.mark.parametrize("code", ["POST", "M", "NEW-1", "23444"])
def test_a_code_that_is_no_product_is_not_known_as_one(warehouse: Warehouse, code: str) -> None:
    warehouse.land(TUESDAY, [a_line(StockCode=code)])
    warehouse.build("sales", "products")
    (sale,) = warehouse.rows("canonical", "sales")
    assert not sale["is_known_product"]
    assert product(warehouse, code) is None


def test_a_corrected_day_is_rebuilt_and_others_are_left_alone(warehouse: Warehouse) -> None:
    for day in (MONDAY, TUESDAY):
        warehouse.land(day, [on(day)])
    warehouse.build()
    for day in (MONDAY, TUESDAY):
        warehouse.land(day, [on(day, Quantity=10), on(day, StockCode="22423")])
    warehouse.build(days=[TUESDAY])
    quantities = [
        (str(row["business_date"]), row["product_code"], row["quantity"])
        for row in warehouse.rows("canonical", "sales")
    ]
    assert quantities == [
        (MONDAY, "85123A", 6),
        (TUESDAY, "22423", 6),
        (TUESDAY, "85123A", 10),
    ]


def test_a_day_that_lost_its_lines_loses_its_rows(warehouse: Warehouse) -> None:
    warehouse.land(TUESDAY, [a_line()])
    warehouse.build()
    warehouse.land(TUESDAY, [])
    warehouse.build(days=[TUESDAY])
    assert not any(warehouse.content().values())


def test_no_days_asked_for_changes_nothing(warehouse: Warehouse) -> None:
    warehouse.land(TUESDAY, [a_line()])
    warehouse.build()
    before = warehouse.content()
    warehouse.land(TUESDAY, [])
    warehouse.build(days=[])
    assert warehouse.content() == before


def test_a_day_that_is_no_day_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(AssertionError, match="is no day"):
        warehouse.build("sales", days=["2011-03-08'); drop table canonical.sales; --"])


def test_summaries_add_up_by_category(warehouse: Warehouse) -> None:
    warehouse.land(
        TUESDAY,
        [
            a_line(UnitPrice="0.001"),
            a_line(UnitPrice="1.00"),
            a_line(InvoiceNo="C536366", Quantity=-1),
        ],
    )
    warehouse.build()
    found = [
        (row["summary_id"], row["line_count"], row["quantity"], row["amount"])
        for row in warehouse.rows("canonical", "daily_sales_summaries")
    ]
    assert found == [
        (f"{TUESDAY}|return", 1, -1, Decimal("-2.55")),
        (f"{TUESDAY}|sale", 2, 12, Decimal("6.006")),
    ]


def test_rejected_sales_are_left_out_of_what_goes_out(warehouse: Warehouse) -> None:
    warehouse.land(TUESDAY, [a_line(), a_line(StockCode="22423", Quantity=1)])
    warehouse.query(
        "insert into ops.rejected_rows values ('sale', '2011-03-08', '2011-03-08|536365|85123A|1'),"
        " ('product', '2011-03-08', '2011-03-08|536365|22423|1')"
    )
    warehouse.build(days=[TUESDAY])
    (summary,) = warehouse.rows("canonical", "daily_sales_summaries")
    (movement,) = warehouse.rows("canonical", "stock_movements")
    assert (summary["line_count"], summary["quantity"]) == (1, 1)
    assert movement["product_code"] == "22423"
    assert len(warehouse.rows("canonical", "sales")) == 2


@pytest.mark.parametrize(
    ("changes", "moved"),
    [
        ({"Quantity": 6}, -6),
        ({"InvoiceNo": "C536365", "Quantity": -6}, 6),
        ({"Quantity": -6, "UnitPrice": "0", "CustomerID": "", "Description": "damaged"}, -6),
        ({"Quantity": 6, "UnitPrice": "0", "CustomerID": "", "Description": "found"}, 6),
        ({"Quantity": 6, "UnitPrice": "0"}, -6),
    ],
    ids=["sold", "returned", "damaged", "found", "given free"],
)
def test_goods_move_the_stock_the_right_way(
    warehouse: Warehouse, changes: Mapping[str, object], moved: int
) -> None:
    warehouse.land(TUESDAY, [a_line(**changes), a_line(StockCode="POST")])
    warehouse.build("sales", "stock_movements")
    (movement,) = warehouse.rows("canonical", "stock_movements")
    assert (movement["movement_id"], movement["quantity"]) == (f"{TUESDAY}|85123A", moved)


def test_a_product_is_told_by_its_latest_sale(warehouse: Warehouse) -> None:
    note = {"Quantity": -1, "UnitPrice": "0", "CustomerID": "", "Description": "damaged"}
    warehouse.land(MONDAY, [on(MONDAY, Description="OLD NAME")])
    warehouse.land(TUESDAY, [on(TUESDAY, Description="NEW NAME", UnitPrice="3.10")])
    warehouse.land(WEDNESDAY, [on(WEDNESDAY, InvoiceNo="536400", **note)])
    warehouse.build()
    assert product(warehouse) == {
        "product_code": "85123A",
        "description": "NEW NAME",
        "last_unit_price": Decimal("3.10"),
        "first_sold_on": date(2011, 3, 7),
        "last_sold_on": date(2011, 3, 8),
        "descriptions_seen": 3,
    }


def test_a_product_that_was_only_put_right_has_no_name_and_no_price(warehouse: Warehouse) -> None:
    warehouse.land(TUESDAY, [a_line(Quantity=-1, UnitPrice="0", CustomerID="", Description="?")])
    warehouse.build()
    assert product(warehouse) == {
        "product_code": "85123A",
        "description": None,
        "last_unit_price": None,
        "first_sold_on": None,
        "last_sold_on": None,
        "descriptions_seen": 1,
    }


def test_a_product_forgets_what_a_correction_took_away(warehouse: Warehouse) -> None:
    warehouse.land(MONDAY, [on(MONDAY)])
    warehouse.land(TUESDAY, [on(TUESDAY, Description="WRONG ARTICLE"), on(TUESDAY, StockCode="1")])
    warehouse.build()
    warehouse.land(TUESDAY, [on(TUESDAY, StockCode="22423")])
    warehouse.build(days=[TUESDAY])
    found = product(warehouse)
    assert found is not None
    assert (found["last_sold_on"], found["descriptions_seen"]) == (date(2011, 3, 7), 1)
    assert found["description"] == "WHITE HANGING HEART T-LIGHT HOLDER"
    assert product(warehouse, "22423") is not None
    warehouse.land(MONDAY, [])
    warehouse.build(days=[MONDAY])
    assert product(warehouse) is None


A_DAY = st.lists(
    st.builds(
        a_line,
        StockCode=st.sampled_from(["85123A", "22423", "POST", "M"]),
        Description=st.sampled_from(["RED MUG", "BLUE MUG", "damaged", "?", ""]),
        Quantity=st.sampled_from([6, 1, -1]),
        UnitPrice=st.sampled_from(["2.55", "0.001", "0.0"]),
        CustomerID=st.sampled_from(["17850.0", ""]),
    ),
    max_size=3,
)


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    landings=st.lists(st.tuples(st.sampled_from(DAYS), A_DAY), min_size=1, max_size=4),
    order=st.permutations(DAYS),
)
def test_days_rebuilt_in_any_order_and_again_end_in_the_same_content(
    warehouse: Warehouse,
    landings: list[tuple[str, list[dict[str, str]]]],
    order: list[str],
) -> None:
    warehouse.reset()
    for day, lines in landings:
        warehouse.land(day, [line | {"InvoiceDate": f"{day} 09:00:00"} for line in lines])
        warehouse.build(days=[day])
    first, *others = order
    warehouse.build(days=others)
    warehouse.build(days=[first, first])
    piecewise = warehouse.content()
    warehouse.build()
    assert warehouse.content() == piecewise
