"""Takings as landed against documents as read back, day by day."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support.warehouse import DAY, Warehouse, a_line

NUMBER = f"POS-{DAY}"


def an_invoice(*amounts: float, **changes: object) -> dict[str, Any]:
    """An invoice as Xero's Accounting API gives it."""
    return {
        "InvoiceNumber": NUMBER,
        "Type": "ACCREC",
        "Status": "AUTHORISED",
        "DateString": f"{DAY}T00:00:00",
        "Date": "/Date(1299542400000+0000)/",
        "CurrencyCode": "GBP",
        "Total": round(sum(amounts), 2),
        "LineItems": [{"LineAmount": amount} for amount in amounts],
    } | changes


def a_credit_note(*amounts: float, **changes: object) -> dict[str, Any]:
    """A credit note as Xero's Accounting API gives it."""
    document = an_invoice(*amounts, **changes)
    document["CreditNoteNumber"] = document.pop("InvoiceNumber")
    return document | {"Type": "ACCRECCREDIT"}


def reconciled(warehouse: Warehouse) -> dict[str, Any]:
    (row,) = warehouse.rows("reconciliation", "rec_takings__pos_vs_xero")
    return row


def test_a_document_is_typed(warehouse: Warehouse) -> None:
    warehouse.book(DAY, "invoice:one", an_invoice(10.1, 5.2))
    (found,) = warehouse.rows("staging", "stg_xero__documents")
    assert str(found["business_date"]) == str(found["dated_on"]) == DAY
    assert (found["document_id"], found["kind"], found["number"]) == ("one", "invoice", NUMBER)
    assert (found["total"], found["stated_total"]) == (Decimal("15.3"), Decimal("15.3"))
    assert (found["is_live"], found["currency"], found["line_count"]) == (True, "GBP", 2)


@pytest.mark.parametrize("written", ["/Date(1299542400000+0000)/", "/Date(1299542400000)/", DAY])
def test_a_date_is_read_in_every_form_xero_writes(warehouse: Warehouse, written: str) -> None:
    document = an_invoice(1, Date=written)
    del document["DateString"]
    warehouse.book(DAY, "invoice:one", document)
    (found,) = warehouse.rows("staging", "stg_xero__documents")
    assert str(found["dated_on"]) == DAY


def test_amounts_of_a_credit_note_are_negative(warehouse: Warehouse) -> None:
    warehouse.book(DAY, "credit_note:one", a_credit_note(20, -4.5))
    (found,) = warehouse.rows("staging", "stg_xero__documents")
    assert (found["total"], found["stated_total"]) == (Decimal("-15.5"), Decimal("-15.5"))
    assert found["number"] == NUMBER


def test_a_day_booked_as_landed_is_equal(warehouse: Warehouse) -> None:
    warehouse.land(DAY, [a_line(UnitPrice="0.335", Quantity=1)])
    warehouse.book(DAY, "invoice:one", an_invoice(0.34))
    found = reconciled(warehouse)
    assert (found["state"], found["difference"]) == ("equal", 0)
    assert (found["landed_lines"], found["landed_amount"]) == (1, Decimal("0.335"))
    assert (found["number"], found["expected_number"]) == (NUMBER, NUMBER)


def test_a_negative_day_booked_as_a_credit_note_is_equal(warehouse: Warehouse) -> None:
    warehouse.land(DAY, [a_line(InvoiceNo="C536365", Quantity=-6)])
    warehouse.book(DAY, "credit_note:one", a_credit_note(15.3))
    assert reconciled(warehouse)["state"] == "equal"


def test_a_day_without_document_is_missing(warehouse: Warehouse) -> None:
    warehouse.land(DAY, [a_line()])
    found = reconciled(warehouse)
    assert (found["state"], found["difference"]) == ("missing", Decimal("-15.30"))


@pytest.mark.parametrize("status", ["VOIDED", "DELETED"])
def test_a_document_that_is_no_longer_live_does_not_count(
    warehouse: Warehouse, status: str
) -> None:
    warehouse.land(DAY, [a_line()])
    warehouse.book(DAY, "invoice:one", an_invoice(15.3))
    warehouse.book(DAY, "invoice:one", an_invoice(15.3, Status=status))
    assert reconciled(warehouse)["state"] == "missing"


