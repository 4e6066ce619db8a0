"""What Xero's validation messages mean for us: a cause, a text without values, and the remedy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|[‘“][^’”]*[’”]|\S*\d\S*")
_LONGEST = 240


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a document was not accepted, fit to be shown: `detail` holds no value of the record."""

    cause: str
    detail: str
    remedy: str


_MEANINGS = (
    (
        "has_payments",
        re.compile(r"payment|allocated", re.I),
        "remove the payment or allocation from the document in Xero, then replay",
    ),
    (
        "period_locked",
        re.compile(r"lock date|locked", re.I),
        "move the lock date in Xero's financial settings, then replay; or discard",
    ),
    (
        "number_taken",
        re.compile(r"must be unique|not of valid status", re.I),
        "Xero keeps a voided document's number: enter the day by hand in Xero, then discard",
    ),
    (
        "account_unknown",
        re.compile(r"account", re.I),
        "add the account to the chart in Xero or change it in the seed of categories, then replay",
    ),
    (
        "contact_refused",
        re.compile(r"contact", re.I),
        "restore the takings contact in Xero, then replay",
    ),
    (
        "currency_refused",
        re.compile(r"currenc", re.I),
        "add the currency to the organisation in Xero, then replay",
    ),
)


def refusal(messages: Sequence[str]) -> Refusal:
    """Say what Xero's messages about one document mean."""
    told = "; ".join(messages)
    detail = _VALUES.sub("…", told)[:_LONGEST] or "no reason given"
    for cause, pattern, remedy in _MEANINGS:
        if pattern.search(told):
            return Refusal(cause, detail, remedy)
    return Refusal(
        "validation_refused", detail, "correct what Xero names in the record, then replay"
    )


def messages_about(document: Mapping[str, Any]) -> list[str] | None:
    """Return what Xero complains about in one document of an answer; None when it is accepted."""
    errors = document.get("ValidationErrors") or []
    accepted = document.get("StatusAttributeString") != "ERROR" and not document.get("HasErrors")
    if accepted and not errors:
        return None
    return [str(error.get("Message", "")) for error in errors if isinstance(error, Mapping)]
