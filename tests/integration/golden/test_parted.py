"""Who is told apart by a date of birth does not become one because a third record does not say any.

These use the matching library itself, as a company does, and consolidate step by step.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from tests.support.golden import Company

ANN: dict[str, Any] = {
    "first_name": "Ann", "last_name": "Zetterlund", "phone": "+442079460123",
    "street": "12 Quay Street", "city": "Bath", "postcode": "BA1 2CD", "country": "GB",
    "changed_at": "2026-11-01T00:00:00Z",
}  # fmt: skip
MOTHER, DAUGHTER = "1941-12-29", "1970-03-04"


@pytest.fixture
def town(company: Company) -> Company:
    """A company whose customers are many enough to learn from, none of them named like Ann."""
    company.learn_from_strangers(birth_date="19{:02}-11-10", changed_at=ANN["changed_at"])
    return company


@pytest.fixture
def household(town: Company) -> Company:
    """Mother and daughter of one name, as two golden records."""
    town.say("salesforce", "mother", **ANN, birth_date=MOTHER)
    town.say("salesforce", "daughter", **ANN, birth_date=DAUGHTER)
    town.consolidate()
    return town


def together(company: Company, *records: str) -> bool:
    homes = company.homes()
    return len({homes[record] for record in records}) == 1


def test_a_record_without_a_date_brings_nobody_together(household: Company) -> None:
    assert not together(household, "salesforce:mother", "salesforce:daughter")
    household.say("stripe", "bill", **ANN)
    household.consolidate()
    assert not together(household, "salesforce:mother", "salesforce:daughter")
    household.say("mailchimp", "member", **ANN, email="ann@quay.example")
    household.consolidate()
    assert not together(household, "salesforce:mother", "salesforce:daughter")


def test_nor_does_learning_the_model_anew(household: Company) -> None:
    household.say("stripe", "bill", **ANN)
    household.consolidate()
    before = household.groups()
    household.consolidate(retrain=True)
    assert household.groups() == before
    assert not together(household, "salesforce:mother", "salesforce:daughter")


def test_a_person_is_asked(household: Company) -> None:
    household.say("stripe", "bill", **ANN)
    household.consolidate()
    rows = household.rows(
        "select l.source_key as one, r.source_key as other from ops.golden_reviews as v"
        " inner join ops.golden_records as l on l.record_id = v.left_id"
        " inner join ops.golden_records as r on r.record_id = v.right_id where v.state = 'open'"
    )
    asked = {frozenset((row["one"], row["other"])) for row in rows}
    assert asked == set(map(frozenset, combinations(("bill", "mother", "daughter"), 2)))
    assert len(rows) == len(asked)


def test_a_record_without_a_date_is_neither_of_two_whom_it_fits(household: Company) -> None:
    household.say("stripe", "bill", **ANN)
    household.consolidate()
    for known in ("salesforce:mother", "salesforce:daughter"):
        assert not together(household, known, "stripe:bill")


def test_a_record_without_a_date_still_joins_the_one_it_fits(town: Company) -> None:
    town.say("salesforce", "ann", **ANN, birth_date=DAUGHTER)
    town.consolidate()
    town.say("stripe", "bill", **ANN)
    town.consolidate()
    assert together(town, "salesforce:ann", "stripe:bill")
