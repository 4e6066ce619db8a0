"""What Mailchimp's problem details mean for us: a cause, a text without values, and the remedy.

Their form: https://mailchimp.com/developer/marketing/docs/errors/. `detail` names addresses, so
only titles and field names are shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,60}")
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a member was not accepted, fit to be shown."""

    cause: str
    detail: str
    remedy: str


DOUBLED = Refusal(
    "doubled_at_destination",
    "More than one member of the audience has this customer's ACCORD_ID",
    "keep it on one of them in Mailchimp, empty it on the others, then replay",
)
EMAIL_TAKEN = Refusal(
    "email_taken",
    "Another member of the audience has this address, and an audience has each address once",
    "decide in `accord match review` whether both are one customer, or correct one address; replay",
)
_EMAIL = "correct the customer's address where it is owned, then replay"
_MEANINGS = (
    (
        "compliance_state",
        re.compile(r"compliance state", re.I),
        "the person opted out or bounced and only they can come back, by a form; discard",
    ),
    (
        "forgotten_at_destination",
        re.compile(r"forgotten email|permanently deleted", re.I),
        "Mailchimp never takes a deleted address back unless its owner signs up by a form; discard",
    ),
    (
        "merge_field_refused",
        re.compile(r"merge fields?", re.I),
        "correct the value where it is owned, or the audience's merge field, then replay",
    ),
    ("email_refused", re.compile(r"fake or invalid|valid email|email_address", re.I), _EMAIL),
)
NO_EMAIL = Refusal("email_refused", "The customer has no address to be a member by", _EMAIL)


def refusal(problem: Any) -> Refusal:
    """Say what a problem detail means; what is answered need not be one."""
    told = problem if isinstance(problem, Mapping) else {}
    title = str(told.get("title") or "no reason given")[:_LONGEST]
    fields = _fields(told.get("errors"))
    if re.search(r"member exists|already a list member", _said(told), re.I):
        return EMAIL_TAKEN
    detail = f"{title}: {', '.join(fields)}" if fields else title
    for cause, pattern, remedy in _MEANINGS:
        if pattern.search(" ".join((_said(told), *fields))):
            return Refusal(cause, detail, remedy)
    return Refusal(
        "validation_refused", detail, "correct what Mailchimp names in the record, then replay"
    )


def _said(told: Mapping[str, Any]) -> str:
    return f"{told.get('title', '')} {told.get('detail', '')}"


def _fields(errors: Any) -> list[str]:
    """Return the names of the fields that are complained about, where they are names."""
    listed = errors if isinstance(errors, list) else ()
    names = (str(item.get("field", "")) for item in listed if isinstance(item, Mapping))
    return [name for name in names if _NAME.fullmatch(name)]
