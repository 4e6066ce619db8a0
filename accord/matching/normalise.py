"""Canonical values: one way to write each field, whatever its source wrote.

These are the values that golden records keep and destinations receive. What cannot be read as its
field says becomes None, never a guess; the source's own writing stays in landing. The looser forms
that only serve to compare records live in `accord.matching.forms`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from stdnum import ean, get_cc_module
from stdnum.exceptions import ValidationError

from accord.matching.countries import country_code

_SPACE = re.compile(r"\s+")
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[T ].*)?")
_NOT_POSTCODE = re.compile(r"[^0-9A-Z -]+")
_OFFICE_KINDS = ("vat", "businessid", "tin", "ein", "personalid")
_PREFIXED = re.compile(
    "AT|BE|BG|CY|CZ|DE|DK|EE|ES|FI|FR|GB|GR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK"
)


def normalised(entity: str, column: str, value: Any, *, country: str | None = None) -> str | None:
    """Return the canonical text of one value, or None where there is none.

    `country` is the record's own, as ISO 3166-1 alpha-2; it is what a phone number without an
    international prefix and a tax id without a country are read with. A column that has no rule
    of its own is trimmed.
    """
    if value is None:
        return None
    text = trimmed(value.isoformat() if isinstance(value, date) else str(value))
    if text is None:
        return None
    rule = _RULES.get((entity, column.removeprefix("billing_")), _as_it_is)
    return rule(text, country)


def trimmed(value: str) -> str | None:
    """Compose the characters (NFC), make every run of white space one blank; empty is None."""
    return _SPACE.sub(" ", unicodedata.normalize("NFC", value)).strip() or None


def email(value: str) -> str | None:
    """Return the address in lower case, or None where it can be no address (RFC 5321, 6531)."""
    try:
        read = validate_email(value, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return None
    return read.normalized.lower() if "." in read.domain else None


@lru_cache(maxsize=65536)
def phone(value: str, country: str | None = None) -> str | None:
    """Return the number as E.164; a number without a prefix is read in the record's country."""
    try:
        read = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(read):
        return None
    return phonenumbers.format_number(read, phonenumbers.PhoneNumberFormat.E164)


def tax_id(value: str, country: str | None = None) -> str | None:
    """Return a tax id whose check digits hold, without separators; None where none holds.

    A VAT number of a country that writes its code in front gets it, so that the number with and
    without the code are one.
    """
    head = value[:2].upper()
    named = {"EL": "GR", "XI": "GB"}.get(head, head)
    for code in dict.fromkeys((named if head.isalpha() else None, country)):
        compact = _compact_tax_id(value, code) if code else None
        if compact is not None:
            return compact
    return None


def birth_date(value: str) -> str | None:
    """Return a date as ISO 8601; None for anything but a whole, possible date in that order."""
    found = _DATE.fullmatch(value)
    if found is None:
        return None
    try:
        return date(*map(int, found.groups())).isoformat()
    except ValueError:
        return None


def gtin(value: str) -> str | None:
    """Return a GTIN of 8, 12, 13 or 14 digits as 14 digits, when its check digit holds."""
    try:
        return ean.validate(value).zfill(14)
    except ValidationError:
        return None


@lru_cache(maxsize=65536)
def _compact_tax_id(value: str, country: str) -> str | None:
    for kind in _OFFICE_KINDS:
        module = get_cc_module(country.lower(), kind)
        if module is None:
            continue
        try:
            compact: str = module.validate(value)
        except ValidationError:
            continue
        prefix = "EL" if country == "GR" else country
        if kind == "vat" and _PREFIXED.fullmatch(country) and not compact.startswith(prefix):
            return prefix + compact
        return compact
    return None


def _as_it_is(text: str, country: str | None) -> str | None:  # noqa: ARG001 - every rule's shape
    return text


def _alone(rule: Callable[[str], str | None]) -> Callable[[str, str | None], str | None]:
    return lambda text, _country: rule(text)


def _postcode(text: str) -> str | None:
    return trimmed(_NOT_POSTCODE.sub("", text.upper()))


_CUSTOMER: dict[str, Callable[[str, str | None], str | None]] = {
    "kind": _alone(str.lower),
    "status": _alone(str.lower),
    "consent": _alone(str.lower),
    "email": _alone(email),
    "phone": phone,
    "country": _alone(country_code),
    "postcode": _alone(_postcode),
    "tax_id": tax_id,
    "birth_date": _alone(birth_date),
    "currency": _alone(str.upper),
}
_PRODUCT: dict[str, Callable[[str, str | None], str | None]] = {"gtin": _alone(gtin)}
_RULES = {("customer", column): rule for column, rule in _CUSTOMER.items()} | {
    ("product", column): rule for column, rule in _PRODUCT.items()
}
