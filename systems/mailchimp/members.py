"""How a member of the audience looks here and in Mailchimp, and how each becomes the other; no I/O.

Here (the content of a write) a member is

    {"email": "ann@mail.example", "first_name": "Ann", "last_name": "Lee", "company": "",
     "tier": "GOLD", "points": 5120 or null, "opted_out": false}

and its seed is {"consent": "opted_in"}. There it is an address with a status and merge fields, see
https://mailchimp.com/developer/marketing/api/list-members/. Consent belongs to Mailchimp: the only
status that is ever set on a member who is there is `unsubscribed`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from accord.records import content_digest

OUR_KEY = "accord_id".upper()  # as all merge tags are
_TEXTS = {"first_name": "FNAME", "last_name": "LNAME", "company": "COMPANY", "tier": "TIER"}
_POINTS = "POINTS"
MERGE_FIELDS = {**dict.fromkeys(_TEXTS.values(), "text"), _POINTS: "number", OUR_KEY: "text"}
"""The merge fields that the audience needs, with their types."""

OPTED_OUT = frozenset({"unsubscribed", "cleaned"})
ARCHIVED = "archived"


def subscriber_hash(email: str) -> str:
    """Return what Mailchimp calls an address by; it moves when the address changes."""
    return hashlib.md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()


def merge_fields(key: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the merge fields of the member called `key` by us; nothing known is ""."""
    points = content.get("points")
    return {
        **{tag: content.get(name) or "" for name, tag in _TEXTS.items()},
        _POINTS: "" if points is None else points,
        OUR_KEY: key,
    }


def content_of(member: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content that a member amounts to. An address that bounces counts as opted out."""
    merged = _merged(member)
    return {
        "email": str(member.get("email_address") or "").lower(),
        **{name: str(merged.get(tag) or "") for name, tag in _TEXTS.items()},
        "points": _whole(merged.get(_POINTS)),
        "opted_out": member.get("status") in OPTED_OUT,
    }


def digest_of(member: Mapping[str, Any]) -> str:
    """Return the digest of what a member amounts to."""
    return content_digest(content_of(member))


def our_key(member: Mapping[str, Any]) -> str:
    """Return the key under which we know a member, "" where we do not."""
    return str(_merged(member).get(OUR_KEY) or "")


def first_status(content: Mapping[str, Any], seed: Mapping[str, Any]) -> str:
    """Return the status of a member who is not there yet.

    Only who opted in is subscribed. Of anybody else Mailchimp keeps the address without writing to
    it; nobody is asked to confirm because of a synchronisation.
    """
    if content.get("opted_out"):
        return "unsubscribed"
    return "subscribed" if seed.get("consent") == "opted_in" else "transactional"


def due_status(status: str, content: Mapping[str, Any], seed: Mapping[str, Any]) -> str:
    """Return the status that a member with `status` has to get, "" where it is to stay as it is."""
    if status == ARCHIVED:
        return first_status(content, seed)
    return "unsubscribed" if content.get("opted_out") and status not in OPTED_OUT else ""


def _merged(member: Mapping[str, Any]) -> Mapping[str, Any]:
    merged = member.get("merge_fields")
    return merged if isinstance(merged, Mapping) else {}


def _whole(value: Any) -> int | None:
    """Return a number field's value; an empty one comes as ""."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
