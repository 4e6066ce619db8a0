"""Each line falls into the one category the seed sale_rules gives it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.support.warehouse import DAY, Warehouse, a_line

SOLD: Mapping[str, object] = {}
UNPAID: Mapping[str, object] = {"UnitPrice": "0.0", "CustomerID": ""}
LOST: Mapping[str, object] = {**UNPAID, "Quantity": -6}
CREDITED: Mapping[str, object] = {"InvoiceNo": "C536379", "Quantity": -1}

EXAMPLES: dict[str, tuple[str, Mapping[str, object]]] = {
    "a priced line": ("sale", SOLD),
    "a priced line of nobody we know": ("sale", {"CustomerID": ""}),
    "a variant in small letters": ("sale", {"StockCode": "15056bl"}),
    "a voucher": ("sale", {"StockCode": "gift_0001_20"}),
    "a code never seen": ("sale", {"StockCode": "NEW-1"}),
    "a free gift to a customer": ("sale", {"UnitPrice": "0.0"}),
    "a product whose price is in another line": (
        "sale",
        {**UNPAID, "Description": "CREAM SWEETHEART LETTER RACK"},
    ),
    "a product with a measure in small letters": (
        "sale",
        {**UNPAID, "Description": "POLYESTER FILLER PAD 45x45cm"},
    ),
    "a lantern called after a carriage": ("sale", {"Description": "FRENCH CARRIAGE LANTERN"}),
    "a credit note": ("return", CREDITED),
    "a priced line coming back": ("return", {"Quantity": -1}),
    "a free gift coming back": ("return", {"Quantity": -1, "UnitPrice": "0"}),
    "postage": ("postage_and_fees", {"StockCode": "POST"}),
    "postage credited": ("postage_and_fees", {**CREDITED, "StockCode": "POST"}),
    "postage without price": ("postage_and_fees", {**UNPAID, "StockCode": "DOT"}),
    "carriage": ("postage_and_fees", {"StockCode": "C2"}),
    "next day carriage": ("postage_and_fees", {"StockCode": "23444"}),
    "bank charges": ("postage_and_fees", {"StockCode": "BANK CHARGES"}),
    "a fee credited": ("postage_and_fees", {**CREDITED, "StockCode": "AMAZONFEE"}),
    "commission": ("postage_and_fees", {**CREDITED, "StockCode": "CRUK"}),
    "a discount": ("discount", {**CREDITED, "StockCode": "D"}),
    "a manual entry": ("adjustment", {"StockCode": "M"}),
    "a manual entry in small letters": ("adjustment", {"StockCode": "m"}),
    "a manual entry credited": ("adjustment", {**CREDITED, "StockCode": "M"}),
    "samples credited": ("adjustment", {**CREDITED, "StockCode": "S"}),
    "bad debt": ("adjustment", {"InvoiceNo": "A563185", "StockCode": "B"}),
    "bad debt taken off": ("adjustment", {"InvoiceNo": "A563186", "UnitPrice": "-11062.06"}),
    "a negative price": ("adjustment", {"UnitPrice": "-1.00"}),
    "damaged goods": ("write_off", {**LOST, "Description": "damaged"}),
    "a mistyped note of damage": ("write_off", {**LOST, "Description": "dagamed"}),
    "a note in capitals": ("write_off", {**LOST, "Description": "DAMAGED"}),
    "goods thrown away": ("write_off", {**LOST, "Description": "mouldy, thrown away."}),
    "goods lost": ("write_off", {**LOST, "Description": "?lost"}),
    "goods given away": ("write_off", {**LOST, "Description": "Given away"}),
    "goods broken": ("write_off", {**LOST, "Description": "Breakages"}),
    "goods gone without a word": ("stock_correction", {**LOST, "Description": ""}),
    "goods gone with a question": ("stock_correction", {**LOST, "Description": "?"}),
    "goods booked as sets": ("stock_correction", {**LOST, "Description": "sold as set on dotcom"}),
    "goods found": ("stock_correction", {**UNPAID, "Description": "FOUND"}),
    "goods found, at length": (
        "stock_correction",
        {**UNPAID, "Description": "FOUND SOME MORE ON SHELF"},
    ),
    "goods come without a word": ("stock_correction", {**UNPAID, "Description": ""}),
    "nothing at all": ("stock_correction", {**UNPAID, "Quantity": 0}),
}


@pytest.fixture(scope="module")
def categories(project: Warehouse) -> Mapping[str, str]:
    """The category each example got; they are all lines of one day."""
    project.reset()
    lines = []
    for number, (example, (_, changes)) in enumerate(EXAMPLES.items(), start=536001):
        line = a_line(**{"Country": example, **changes})
        letters = line["InvoiceNo"].rstrip("0123456789")
        lines.append(line | {"InvoiceNo": f"{letters}{number}"})
    project.land(DAY, lines)
    project.build("sales")
    return {row["country"]: row["category"] for row in project.rows("canonical", "sales")}


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_line_finds_its_category(categories: Mapping[str, str], example: str) -> None:
    assert categories[example] == EXAMPLES[example][0]
