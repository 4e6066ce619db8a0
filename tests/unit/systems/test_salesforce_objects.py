"""Columns of a customer as fields of a record, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from accord.errors import Stop
from accord.records import content_digest
from systems.salesforce.objects import (
    KINDS,
    PASSED_ON,
    Kind,
    Standing,
    from_remote,
    kind_of,
    opting_out,
    record_ids,
    remote_digest,
    to_remote,
)
from tests.support import salesforce

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)


@every_kind
def test_what_salesforce_owns_is_never_ours_to_write(kind: Kind) -> None:
    assert not set(kind.owned) & set(kind.seeded)
    ours = {field.name for field in kind.owned.values()}
    assert not ours & {field.name for field in kind.seeded.values()}


def as_made(kind: Kind, content: Mapping[str, Any]) -> dict[str, Any]:
    """The record that is made of a content, with what Salesforce fills in."""
    said = {**to_remote(kind, content), **opting_out(kind, content, Standing())}
    return {kind.opt_out: False, **said}


def test_a_person_comes_back_as_it_was_sent() -> None:
    content = salesforce.contact(
        birth_date="1980-02-29", consent="opted_out", loyalty_tier="GOLD", loyalty_points=120
    )
    record = as_made(KINDS["contacts"], content)
    assert record["HasOptedOutOfEmail"] is True
    assert from_remote(KINDS["contacts"], {**record, "Loyalty_Points__c": 120.0}) == content
    assert remote_digest(KINDS["contacts"], record) == content_digest(content)


def test_an_organisation_without_anything_comes_back_without_anything() -> None:
    content = salesforce.account()
    record = as_made(KINDS["accounts"], content)
    assert record["Opted_Out__c"] is False
    assert from_remote(KINDS["accounts"], record) == content


@every_kind
@pytest.mark.parametrize("consent", ["opted_in", "pending", None])
def test_nobody_is_said_not_to_have_opted_out_unless_we_said_they_had(
    kind: Kind, consent: str | None
) -> None:
    said = {"consent": consent}
    for seen in (Standing(), Standing(is_out=True), Standing(is_passed_on=True)):
        assert opting_out(kind, said, seen) == {}
    ours = Standing(is_out=True, is_passed_on=True)
    assert opting_out(kind, said, ours) == {kind.opt_out: False, PASSED_ON: False}
    assert opting_out(kind, {}, ours) == {}


@every_kind
def test_an_opt_out_is_said_once_and_marked_as_passed_on(kind: Kind) -> None:
    said = {"consent": "opted_out"}
    assert opting_out(kind, said, Standing()) == {kind.opt_out: True, PASSED_ON: True}
    assert opting_out(kind, said, Standing(is_out=True)) == {}


def test_a_record_that_lacks_a_field_has_no_digest() -> None:
    record = as_made(KINDS["contacts"], salesforce.contact())
    del record["Birthdate"]
    assert remote_digest(KINDS["contacts"], record) == ""
    assert remote_digest(KINDS["contacts"], {**record, "Birthdate": "soon"}) == ""


def test_a_column_or_kind_without_a_place_is_named() -> None:
    with pytest.raises(Stop, match="shoe_size"):
        to_remote(KINDS["contacts"], {"shoe_size": 44})
    with pytest.raises(Stop, match="leads"):
        kind_of("leads")


def test_only_what_can_be_an_id_is_asked_for() -> None:
    good = ["003Ac0000000001", "003Ac0000000001AAA"]
    assert record_ids([*good, "", "cus_1", "003Ac0000000001A", "' OR Id != '"]) == good
