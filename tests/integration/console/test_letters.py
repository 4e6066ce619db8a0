"""Dead letters are opened, sent again or marked as not needed, each with who and why."""

from __future__ import annotations

import pytest

from tests.support.console import Served, Visitor, audited, put_letter
from tests.support.golden import Company

CAUSE = "/letters?cause=wrong&name=salesforce.contacts"
SECRET = b'{"LastName": "<i>Brandt</i>"}'


@pytest.fixture
def ann(served: Served) -> Visitor:
    return served.visitor("ann")


def state(company: Company, letter: str) -> str:
    (row,) = company.rows(
        "select state from ops.dead_letters where dead_letter_id = %(id)s::uuid", {"id": letter}
    )
    return str(row["state"])


def until(ann: Visitor) -> str:
    """What the form about all letters of the cause says of the newest that it shows."""
    text = ann.get(CAUSE).text
    return text.partition('name="until" value="')[2].partition('"')[0].replace("&#43;", "+")


def test_letters_are_listed_by_cause_with_the_remedy(company: Company, ann: Visitor) -> None:
    put_letter(company, key="a")
    put_letter(company, key="b")
    text = ann.page("/letters")
    assert "wrong\nsalesforce.contacts\n2\n" in text
    assert "mend it" in text
    assert "All 2 of this cause" in ann.page(CAUSE)


def test_what_a_letter_holds_is_opened_with_a_reason_only_and_noted(
    company: Company, ann: Visitor
) -> None:
    letter = put_letter(company, SECRET)
    path = f"/letters/{letter}"
    assert "Brandt" not in ann.page(path)
    assert "needs its reason" in ann.act(f"{path}/open", back=path)
    assert ("ann", letter, "") not in audited(company, "reveal")
    opened = ann.post(f"{path}/open", word=ann.word(), why="a customer asked")
    assert opened.status_code == 200
    assert "&lt;i&gt;Brandt&lt;/i&gt;" in opened.text
    assert opened.headers["cache-control"] == "no-store"
    assert audited(company, "reveal")[0] == ("ann", letter, "a customer asked")
    assert "Brandt" not in ann.page(path)


def test_one_letter_is_marked_as_not_needed_with_its_reason(company: Company, ann: Visitor) -> None:
    letter = put_letter(company)
    path = f"/letters/{letter}"
    assert "A discard needs its reason" in ann.act(f"{path}/discard", back=path)
    assert state(company, letter) == "waiting"
    text = ann.act(f"{path}/discard", why="a test record", back=path)
    assert "1 marked as not needed" in text
    assert "discarded by ann: a test record" in text
    assert audited(company, "discard")[0] == ("ann", letter, "a test record")


def test_one_that_was_marked_as_not_needed_is_brought_back(company: Company, ann: Visitor) -> None:
    letter = put_letter(company)
    path = f"/letters/{letter}"
    assert "needed after all" not in ann.page(path)
    ann.act(f"{path}/discard", why="a test record", back=path)
    assert "needed after all" in ann.page(path)
    assert "waits again" in ann.act(f"{path}/restore", why="none after all", back=path)
    assert state(company, letter) == "waiting"
    assert audited(company, "restore")[0] == ("ann", letter, "none after all")


def test_of_a_cause_only_those_that_were_looked_at_are_discarded(
    company: Company, ann: Visitor
) -> None:
    seen = put_letter(company, key="a")
    form = {"cause": "wrong", "name": "salesforce.contacts", "until": until(ann), "why": "old"}
    later = put_letter(company, key="b")
    assert "1 marked as not needed" in ann.act("/letters/discard", back="/letters", **form)
    assert (state(company, seen), state(company, later)) == ("discarded", "waiting")
    for key in form.keys() - {"why"}:
        short = {name: value for name, value in form.items() if name != key}
        assert "No letters were named" in ann.act("/letters/discard", back="/letters", **short)


def test_a_letter_that_cannot_be_sent_again_says_what_to_do(company: Company, ann: Visitor) -> None:
    letter = put_letter(company)
    text = ann.act(f"/letters/{letter}/replay", why="mended", back=f"/letters/{letter}")
    assert "Sent again: 1 cannot be replayed." in text
    assert "correct the record in its system" in text
    assert state(company, letter) == "waiting"


def test_a_letter_that_is_not_there_is_said_so(ann: Visitor) -> None:
    for name in ("nothing", "0000", "01890000-0000-7000-8000-000000000000"):
        assert "No dead letter is called" in ann.get(f"/letters/{name}").text


def test_commands_in_a_remedy_stand_out_and_nothing_in_it_is_markup(
    company: Company, ann: Visitor
) -> None:
    letter = put_letter(company, remedy="see `accord dlq show <i>` first, then mend it")
    text = ann.get(f"/letters/{letter}").text
    assert "see <code>accord dlq show &lt;i&gt;</code> first, then mend it" in text
