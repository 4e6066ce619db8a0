"""A record that we made says nothing of its own until somebody there says something."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.golden import Company

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
