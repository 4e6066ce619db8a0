"""A golden record can be told whole: whose word each value is, what lost, what was and became."""

from __future__ import annotations

import pytest

from accord.errors import Stop
from accord.golden import desk
from accord.golden.tracing import Kept, Trace, trace
from accord.store.audit import By
from accord.store.database import Role
from accord.store.desk import following_review
from tests.support.golden import Company


def traced(company: Company, name: str) -> Trace:
    with company.store.transaction(Role.STEWARD) as connection:
        return trace(connection, company.entity, name)


def kept(told: Trace, name: str) -> Kept:
    return next(it for it in told.attributes if it.attribute.name == name)


def test_the_losing_value_and_its_system_stay_visible(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann Lee", email="ann@x.example", phone="+442079460000")
    company.say("stripe", "c1", name="A. Lee", email="ANN@x.example", tax_id="GB980780684")
    company.consolidate()
    told = traced(company, "stripe:c1")
    assert [side.source_key for side in told.members] == ["s1", "c1"]
    name = kept(told, "name")
    assert (name.value, [it.value for it in name.losers]) == ("Ann Lee", ["A. Lee"])
    assert (name.winner and name.winner.by.system, name.losers[0].by.system) == (
        "salesforce",
        "stripe",
    )
    tax_id = kept(told, "tax_id")
    assert tax_id.winner is not None
    assert (tax_id.winner.by.system, tax_id.attribute.owner) == ("stripe", "stripe")
    assert kept(told, "loyalty_tier").winner is None
    assert [(it.source_key, it.decision) for it in told.stays][0] == ("s1", "founder")


def test_it_tells_which_golden_ids_became_it_and_by_what_action(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann", email="ann@x.example")
    company.say("stripe", "c1", name="Zoe", email="zoe@y.example")
    company.consolidate()
    homes = company.homes()
    with company.store.transaction(Role.STEWARD) as connection:
        done = desk.merge(connection, company.entity, list(homes.values()), By("ann", "they said"))
    told = traced(company, homes["stripe:c1"])
    assert told.golden_id == homes["salesforce:s1"]
    assert told.merged == (homes["stripe:c1"],)
    assert [(it.action_id, it.decided_by, it.why) for it in told.actions] == [
        (done.action_id, "ann", "they said")
    ]


def test_nobody_is_traced_by_a_name_that_nobody_has(company: Company) -> None:
    with pytest.raises(Stop, match="no golden id nobody"):
        traced(company, "nobody")


def test_reviews_follow_each_other_in_a_circle(company: Company) -> None:
    for number in range(3):
        company.say("salesforce", f"s{number}", name="Ann", email=f"ann@{number}.example")
    company.consolidate()
    with company.store.session(Role.STEWARD) as connection:
        ids = [it.review_id for it in desk.reviews(connection, company.entity)]
        after = [following_review(connection, "customer", number) for number in ids]
        assert after == [*ids[1:], ids[0]]
        assert following_review(connection, "customer", 999_999) == ids[0]
        assert following_review(connection, "product", ids[0]) is None