def test_a_document_that_is_gone_does_not_count(warehouse: Warehouse) -> None:
    warehouse.land(DAY, [a_line()])
    warehouse.book(DAY, "invoice:one", an_invoice(15.3))
    warehouse.book(DAY, "invoice:one", None)
    assert reconciled(warehouse)["state"] == "missing"


def test_a_document_without_landed_lines_is_extra(warehouse: Warehouse) -> None:
    warehouse.book(DAY, "invoice:one", an_invoice(15.3))
    found = reconciled(warehouse)
    assert (found["state"], found["difference"]) == ("extra", Decimal("15.3"))


def test_another_amount_is_different(warehouse: Warehouse) -> None:
    warehouse.land(DAY, [a_line()])
    warehouse.book(DAY, "invoice:one", an_invoice(15.31))
    found = reconciled(warehouse)
    assert (found["state"], found["difference"]) == ("different", Decimal("0.01"))


@pytest.mark.parametrize(
    "odd",
    [
        {"LineItems": [{"LineAmount": value}]}
        for value in ("15.3 GBP", "", None, [], "1e400000", True, "\u0663")
    ]
    + [{"LineItems": value} for value in (None, "", [7, "x", None], {}, 15.3)],
    ids=repr,
)
def test_amounts_that_are_none_are_a_difference_and_stop_no_other_day(
    warehouse: Warehouse, odd: dict[str, Any]
) -> None:
    warehouse.land(DAY, [a_line()])
    warehouse.book(DAY, "invoice:one", an_invoice(15.3, **odd))
    other = "2011-03-09"
    warehouse.book(other, "invoice:two", an_invoice(1, InvoiceNumber=f"POS-{other}"))
    found = warehouse.rows("reconciliation", "rec_takings__pos_vs_xero")
    assert {str(row["business_date"]): row["state"] for row in found} == {
        DAY: "different",
        other: "extra",
    }


@pytest.mark.parametrize("total", ["15.3 GBP", "", None, [], "1e400000"])
def test_a_total_that_is_none_is_not_told(warehouse: Warehouse, total: object) -> None:
    warehouse.book(DAY, "invoice:one", an_invoice(15.3, Total=total))
    (found,) = warehouse.rows("staging", "stg_xero__documents")
    assert (found["stated_total"], found["total"]) == (None, Decimal("15.3"))


@pytest.mark.parametrize(
    "written", ["2011-02-31", "today", "infinity", "", "/Date()/", "/Date(12345678901234567)/", 8]
)
def test_a_date_that_is_none_stops_nobody(warehouse: Warehouse, written: object) -> None:
    warehouse.book(DAY, "invoice:one", an_invoice(15.3, DateString=written))
    (found,) = warehouse.rows("staging", "stg_xero__documents")
    assert str(found["business_date"]) == DAY
    assert found["dated_on"] is None or written == "/Date(12345678901234567)/"


def test_a_wrong_sign_is_different(warehouse: Warehouse) -> None:
    warehouse.land(DAY, [a_line()])
    warehouse.book(DAY, "credit_note:one", a_credit_note(15.3))
    assert reconciled(warehouse)["state"] == "different"


def test_another_number_is_different(warehouse: Warehouse) -> None:
    warehouse.land(DAY, [a_line()])
    warehouse.book(DAY, "invoice:one", an_invoice(15.3, InvoiceNumber=f"{NUMBER}-a"))
    assert reconciled(warehouse)["state"] == "different"


def test_two_live_documents_of_a_day_are_doubled(warehouse: Warehouse) -> None:
    warehouse.land(DAY, [a_line()])
    warehouse.book(DAY, "invoice:one", an_invoice(15.3))
    warehouse.book(DAY, "credit_note:two", a_credit_note(15.3))
    found = reconciled(warehouse)
    assert (found["state"], found["documents"]) == ("doubled", 2)


def test_a_document_of_no_day_is_extra(warehouse: Warehouse) -> None:
    warehouse.book("", "invoice:one", an_invoice(15.3, InvoiceNumber="POS-?"))
    found = reconciled(warehouse)
    assert (found["business_date"], found["state"]) == (None, "extra")


def test_reconciling_one_day_uses_the_keys_of_both_landings(warehouse: Warehouse) -> None:
    plan = warehouse.plan(
        "select * from reconciliation.rec_takings__pos_vs_xero where partition_key = '2011-03-08'"
    )
    assert plan.count("Index Cond: (partition_key = '2011-03-08'::text)") == 2
