"""Whose value counts, attribute by attribute, and what is said where a contract is not clear."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from accord.authority import Authority, Member, authority_of, decide
from accord.contracts.model import Column, Contract
from accord.contracts.odcs import load
from accord.errors import Stop
from accord.settings import CHECKOUT

CUSTOMER = load(CHECKOUT / "contracts" / "customer.v1.odcs.yaml")
AUTHORITY: Authority = authority_of(CUSTOMER)


def a_member(system: str, record_id: int = 1, **said: Any) -> Member:
    options = {
        name: said.pop(name) for name in ("changed_at", "echoed", "accepted") if name in said
    }
    return Member(record_id, system, options.pop("changed_at", None), said, **options)


def value(name: str, *members: Member) -> str | None:
    return decide(AUTHORITY, members)[name].value


def test_the_owner_wins_and_the_losers_stay_visible() -> None:
    crm, billing = a_member("salesforce", name="Ann Lee"), a_member("stripe", 2, name="A. Lee")
    found = decide(AUTHORITY, [billing, crm])["name"]
    assert (found.value, found.winner) == ("Ann Lee", crm)
    assert found.losers == ((billing, "A. Lee"),)


def test_the_next_one_stands_in_where_the_owner_has_no_value() -> None:
    assert value("phone", a_member("salesforce"), a_member("stripe", 2, phone="+1")) == "+1"


def test_a_system_without_authority_never_counts() -> None:
    assert value("birth_date", a_member("salesforce", birth_date="1990-01-01")) is None


def test_an_address_is_taken_from_one_record() -> None:
    found = decide(
        AUTHORITY,
        [
            a_member("salesforce", city="Leeds"),
            a_member("stripe", 2, street="1 High St", city="York"),
        ],
    )
    assert (found["city"].value, found["street"].value) == ("Leeds", None)


def test_of_two_records_of_one_system_the_later_changed_one_counts() -> None:
    older = a_member("salesforce", name="Ann", changed_at=datetime(2026, 1, 1, tzinfo=UTC))
    newer = a_member("salesforce", 2, name="Anna", changed_at=datetime(2026, 2, 1, tzinfo=UTC))
    assert value("name", older, newer) == "Anna"
    assert value("name", replace(older, changed_at=None), replace(newer, changed_at=None)) == "Ann"


@pytest.mark.parametrize("system", ["salesforce", "mailchimp", "stripe", "mainframe"])
def test_an_opt_out_anywhere_wins(system: str) -> None:
    owner = a_member("mailchimp", 7, consent="opted_in")
    assert value("consent", owner, a_member(system, 8, consent="opted_out")) == "opted_out"


def test_our_own_value_is_no_statement_of_a_copy_but_is_one_of_the_owner() -> None:
    copy = a_member("stripe", name="Ann", echoed=frozenset({"name"}))
    assert value("name", copy) is None
    assert value("name", a_member("salesforce", name="Ann", echoed=frozenset({"name"}))) == "Ann"


def test_what_somebody_wrote_counts_before_what_came_back_to_us() -> None:
    made = a_member("salesforce", 1, name="ANN", echoed=frozenset({"name"}))
    newer = replace(made, changed_at=datetime(2026, 2, 1, tzinfo=UTC))
    assert value("name", newer, a_member("salesforce", 2, name="Ann")) == "Ann"


def test_an_opt_out_that_only_its_copy_tells_of_stands_until_the_owner_speaks() -> None:
    copy = a_member("salesforce", 8, consent="opted_out", echoed=frozenset({"consent"}))
    assert value("consent", copy) == "opted_out"
    assert value("consent", copy, a_member("mailchimp", 7, consent="opted_in")) == "opted_in"
    assert value("consent", replace(copy, values={"consent": "opted_in"})) is None


def test_an_accepted_value_wins_over_the_owner() -> None:
    crm = a_member("salesforce", email="a@x.example")
    edited = a_member("stripe", 2, email="b@x.example", accepted=frozenset({"email"}))
    assert value("email", crm, edited) == "b@x.example"


def a_contract(**custom: object) -> Contract:
    return replace(CUSTOMER, columns=(Column("name", "string", custom=custom),))


@pytest.mark.parametrize(
    ("custom", "said"),
    [
        ({"copies": ["stripe"]}, "owner first"),
        ({"authority": ["crm"], "authorityRule": "newest"}, "authorityRule is one of"),
        ({"authority": ["crm"], "conflict": "shout"}, "conflict is one of"),
        ({"authority": ["crm"], "colour": "red"}, "means nothing here"),
    ],
)
def test_an_unclear_authority_is_refused(custom: dict[str, object], said: str) -> None:
    with pytest.raises(Stop, match=said):
        authority_of(a_contract(**custom))


def test_what_is_taken_together_has_one_authority() -> None:
    columns = tuple(
        Column(name, "string", custom={"authority": [owner], "takenTogether": "it"})
        for name, owner in (("street", "crm"), ("city", "billing"))
    )
    with pytest.raises(Stop, match="one authority"):
        authority_of(replace(CUSTOMER, columns=columns))


def test_a_name_is_put_together_of_the_parts_there_are() -> None:
    name = AUTHORITY["name"]
    assert name.composed_from({"first_name": "Ann", "last_name": "Lee"}) == "Ann Lee"
    assert name.composed_from({"first_name": None, "last_name": "Lee"}) == "Lee"
    assert name.composed_from({"name": "Ann Lee"}) is None
    assert AUTHORITY["phone"].composed_from({"last_name": "Lee"}) is None


def test_the_systems_that_hold_something_are_told() -> None:
    assert AUTHORITY.copied_to("mainframe") == frozenset()
    assert {"name", "consent", "tax_id"} <= AUTHORITY.held_by("salesforce")
    assert AUTHORITY["consent"].owner == "mailchimp"
    assert AUTHORITY.identifying == ("tax_id", "loyalty_code")
    with pytest.raises(KeyError):
        AUTHORITY["shoe_size"]
