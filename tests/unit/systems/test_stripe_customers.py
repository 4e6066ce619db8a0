"""How a customer becomes a form for Stripe, and a customer of Stripe becomes a content."""

from __future__ import annotations

import pytest

from accord.records import content_digest
from systems.stripe.customers import (
    content_of,
    creating,
    digest_of,
    is_live,
    tax_id_type,
    updating,
)
from tests.support import stripe

SEED = {
    "kind": "organisation",
    "billing_street": "14 Harbour Road",
    "billing_city": "Bristol",
    "billing_postcode": "BS1 4AB",
    "billing_country": "GB",
    "tax_id": "GB980780684",
    "payment_terms_days": 30,
}


def test_what_stripe_shows_amounts_to_what_was_sent() -> None:
    wanted = stripe.content(phone="+441174960101")
    metadata = {"accord_id": "g-1", "kind": "person", "payment_terms_days": "30", "theirs": "x"}
    shown = {**wanted, "metadata": metadata, "balance": 7, "address": {"city": "Hull"}}
    assert content_of(shown) == wanted
    assert digest_of(shown) == content_digest(wanted)


def test_what_stripe_does_not_know_is_an_empty_text() -> None:
    shown = {"name": None, "email": None, "metadata": {}}
    assert content_of(shown) == dict.fromkeys(stripe.content(), "")


def test_an_update_says_every_field_of_ours_and_none_of_stripes() -> None:
    assert updating(stripe.content(name="")) == {
        "name": "",
        "email": "g-1@post.example",
        "phone": "",
        "metadata[accord_id]": "g-1",
        "metadata[accord_archived]": "",
    }


def test_a_new_customer_gets_what_stripe_owns_from_then_on() -> None:
    form = creating(stripe.content(), SEED)
    assert {name: form[name] for name in form if name not in updating(stripe.content())} == {
        "metadata[kind]": "organisation",
        "metadata[payment_terms_days]": "30",
        "address[line1]": "14 Harbour Road",
        "address[city]": "Bristol",
        "address[postal_code]": "BS1 4AB",
        "address[country]": "GB",
        "tax_id_data[0][type]": "gb_vat",
        "tax_id_data[0][value]": "GB980780684",
    }


def test_a_new_customer_is_told_nothing_that_is_empty() -> None:
    assert creating(stripe.content(), {}) == {
        "name": "Ida Brandt",
        "email": "g-1@post.example",
        "metadata[accord_id]": "g-1",
    }


@pytest.mark.parametrize(
    ("tax_id", "country", "kind"),
    [
        ("GB980780684", "", "gb_vat"),
        ("DE136695976", "GB", "eu_vat"),
        ("EL094259216", "GR", "eu_vat"),
        ("12-3456789", "US", "us_ein"),
        ("CHE-116.281.710 MWST", "", "ch_vat"),
        ("980780684", "", ""),
        ("", "GB", ""),
    ],
)
def test_the_kind_of_a_tax_id_follows_from_its_prefix_or_the_country(
    tax_id: str, country: str, kind: str
) -> None:
    assert tax_id_type(tax_id, country) == kind


def test_a_tax_id_of_an_unknown_kind_does_not_keep_a_customer_from_being_made() -> None:
    form = creating(stripe.content(), {"tax_id": "980780684"})
    assert not [name for name in form if name.startswith("tax_id")]


@pytest.mark.parametrize(
    ("customer", "live"),
    [
        ({"metadata": {}}, True),
        ({"deleted": True}, False),
        ({"metadata": {"accord_archived": "true"}}, False),
    ],
)
def test_a_deleted_or_archived_customer_is_not_live(
    customer: dict[str, object], live: bool
) -> None:
    assert is_live(customer) is live
