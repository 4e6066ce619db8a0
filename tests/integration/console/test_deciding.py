"""What a steward decides on a page is what the commands decide, on record, and can be undone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.console import Served, Visitor, audited
from tests.support.golden import Company, named

EVIL = "<script>alert('é')</script>"
S1, C1 = "salesforce:s1", "stripe:c1"


def two_called_ann(company: Company, name: str = "Ann") -> int:
    """Two records that only a person can tell apart; the number of their review."""
    company.say("salesforce", "s1", name=name, email="ann@x.example", phone="+44 20 7946 0000")
    company.say("stripe", "c1", name=name, email="ann@y.example", tax_id="GB980780684")
    company.consolidate()
    return reviews(company)[0]["review_id"]


def reviews(company: Company) -> list[dict[str, Any]]:
    return company.rows("select * from ops.golden_reviews where state = 'open' order by review_id")


def conflict(company: Company) -> int:
    """An edit in a system that does not own the field; the number of the conflict."""
    company.say("salesforce", "s1", name="Ann", email="ann@x.example", phone="+442079460000")
    company.say("stripe", "c1", name="Ann", email="ann@x.example", phone="+442079460000")
    company.consolidate()
    company.say("stripe", "c1", name="Ann", email="ann@x.example", phone="+442079460777")
    company.consolidate()
    (found,) = company.rows("select conflict_id from ops.golden_conflicts where state = 'held'")
    return int(found["conflict_id"])


def action(company: Company) -> str:
    rows = company.rows(
        "select action_id::text as id from ops.golden_decisions order by decision_id desc limit 1"
    )
    return str(rows[0]["id"])


@pytest.fixture
def ann(served: Served) -> Visitor:
    return served.visitor("ann")


def test_the_first_page_counts_what_waits(company: Company, ann: Visitor) -> None:
    two_called_ann(company)
    assert "1\npair that may be the same customer" in ann.page("/").replace("1pair", "1\npair")
    assert "2 golden records are kept" in ann.page("/")


def test_a_review_shows_both_side_by_side_as_normalised_and_as_written(
    company: Company, ann: Visitor
) -> None:
    number = two_called_ann(company)
    assert "50.0 %" in ann.page("/reviews")
    text = ann.page(f"/reviews/{number}")
    for told in ("ann@x.example", "ann@y.example", "GB980780684", "salesforce", "c1", "equal"):
        assert told in text
    assert "+442079460000\nwritten: +44 20 7946 0000" in text
    assert "+9.0" in text


def test_linking_makes_them_one_and_says_who_and_why(company: Company, ann: Visitor) -> None:
    number = two_called_ann(company)
    text = ann.act(f"/reviews/{number}", verdict="link", why="same passport", back="/reviews")
    assert "Linked: they are one from now on." in text
    assert "No pair waits." in text
    assert company.groups() == named([[S1, C1]])
    assert audited(company, "match_link")[0][::2] == ("ann", "same passport")
    assert "Linked\nby ann".replace("\n", " ") in ann.page(f"/reviews/{number}")


def test_keeping_apart_can_be_undone_by_the_button_that_comes_with_it(
    company: Company, ann: Visitor
) -> None:
    number = two_called_ann(company)
    assert "Kept apart" in ann.act(f"/reviews/{number}", verdict="apart", back="/reviews")
    assert reviews(company) == []
    text = ann.act("/decisions/undo", action=action(company), back="/decisions")
    assert "Undone" in text
    assert "undone by ann" in text
    assert len(reviews(company)) == 1


def test_what_was_said_is_said_once_and_to_nobody_else(served: Served, company: Company) -> None:
    number = two_called_ann(company)
    ann, bob = served.visitor("ann"), served.visitor("bob")
    ann.post(f"/reviews/{number}", word=ann.word(), verdict="apart", back="/reviews")
    assert "Kept apart" not in bob.page("/reviews")
    assert "Kept apart" in ann.page("/reviews")
    assert "Kept apart" not in ann.page("/reviews")


def test_a_decision_leads_to_the_next_pair(company: Company, ann: Visitor) -> None:
    for key in "abc":
        company.say("salesforce", key, name="Ann", email=f"{key}@x.example")
    company.consolidate()
    first, second, third = (it["review_id"] for it in reviews(company))
    assert f'value="/reviews/{second}"' in ann.get(f"/reviews/{first}").text
    assert f'value="/reviews/{first}"' in ann.get(f"/reviews/{third}").text
    assert ann.get("/reviews/next").headers["location"] == f"/reviews/{first}"


def test_what_somebody_else_has_decided_is_not_decided_again(
    served: Served, company: Company
) -> None:
    number = two_called_ann(company)
    ann, bob = served.visitor("ann"), served.visitor("bob")
    ann.act(f"/reviews/{number}", verdict="apart", back="/reviews")
    text = bob.act(f"/reviews/{number}", verdict="link", back=f"/reviews/{number}")
    assert "was decided by ann" in text
    assert "Remedy:" in text
    assert len(company.groups()) == 2


@pytest.mark.parametrize("verdict", ["", "merge", "<b>"])
def test_nothing_is_decided_without_a_verdict(company: Company, ann: Visitor, verdict: str) -> None:
    number = two_called_ann(company)
    assert "Nothing was decided" in ann.act(f"/reviews/{number}", verdict=verdict, back="/reviews")
    assert len(reviews(company)) == 1


def test_a_golden_record_shows_whose_word_each_value_is_and_what_lost(
    company: Company, ann: Visitor
) -> None:
    company.say("salesforce", "s1", name="Ann Lee", email="ann@x.example")
    company.say("stripe", "c1", name="A. Lee", email="ann@x.example", tax_id="GB980780684")
    company.consolidate()
    found = ann.get("/golden?name=stripe:c1")
    assert found.headers["location"] == f"/golden/{company.homes()[C1]}"
    text = ann.page(found.headers["location"])
    assert "Ann Lee\nsalesforce s1\nA. Lee stripe c1" in text
    assert "GB980780684\nstripe c1" in text
    assert "founded it" in text


def test_two_golden_records_are_compared_merged_and_taken_apart_again(
    company: Company, ann: Visitor
) -> None:
    company.say("salesforce", "s1", name="Ann", email="ann@x.example")
    company.say("stripe", "c1", name="Anna", email="anna@y.example")
    company.consolidate()
    before, homes = company.groups(), company.homes()
    page = f"/golden/{homes[C1]}"
    assert "anna@y.example\nann@x.example" in ann.page(f"{page}/merge?with={S1}")
    text = ann.act(f"{page}/merge", other=homes[S1], why="married", back=page)
    assert "Merged: they are one" in text
    assert "also known as" in text
    assert company.groups() == named([[S1, C1]])
    text = ann.act(f"/golden/{homes[S1]}/unmerge", name=homes[C1], why="not her", back=page)
    assert "Taken apart" in text
    assert (company.groups(), company.homes()) == (before, homes)
    assert [audited(company, what)[0][::2] for what in ("merge", "unmerge")] == [
        ("ann", "married"),
        ("ann", "not her"),
    ]


def test_a_record_is_taken_out_and_that_is_undone(company: Company, ann: Visitor) -> None:
    company.say("salesforce", "s1", name="Ann", email="ann@x.example")
    company.say("stripe", "c1", name="Ann", email="ann@x.example")
    company.consolidate()
    page = f"/golden/{company.homes()[S1]}"
    assert "Taken apart" in ann.act(f"{page}/unmerge", name=C1, back=page)
    assert len(company.groups()) == 2
    assert "took apart" in ann.page(page)
    ann.act("/decisions/undo", action=action(company), back=page)
    assert company.groups() == named([[S1, C1]])


def test_a_golden_record_is_not_merged_with_itself_or_nobody(
    company: Company, ann: Visitor
) -> None:
    company.say("salesforce", "s1", name="Ann", email="ann@x.example")
    company.consolidate()
    page = f"/golden/{company.homes()[S1]}"
    assert "These are one already" in ann.get(f"{page}/merge?with={S1}").text
    assert "No golden record was named" in ann.get(f"{page}/merge").text
    assert "one golden record already" in ann.act(f"{page}/merge", other=S1, back=page)


def test_a_conflict_shows_both_values_the_owner_and_the_policy(
    company: Company, ann: Visitor
) -> None:
    conflict(company)
    text = ann.page("/conflicts")
    for told in ("+442079460777", "+442079460000", "Owned by salesforce", "hold it for a person"):
        assert told in text
    assert "waits under" in ann.page(f"/golden/{company.homes()[S1]}")


@pytest.mark.parametrize(
    ("answer", "told", "phone"),
    [
        ("overwrite", "Overwritten by ann", "+442079460000"),
        ("accept_once", "Accepted once by ann", "+442079460777"),
    ],
)
def test_a_conflict_is_answered_by_name(
    company: Company, ann: Visitor, answer: str, told: str, phone: str
) -> None:
    number = conflict(company)
    ann.act(f"/conflicts/{number}", answer=answer, why="asked her", back="/conflicts")
    assert "No conflict waits." in ann.page("/conflicts")
    assert f"{told}" in ann.page("/conflicts?answered")
    assert company.customer(S1)["phone"] == phone
    assert audited(company, "answer")[0][::2] == ("ann", "asked her")
    again = ann.act(f"/conflicts/{number}", answer=answer, back="/conflicts")
    assert f"No conflict {number} waits" in again
    assert "Undo" in ann.page("/conflicts?answered")
    assert "waits again" in ann.act(f"/conflicts/{number}/undo", back="/conflicts?answered")
    assert "Undo" not in ann.page("/conflicts?answered")
    assert "No conflict waits." not in ann.page("/conflicts")


def test_a_decision_that_is_none_cannot_be_undone(company: Company, ann: Visitor) -> None:
    for name in ("", "'; drop table x", "01890000-0000-7000-8000-000000000000"):
        text = ann.act("/decisions/undo", action=name, back="/decisions")
        assert "Remedy:" in text


def test_values_are_shown_as_they_are_and_never_run(company: Company, ann: Visitor) -> None:
    number = two_called_ann(company, name=EVIL)
    home = company.homes()[S1]
    ann.post(f"/reviews/{number}", word=ann.word(), verdict="link", why=EVIL, back="/reviews")
    pages = ("/reviews", f"/reviews/{number}", f"/golden/{home}", "/decisions", "/conflicts")
    shown = [ann.get(path).text for path in (*pages, f"/golden?name={EVIL}")]
    assert all("<script" not in text for text in shown)
    assert sum("&lt;script&gt;" in text for text in shown) >= 4


def test_a_name_that_is_markup_signs_in_as_itself(served: Served) -> None:
    text = served.visitor("<b>ann</b>").get("/").text
    assert "&lt;b&gt;ann&lt;/b&gt;" in text
    assert "<b>" not in text
