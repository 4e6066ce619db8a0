"""The real sales of a real retailer, all of them at once: every day to the cent."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.support import postgres, warehouse
from tests.support.warehouse import Warehouse

RETAIL = Path(__file__).parents[4] / "shared" / "data" / "retail"
CATEGORIES = {
    "adjustment",
    "discount",
    "postage_and_fees",
    "return",
    "sale",
    "stock_correction",
    "write_off",
}

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not RETAIL.is_dir(), reason=f"no retail data at {RETAIL}"),
]


@pytest.fixture(scope="module")
def retail(postgres_url: str) -> Iterator[Warehouse]:
    """All 219 days, landed and built."""
    with postgres.fresh_database(postgres_url) as url, warehouse.built(url) as ready:
        (archive,) = RETAIL.glob("*.zip")
        with ZipFile(archive) as files:
            for name in files.namelist():
                if name.endswith(".csv"):
                    ready.land_payloads(Path(name).stem, records(files.read(name)))
        ready.build()
        yield ready


def records(content: bytes) -> Mapping[str, bytes]:
    """The records of a day file by key; this data set has no line break inside a field."""
    seen: Counter[bytes] = Counter()
    keyed = {}
    for line in content.splitlines()[1:]:
        receipt = b"|".join(line.split(b",")[:2])
        seen[receipt] += 1
        keyed[f"{receipt.decode()}|{seen[receipt]}"] = line
    return keyed


def test_every_day_equals_its_total_to_the_cent(retail: Warehouse) -> None:
    with (RETAIL / "daily_totals.csv").open(newline="") as file:
        wanted = {
            row["date"]: (int(row["lines"]), Decimal(row["amount"])) for row in csv.DictReader(file)
        }
    documents = retail.rows("publish", "pub_xero__documents")
    found = {
        str(row["business_date"]): (row["line_count"], row["exact_amount"]) for row in documents
    }
    assert found == wanted
    assert len(found) == 219
    for row in documents:
        total = sum(Decimal(line["amount"]) for line in row["lines"])
        signed = total if row["kind"] == "invoice" else -total
        assert row["total"] == total
        assert abs(signed - row["exact_amount"]) <= Decimal("0.005")


def test_every_line_is_in_a_category_that_suits_its_money(retail: Warehouse) -> None:
    summed = {
        row["category"]: row
        for row in retail.query(
            "select category, count(*) as lines, sum(amount) as amount,"
            " count(*) filter (where amount <> 0) as priced from canonical.sales group by 1"
        )
    }
    assert summed.keys() == CATEGORIES
    assert sum(row["lines"] for row in summed.values()) == 320_705
    assert sum(row["amount"] for row in summed.values()) == Decimal("5761931.382")
    assert summed["write_off"]["priced"] == summed["stock_correction"]["priced"] == 0
    assert summed["return"]["amount"] < 0 < summed["sale"]["amount"]


def test_no_code_of_a_sale_is_unknown(retail: Warehouse) -> None:
    assert retail.rows("canonical", "sales", category="sale", is_known_product=False) == []


def test_products_bear_names_and_not_notes(retail: Warehouse) -> None:
    products = retail.rows("canonical", "products")
    assert len(products) == len({row["product_code"] for row in products}) > 3_000
    noted = [
        row["product_code"]
        for row in products
        if row["description"] and row["description"] == row["description"].lower()
    ]
    assert noted == []
