"""The day files of a real retailer, beside the checkout, read to the last cent."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.day_files import a_contract, read

RETAIL = Path(__file__).resolve().parents[3] / "shared" / "data" / "retail"

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(
        not RETAIL.is_dir(),
        reason="THE REAL RETAILER'S FILES ARE NOT HERE: put them into ../shared/data/retail",
    ),
]


def day_files() -> Iterator[tuple[str, bytes]]:
    (path,) = RETAIL.glob("*.zip")
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".csv"):
                yield Path(name).stem, archive.read(name)


def test_every_day_has_the_known_lines_and_amount_and_nothing_is_rejected() -> None:
    found, contract = {}, a_contract()
    for day, content in day_files():
        reading, page = read(content, day=day, contract=contract)
        assert (list(page.rejected), reading.complete) == ([], True)
        assert len({record.key for record in page.records}) == len(page.records)
        rows = list(csv.reader(record.payload.decode() for record in page.records))
        found[day] = (len(rows), sum(Decimal(row[3]) * Decimal(row[5]) for row in rows))
    with (RETAIL / "daily_totals.csv").open(encoding="utf-8", newline="") as file:
        known = {
            row["date"]: (int(row["lines"]), Decimal(row["amount"])) for row in csv.DictReader(file)
        }
    assert found == known
    assert sum(lines for lines, _ in found.values()) == 320_705


def test_each_files_payloads_make_up_the_file_again() -> None:
    contract = a_contract()
    for day, content in day_files():
        reading, page = read(content, day=day, contract=contract)
        lines = [reading.shape.encode(), *(record.payload for record in page.records), b""]
        assert b"\n".join(lines) == content
