"""A record that we made says nothing of its own until somebody there says something."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.support.golden import START, Company

STARTED = {"name": "Ann Lee", "last_name": "Ann Lee", "email": "ann@x.example", "status": "active"}


def delivered(company: Company, home: str) -> None:
    company.deliver("salesforce", home, "s1", **STARTED)


def unanswered(company: Company, home: str) -> None:
    company.send("salesforce", home, **STARTED)


@pytest.mark.parametrize("left", [delivered, unanswered], ids=["delivered", "unanswered"])
@pytest.mark.parametrize("said", [{}, {"phone": "+442079460123"}], ids=["nothing", "more"])
def test_a_customer_lives_on_by_what_others_say_and_not_by_what_we_started_a_record_with(
    company: Company, left: Callable[[Company, str], None], said: dict[str, str]
) -> None:
    """What we fill in for want of anything better is ours too."""
    company.say("stripe", "c1", name="Ann Lee", email="ann@x.example")
    company.consolidate()
    home = company.homes()["stripe:c1"]
    left(company, home)
    company.say("salesforce", "s1", **STARTED, **said, known_golden_id=home)
    company.consolidate()
    assert company.homes()["salesforce:s1"] == home
    company.forget("stripe", "c1")
    company.consolidate()
    assert (home in company.customers()) == bool(said)


def test_a_record_that_somebody_made_and_we_adopted_keeps_its_customer_alive(
    company: Company,
) -> None:
    """It may say exactly what we would have said, before we have read it for the first time."""
    company.say("stripe", "c1", name="Ann Lee", email="ann@x.example")
    company.consolidate()
    home = company.homes()["stripe:c1"]
    company.adopt("salesforce", home, "s1", **STARTED)
    company.say("salesforce", "s1", **STARTED, known_golden_id=home)
    company.consolidate()
    company.forget("stripe", "c1")
    company.consolidate()
    assert company.customers()[home]["name"] == "Ann Lee"


def test_what_we_wrote_does_not_outrank_what_somebody_wrote_in_the_same_system(
    company: Company,
) -> None:
    """The CRM could not be read at first, so it got a second contact, later than its own."""
    company.say("mainframe", "m1", name="ANN LEE", email="ann@x.example")
    company.consolidate()
    home = company.homes()["mainframe:m1"]
    company.deliver("salesforce", home, "s2", name="ANN LEE", email="ann@x.example")
    company.say("salesforce", "s1", name="Ann Lee", email="ann@x.example", changed_at=START)
    company.say(
        "salesforce", "s2", name="ANN LEE", email="ann@x.example", known_golden_id=home,
        changed_at=START + timedelta(days=1),
    )  # fmt: skip
    company.consolidate()
    assert company.homes()["salesforce:s1"] == company.homes()["salesforce:s2"]
    assert company.customer("salesforce:s1")["name"] == "Ann Lee"


def test_what_we_wrote_is_known_again_after_its_customer_was_merged_into_another(
    company: Company,
) -> None:
    """A system works its records' names out of what it is sent, so it is not sent as such."""
    company.say("salesforce", "s1", name="Ann Lee", email="ann@x.example", changed_at=START)
    company.say("mainframe", "m1", name="ANN LEE")
    company.consolidate()
    home = company.homes()["mainframe:m1"]
    company.deliver("salesforce", home, "s2", last_name="LEE")
    company.say("mainframe", "m1", name="ANN LEE", email="ann@x.example")
    company.say(
        "salesforce", "s2", name="ANN LEE", last_name="LEE", email="ann@x.example",
        known_golden_id=home, changed_at=START + timedelta(days=1),
    )  # fmt: skip
    company.consolidate()
    assert len(set(company.homes().values())) == 1
    assert company.homes()["salesforce:s1"] != home
    assert company.customer("salesforce:s1")["name"] == "Ann Lee"


def test_what_a_system_puts_together_of_what_we_wrote_is_ours_too(company: Company) -> None:
    """The golden record has its name from billing and its parts from the mainframe."""
    company.say("stripe", "c1", name="Ann Lee", email="ann@x.example")
    parts = {"first_name": "ANN", "last_name": "LEE", "email": "ann@x.example"}
    company.say("mainframe", "m1", name="ANN LEE", **parts)
    company.consolidate()
    home = company.homes()["mainframe:m1"]
    assert company.customers()[home]["name"] == "Ann Lee"
    company.deliver("salesforce", home, "s2", **parts)
    company.say("salesforce", "s1", name="Ann Lee", email="ann@x.example", changed_at=START)
    company.say(
        "salesforce", "s2", name="ANN LEE", **parts, known_golden_id=home,
        changed_at=START + timedelta(days=1),
    )  # fmt: skip
    company.consolidate()
    assert company.customer("salesforce:s1")["name"] == "Ann Lee"


def test_our_own_writes_make_no_record_newer(company: Company) -> None:
    for key, name, days in (("s1", "Ann Lee", 2), ("s2", "Anna Lee", 1)):
        at = START + timedelta(days=days)
        company.say("salesforce", key, name=name, email="ann@x.example", changed_at=at)
    company.consolidate()
    home = company.homes()["salesforce:s2"]
    assert company.customers()[home]["name"] == "Ann Lee"
    company.say("stripe", "c1", name="Ann Lee", email="ann@x.example", phone="+442079460123")
    company.consolidate()
    company.deliver("salesforce", home, "s2")
    company.say(
        "salesforce", "s2", name="Anna Lee", email="ann@x.example", phone="+442079460123",
        known_golden_id=home, changed_at=START + timedelta(days=3),
    )  # fmt: skip
    company.consolidate()
    assert company.customers()[home]["name"] == "Ann Lee"
    company.say(
        "salesforce", "s2", name="Anne Lee", email="ann@x.example", phone="+442079460123",
        known_golden_id=home, changed_at=START + timedelta(days=4),
    )  # fmt: skip
    company.consolidate()
    assert company.customers()[home]["name"] == "Anne Lee"
