"""The real retailer's 219 days, from the files to the posted documents, in one `accord run`."""

from __future__ import annotations

import csv
import zipfile
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pytest

from tests.support import xero
from tests.support.command import a_home

RETAIL = Path(__file__).resolve().parents[3] / "shared" / "data" / "retail"
CENT = Decimal("0.01")

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(
        not RETAIL.is_dir(),
        reason="THE REAL RETAILER'S FILES ARE NOT HERE: put them into ../shared/data/retail",
    ),
]


def unpacked(into: Path) -> Path:
    """The folder of day files."""
    (path,) = RETAIL.glob("*.zip")
    with zipfile.ZipFile(path) as archive:
        archive.extractall(into)  # the project's own data
    (folder,) = {file.parent for file in into.rglob("2*.csv")}
    return folder


def known_totals() -> dict[str, Decimal]:
    """The exact sum of each day, rounded half-even to the cent, by document number."""
    with (RETAIL / "daily_totals.csv").open(encoding="utf-8", newline="") as file:
        return {
            f"POS-{row['date']}": Decimal(row["amount"]).quantize(CENT, ROUND_HALF_EVEN)
            for row in csv.DictReader(file)
        }


def test_all_days_are_posted_to_the_cent_and_a_second_pass_posts_nothing(tmp_path: Path) -> None:
    (tmp_path / "books").mkdir()
    tills, known = unpacked(tmp_path / "tills"), known_totals()
    with xero.emulator(tmp_path / "books") as emulator:
        environment = {
            "ACCORD_POS_URL": tills.as_uri(),
            "ACCORD_XERO_URL": emulator.url,
            "ACCORD_XERO_CLIENT_ID": "tests",
            "ACCORD_XERO_CLIENT_SECRET": xero.SECRET,
        }
        with a_home(environment) as home:
            first = home.accord("run", "--output", "json")
            assert first.code == 0, first.err
            assert first.report["balanced"]
            assert first.report["dead"] == 0
            assert sum(flow["rejected"] for flow in first.report["flows"]) == 0
            live = xero.live(emulator)
            assert len(live) == 219
            assert {number: signed(*document) for number, document in live.items()} == known
            effects = len(emulator.journal())
            assert effects == 219
            again = home.accord("run", "--output", "json")
            assert again.code == 0, again.err
            assert again.report["balanced"]
            assert len(emulator.journal()) == effects
            reconciled = home.accord("reconcile", "--output", "json")
            assert (reconciled.code, reconciled.report["equal"]) == (0, True)


def signed(kind: str, total: Decimal) -> Decimal:
    """A document's total; what a credit note gives back counts as negative."""
    return -total if kind == "ACCRECCREDIT" else total
