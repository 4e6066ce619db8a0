"""The pages as a person reads them, in a real browser without a window."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.support.day_files import a_file, a_line
from tests.support.up import Up, a_home, an_up, eventually

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
DAYS = ("2026-03-02", "2026-03-03")
WAYS = (
    ("sources", "landing", "canonical", "publish", "xero", "read_back", "reconciliation"),
    ("sources", "landing", "identity", "publish", "stripe", "reconciliation", "outcomes"),
)
PATIENCE = 30_000

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists(),
        reason=f"NOT TESTED: there is no browser at {CHROMIUM}; "
        "install the package chromium, or name one with CHROMIUM",
    ),
]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """An installation with two days run."""
    tills = tmp_path_factory.mktemp("tills")
    for day in DAYS:
        (tills / f"{day}.csv").write_bytes(a_file(a_line(day, Quantity="2", UnitPrice="3.25")))
    with a_home(ACCORD_POS_URL=tills.as_uri()) as home:
        assert home.told("run")["balanced"]
        with an_up(home) as running:
            yield running


@pytest.fixture
def page(up: Up) -> Iterator[Page]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        opened = browser.new_page(base_url=up.url, viewport={"width": 2400, "height": 1000})
        opened.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield opened
        browser.close()


@pytest.mark.parametrize("way", WAYS, ids=["takings", "customers"])
def test_the_asset_graph_shows_the_way_from_the_sources_to_the_outcome(
    page: Page, way: Sequence[str]
) -> None:
    page.goto("/asset-groups")
    graph = page.locator("foreignObject")
    expect(graph.get_by_text("outcomes", exact=True).first).to_be_visible()

    def stand_in_order() -> bool:
        places = [graph.get_by_text(group, exact=True).first.bounding_box() for group in way]
        lefts = [place["x"] for place in places if place]
        return len(lefts) == len(way) and lefts == sorted(lefts)

    # The page moves them about while it is still loading.
    eventually(stand_in_order, seconds=30, what="the way of a record from left to right")


def test_the_lineage_of_an_outcome_begins_at_the_tills(page: Page) -> None:
    asked = "view=lineage&lineageScope=upstream&lineageDepth=20"
    page.goto(f"/assets/outcomes/takings_in_accounting?{asked}")
    graph = page.locator("foreignObject")
    for asset in ("sales_lines", "pos__sales_lines", "sales", "documents"):
        expect(graph.get_by_text(asset, exact=True).first).to_be_visible()


def test_a_partition_page_shows_the_day_and_what_came_of_it(page: Page) -> None:
    page.goto(f"/assets/landing/pos__sales_lines?view=partitions&partition={DAYS[0]}")
    expect(page.get_by_text("Materialized (2)")).to_be_visible()
    expect(page.get_by_text("Failed (0)")).to_be_visible()
    for name, value in (("read", "1"), ("rejected", "0"), ("completeness", "1")):
        row = page.get_by_role("row").filter(has=page.get_by_text(name, exact=True))
        expect(row.first).to_contain_text(value)


def test_an_asset_page_says_what_it_is_whose_it_is_and_how_it_did(page: Page) -> None:
    page.goto("/assets/xero/documents")
    for words in ("Documents in Xero", "finance@company.example", "Freshness policy", "Fresh if"):
        expect(page.get_by_text(words).first).to_be_visible()
    page.goto("/assets/canonical/sales?view=checks&checkDetail=contract_holds")
    expect(page.get_by_text("This is a blocking asset check.").first).to_be_visible()
    expect(page.get_by_role("cell", name="days closed, elsewhere")).to_be_visible()
