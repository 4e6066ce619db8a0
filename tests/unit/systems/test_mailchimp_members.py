"""Members in our terms and in Mailchimp's, its refusals, and the address that a key leads to."""

from __future__ import annotations

import pytest

from accord.errors import Stop
from accord.records import content_digest
from accord.secrets import Secret
from systems.mailchimp.members import (
    content_of,
    digest_of,
    due_status,
    first_status,
    merge_fields,
    our_key,
    subscriber_hash,
)
from systems.mailchimp.refusals import refusal
from systems.mailchimp.remote import ApiKey, address
from tests.support.mailchimp import content as a_content

VENDOR = "https://us1.api.mailchimp.com"


def test_the_digest_of_an_address_is_the_vendors() -> None:
    # The example of the vendor's own guide.
    wanted = "62eeb292278cc15f5817cb78f7790b08"
    assert subscriber_hash("Urist.McVankab@freddiesjokes.com") == wanted


@pytest.mark.parametrize("points", [0, 5120, None])
def test_what_was_written_amounts_to_what_was_wanted(points: int | None) -> None:
    wanted = a_content(points=points, company="A & B")
    there = {
        "email_address": "G-1@Post.Example",
        "status": "subscribed",
        "merge_fields": merge_fields("g-1", wanted),
    }
    assert content_of(there) == wanted
    assert digest_of(there) == content_digest(wanted)
    assert our_key(there) == "g-1"


@pytest.mark.parametrize("there", [{}, {"merge_fields": None}, {"merge_fields": {"POINTS": "x"}}])
def test_a_member_without_details_amounts_to_nothing(there: dict[str, object]) -> None:
    assert content_of(there) == a_content(
        email="", first_name="", last_name="", tier="", points=None
    )
    assert our_key(there) == ""


def test_nobody_is_ever_due_to_be_subscribed_but_who_was_put_aside() -> None:
    consent = {"consent": "opted_in"}
    for status in ("subscribed", "unsubscribed", "cleaned", "pending", "transactional"):
        assert due_status(status, a_content(), consent) == ""
    assert due_status("archived", a_content(), consent) == "subscribed"
    assert due_status("archived", a_content(), {"consent": "pending"}) == "transactional"
    assert first_status(a_content(opted_out=True), consent) == "unsubscribed"


@pytest.mark.parametrize("told", [None, [], "gone", {}, {"errors": 7}, {"title": None}])
def test_an_answer_that_is_no_problem_detail_is_a_refusal_all_the_same(told: object) -> None:
    found = refusal(told)
    assert (found.cause, bool(found.detail), bool(found.remedy)) == (
        "validation_refused", True, True,
    )  # fmt: skip


def test_a_refusal_names_fields_and_no_value() -> None:
    detail = "ida@post.example looks wrong"
    errors = [{"field": "LNAME", "message": "Brandt"}, {"field": "ida@post.example"}]
    found = refusal({"title": "Invalid Resource", "detail": detail, "errors": errors})
    assert found.detail == "Invalid Resource: LNAME"


def test_the_key_says_which_data_centre_is_asked() -> None:
    assert address(VENDOR, Secret("0123-us21")) == "https://us21.api.mailchimp.com"
    assert address("https://api.mailchimp.com", Secret("0123-us4")) == (
        "https://us4.api.mailchimp.com"
    )
    for url in ("http://127.0.0.1:8080", "https://mailchimp.proxy.example"):
        assert address(url, Secret("0123-us21")) == url


@pytest.mark.parametrize("key", ["0123", "0123-", "0123-evil.example/x", "0123-us21.evil.example"])
def test_a_key_without_its_data_centre_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(Stop) as raised:
        address(VENDOR, Secret(key))
    assert key not in str(raised.value)


def test_the_key_is_sent_by_basic_authentication_and_shown_nowhere() -> None:
    key = ApiKey(Secret("k-us1"))
    assert key.headers() == {"Authorization": "Basic YWNjb3JkOmstdXMx"}
    assert not key.renewed()
    assert "k-us1" not in repr(key)
