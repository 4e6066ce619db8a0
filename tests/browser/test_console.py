"""The stewards' console as a steward uses it, in a real browser without a window."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support import golden, postgres
from tests.support.console import Served, a_console, audited, put_letter
from tests.support.golden import Company, named

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
NARROW, WIDE = {"width": 420, "height": 860}, {"width": 1280, "height": 860}
PATIENCE = 30_000
EVIL = "<img src=x onerror=alert(1)> & Söhne"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists(),
        reason=f"NOT TESTED: there is no browser at {CHROMIUM}; "
        "install the package chromium, or name one with CHROMIUM",
    ),
]


@pytest.fixture(scope="module")
def company(postgres_url: str) -> Iterator[Company]:
    """A pair to decide, a conflict to answer, and a dead letter to discard."""
    with postgres.fresh_database(postgres_url) as url:
        company = golden.a_company(url)
        company.say("salesforce", "s1", name=EVIL, email="office@x.example", phone="+442079460000")
        company.say("mailchimp", "m1", name=EVIL, email="info@x.example")
        company.say("salesforce", "s2", name="Tom Ferreira", email="tom@y.example")
        company.say("stripe", "c2", name="T. Ferreira", email="tom@y.example")
        company.consolidate()
        company.say("stripe", "c2", name="T. Ferreira", email="t.ferreira@y.example")
        company.consolidate()
        put_letter(company)
        yield company


@pytest.fixture(scope="module")
def served(company: Company) -> Iterator[Served]:
    with a_console(company) as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """A page of Ann's, who has signed in; fails the test when the browser refused a part of it."""
    opened = browser.new_page(base_url=served.url, viewport=WIDE)
    opened.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    refused: list[str] = []
    opened.on("console", lambda it: refused.append(it.text) if it.type == "error" else None)
    opened.on("pageerror", lambda error: refused.append(str(error)))
    opened.goto("/reviews")
    opened.get_by_label("Your token").fill(served.token())
    opened.keyboard.press("Enter")
    expect(opened.get_by_role("heading", name="What waits for a person")).to_be_visible()
    yield opened
    opened.close()
    assert refused == []


def test_a_review_is_decided_and_undone(page: Page, company: Company) -> None:
    apart = company.groups()
    page.get_by_role("link", name="pair that may be the same customer").click()
    page.get_by_role("link", name="Begin with the likeliest").click()
    expect(page.get_by_role("cell", name="office@x.example")).to_be_visible()
    expect(page.get_by_role("cell", name="info@x.example")).to_be_visible()
    expect(page.get_by_role("cell", name=EVIL)).to_have_count(2)
    page.get_by_label("Why").fill("one shop, two mailboxes")
    page.get_by_role("button", name="Link: the same customer").click()
    expect(page.get_by_role("status")).to_contain_text("Linked")
    expect(page.get_by_text("No pair waits.")).to_be_visible()
    assert frozenset({"salesforce:s1", "mailchimp:m1"}) in company.groups()
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("Undone")
    assert company.groups() == apart
    page.get_by_role("link", name="Decisions").click()
    row = page.get_by_role("row").filter(has_text="one shop, two mailboxes")
    expect(row).to_contain_text("undone by ann")


def test_enter_in_a_field_decides_nothing(page: Page, company: Company) -> None:
    before, sent = company.groups(), []
    page.on("request", lambda it: sent.append(it.method))
    page.goto("/reviews/next")
    page.get_by_label("Why").fill("thinking")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Decisions").click()
    expect(page.get_by_role("heading", name="Decisions")).to_be_visible()
    assert set(sent) == {"GET"}
    assert company.groups() == before


def test_a_pair_is_kept_apart_with_the_keyboard_alone(page: Page, company: Company) -> None:
    page.goto("/reviews/next")
    page.get_by_label("Why").focus()
    page.keyboard.type("two shops")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Keep apart")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Kept apart")
    assert audited(company, "match_apart")[0][::2] == ("ann", "two shops")
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status")).to_contain_text("Undone")


def test_a_conflict_is_answered(page: Page, company: Company) -> None:
    page.get_by_role("link", name="Conflicts", exact=True).click()
    card = page.get_by_role("article").filter(has_text="t.ferreira@y.example")
    expect(card).to_contain_text("Owned by salesforce")
    card.get_by_label("Why").fill("he told billing")
    card.get_by_role("button", name="Accept stripe’s value once").click()
    expect(page.get_by_role("status")).to_contain_text("Accepted")
    page.get_by_role("link", name="Answered").click()
    expect(page.get_by_text("Accepted once by ann")).to_be_visible()
    assert company.customer("salesforce:s2")["email"] == "t.ferreira@y.example"


def test_a_dead_letter_is_opened_and_discarded(page: Page, company: Company) -> None:
    page.get_by_role("link", name="Dead letters", exact=True).click()
    page.get_by_role("link", name="wrong").click()
    page.get_by_role("link", name="a", exact=True).click()
    page.get_by_label("Why").fill("to see whose it is")
    page.get_by_role("button", name="Open what it holds").click()
    expect(page.get_by_text("torn", exact=True)).to_be_visible()
    page.get_by_label("Why").fill("a test record")
    page.get_by_role("button", name="Not needed").click()
    expect(page.get_by_role("status")).to_contain_text("1 marked as not needed")
    assert audited(company, "discard")[0][::2] == ("ann", "a test record")


def test_two_customers_are_merged_and_taken_apart(page: Page, company: Company) -> None:
    before = company.groups()
    page.get_by_label("A golden id").fill("salesforce:s1")
    page.get_by_role("button", name="Look").click()
    page.get_by_label("Its golden id").fill("salesforce:s2")
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Merge these two?")).to_be_visible()
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_role("status")).to_contain_text("Merged")
    assert len(company.groups()) == len(before) - 1
    page.get_by_role("button", name="apart again").click()
    expect(page.get_by_role("status")).to_contain_text("Taken apart")
    assert company.groups() == before == named(before)


def test_pages_fit_a_narrow_screen(page: Page, company: Company) -> None:
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    home = company.homes()["salesforce:s1"]
    merge = f"/golden/{home}/merge?with=salesforce:s2"
    for path in ("/", "/reviews", "/reviews/1", f"/golden/{home}", merge, "/decisions"):
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= NARROW["width"], f"{path} is {width} wide"


def test_both_sides_stay_side_by_side_on_a_narrow_screen(page: Page, company: Company) -> None:
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    home = company.homes()["salesforce:s1"]
    for path in ("/reviews/1", f"/golden/{home}/merge?with=salesforce:s2"):
        page.goto(path)
        for row in page.locator("table.compare tbody tr").all():
            left, right = (row.locator("td").nth(place).bounding_box() for place in (0, 1))
            assert left and right
            assert left["x"] + left["width"] <= right["x"] + 1
            assert left["y"] == right["y"]


def test_who_signs_out_is_led_to_the_door(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Your token")).to_be_focused()
    page.goto("/decisions")
    expect(page).to_have_url("/sign-in")
