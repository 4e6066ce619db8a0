"""How a customer looks here and in Salesforce, and how each becomes the other; no I/O.

Here (the content and the seed of a write) a customer has the columns of the canonical model, null
where it has no value, and `accord_id`, our own id. In Salesforce an organisation is an Account and
a person a Contact; names that end in __c are fields that the company adds to them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from accord.errors import Stop
from accord.records import content_digest

ID = "Id"
OUR_ID = "Accord_Id__c"
ARCHIVED = "Accord_Archived__c"
PASSED_ON = "Accord_Opted_Out__c"
"""Set with an opt-out that we passed on: only such a one is ever taken back."""

_RECORD_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")

Form = Literal["text", "number", "opted_out", "active"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object in Salesforce and how its values are written there."""

    name: str
    form: Form = "text"


@dataclass(frozen=True, slots=True)
class Kind:
    """What the objects of one kind are called in Salesforce.

    `owned` are the columns we write, by their name here; `seeded` those that Salesforce owns, which
    a new object starts with.
    """

    name: str
    sobject: str
    owned: Mapping[str, Field]
    seeded: Mapping[str, Field]

    @property
    def shown(self) -> tuple[str, ...]:
        """The fields from which `from_remote` reads."""
        return (ID, OUR_ID, *(field.name for field in self.owned.values()))

    @property
    def opt_out(self) -> str:
        """The field that says that somebody opted out."""
        return self.owned["consent"].name


@dataclass(frozen=True, slots=True)
class Standing:
    """How a record was seen just now: whose it is by our id, and who opted out, if anybody did."""

    owner: str = ""
    is_out: bool = False
    is_passed_on: bool = False


_LOYALTY = {
    "loyalty_code": Field("Loyalty_Code__c"),
    "loyalty_tier": Field("Loyalty_Tier__c"),
    "loyalty_points": Field("Loyalty_Points__c", "number"),
}

ACCOUNTS = Kind(
    "accounts",
    "Account",
    owned={
        "tax_id": Field("Tax_Id__c"),
        "billing_street": Field("BillingStreet"),
        "billing_city": Field("BillingCity"),
        "billing_postcode": Field("BillingPostalCode"),
        "billing_country": Field("BillingCountry"),
        "payment_terms_days": Field("Payment_Terms__c", "number"),
        "consent": Field("Opted_Out__c", "opted_out"),
        **_LOYALTY,
    },
    seeded={
        "name": Field("Name"),
        "email": Field("Email__c"),
        "phone": Field("Phone"),
        "street": Field("ShippingStreet"),
        "city": Field("ShippingCity"),
        "postcode": Field("ShippingPostalCode"),
        "country": Field("ShippingCountry"),
        "status": Field("Active__c", "active"),
    },
)
CONTACTS = Kind(
    "contacts",
    "Contact",
    owned={
        "birth_date": Field("Birthdate"),
        "consent": Field("HasOptedOutOfEmail", "opted_out"),
        **_LOYALTY,
    },
    seeded={
        "first_name": Field("FirstName"),
        "last_name": Field("LastName"),
        "email": Field("Email"),
        "phone": Field("Phone"),
        "street": Field("MailingStreet"),
        "city": Field("MailingCity"),
        "postcode": Field("MailingPostalCode"),
        "country": Field("MailingCountry"),
        "status": Field("Active__c", "active"),
    },
)
KINDS = {kind.name: kind for kind in (ACCOUNTS, CONTACTS)}


def kind_of(name: str) -> Kind:
    """Return the kind called so. Raises Stop."""
    if name not in KINDS:
        raise Stop(
            f"Salesforce has no {name!r} here",
            remedy=f"use one of {', '.join(KINDS)} in system.toml",
        )
    return KINDS[name]


def to_remote(kind: Kind, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that hold these columns; of consent, see `opting_out`.

    Raises Stop for a column without a field.
    """
    fields = {"accord_id": Field(OUR_ID), **kind.owned, **kind.seeded}
    for name in columns:
        if name not in fields:
            raise Stop(
                f"Salesforce has no field for {name!r} of {kind.name}",
                remedy="add it to systems/salesforce/objects.py, or leave it out of the model",
            )
    return {
        fields[name].name: _written(fields[name], value)
        for name, value in columns.items()
        if fields[name].form != "opted_out"
    }


def opting_out(kind: Kind, columns: Mapping[str, Any], seen: Standing) -> dict[str, bool]:
    """Return what is to be said of consent to a record that was seen like this.

    Somebody may opt out there while a write is on its way, so no write says that nobody did, unless
    it takes back what we passed on: nobody can opt out by hand where that is set.
    """
    if columns.get("consent") == "opted_out":
        return {} if seen.is_out else {kind.opt_out: True, PASSED_ON: True}
    if "consent" in columns and seen.is_out and seen.is_passed_on:
        return {kind.opt_out: False, PASSED_ON: False}
    return {}


def from_remote(kind: Kind, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content that a record amounts to. Raises KeyError, TypeError or ValueError."""
    return {
        "accord_id": record[OUR_ID] or None,
        **{name: _read(field, record[field.name]) for name, field in kind.owned.items()},
    }


def remote_digest(kind: Kind, record: Mapping[str, Any]) -> str:
    """Return the digest of what a record amounts to; "" when it cannot be told."""
    try:
        return content_digest(from_remote(kind, record))
    except (KeyError, TypeError, ValueError):
        return ""


def record_ids(texts: Sequence[str]) -> list[str]:
    """Those that can be the id of a record; a query with any other is refused."""
    return [text for text in texts if _RECORD_ID.fullmatch(text)]


def _written(field: Field, value: Any) -> Any:
    return value != "inactive" if field.form == "active" else value


def _read(field: Field, value: Any) -> Any:
    match field.form:
        case "opted_out":
            return "opted_out" if value else None
        case "active":
            return "active" if value else "inactive"
        case "number":
            return None if value is None else _whole(value)
        case _ if field.name == "Birthdate" and value:
            return date.fromisoformat(value).isoformat()
        case _:
            return value or None


def _whole(value: float) -> float:
    """Salesforce gives whole numbers with a fraction of zero."""
    return int(value) if value == int(value) else value
