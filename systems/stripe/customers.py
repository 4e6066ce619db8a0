"""How a customer looks here and in Stripe, and how each becomes the other; no I/O.

Here (the content of a write) a customer is

    {"accord_id": "…", "name": "…", "email": "…", "phone": "…"}

with "" for what is not known. Billing address, tax id and payment terms are Stripe's own: a new
customer gets them from the write's seed (`billing_street`, `billing_city`, `billing_postcode`,
`billing_country`, `tax_id`, `payment_terms_days`, and `kind`) and they are never sent again. Stripe
knows payment terms of invoices only, and persons from organisations not at all, so a customer's are
kept in its metadata, like our id.
https://docs.stripe.com/api/customers/object
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accord.records import content_digest

OUR_ID, KIND, TERMS, ARCHIVED = "accord_id", "kind", "payment_terms_days", "accord_archived"
_FIELDS = ("name", "email", "phone")
_ADDRESS = {
    "billing_street": "line1",
    "billing_city": "city",
    "billing_postcode": "postal_code",
    "billing_country": "country",
}
# https://docs.stripe.com/billing/customer/tax-ids#supported-tax-ids
_EU = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "XI",
))  # fmt: skip
_TAX_ID_TYPES = {
    "GB": "gb_vat", "CH": "ch_vat", "NO": "no_vat", "IS": "is_vat", "AU": "au_abn",
    "NZ": "nz_gst", "IN": "in_gst", "US": "us_ein", "ZA": "za_vat", "SG": "sg_gst",
}  # fmt: skip


def content_of(customer: Mapping[str, Any]) -> dict[str, str]:
    """Return the content that a customer in Stripe amounts to."""
    return {
        "accord_id": our_id(customer),
        **{name: customer.get(name) or "" for name in _FIELDS},
    }


def digest_of(customer: Mapping[str, Any]) -> str:
    """Return the digest of what a customer in Stripe amounts to."""
    return content_digest(content_of(customer))


def our_id(customer: Mapping[str, Any]) -> str:
    """Return the key of ours that a customer carries, "" for none."""
    return str(metadata_of(customer).get(OUR_ID) or "")


def kind_of(customer: Mapping[str, Any]) -> str:
    """Return person or organisation, "" where a customer does not say."""
    return str(metadata_of(customer).get(KIND) or "")


def metadata_of(customer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the metadata; empty for a deleted customer, which has none."""
    return customer.get("metadata") or {}


def is_live(customer: Mapping[str, Any]) -> bool:
    """Tell whether a customer is neither deleted nor put aside by us."""
    return not customer.get("deleted") and not metadata_of(customer).get(ARCHIVED)


def updating(content: Mapping[str, Any]) -> dict[str, str]:
    """Return the form that brings a customer to a content; an empty value unsets a field."""
    return {
        **{name: str(content.get(name) or "") for name in _FIELDS},
        f"metadata[{OUR_ID}]": str(content["accord_id"]),
        f"metadata[{ARCHIVED}]": "",
    }


def creating(content: Mapping[str, Any], seed: Mapping[str, Any]) -> dict[str, str]:
    """Return the form of a new customer, with what Stripe owns from then on."""
    form = updating(content)
    for name in (KIND, TERMS):
        form[f"metadata[{name}]"] = str(seed.get(name) or "")
    for name, theirs in _ADDRESS.items():
        form[f"address[{theirs}]"] = str(seed.get(name) or "")
    tax_id = str(seed.get("tax_id") or "")
    if kind := tax_id_type(tax_id, str(seed.get("billing_country") or "")):
        form.update({"tax_id_data[0][type]": kind, "tax_id_data[0][value]": tax_id})
    return {name: value for name, value in form.items() if value}


def archiving() -> dict[str, str]:
    """Return the form that puts a customer aside."""
    return {f"metadata[{ARCHIVED}]": "true"}


def tax_id_type(tax_id: str, country: str) -> str:
    """Return what Stripe calls this kind of tax id, "" where we cannot tell.

    The number's own prefix decides before the country of the billing address.
    """
    if not tax_id:
        return ""
    prefix = tax_id[:2].upper()
    for place in (prefix if prefix.isalpha() else "", country.upper()):
        if place in _EU:
            return "eu_vat"
        if place in _TAX_ID_TYPES:
            return _TAX_ID_TYPES[place]
    return ""
