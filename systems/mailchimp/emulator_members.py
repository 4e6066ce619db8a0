"""What the emulator does to members: the rules of Mailchimp's audience, its refusals included.

Somebody who opted out themselves, or bounced, is in a compliance state and cannot be subscribed by
the API, archived or not; who was unsubscribed by the API can.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from systems.mailchimp.emulator_store import Account
from systems.mailchimp.members import MERGE_FIELDS, subscriber_hash

STATUSES = ("subscribed", "unsubscribed", "cleaned", "pending", "transactional")
AUDIENCE_MERGE_FIELDS = {**MERGE_FIELDS, "PHONE": "phone"}
LONGEST_TEXT = 255
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ERRORS = "https://mailchimp.com/developer/marketing/docs/errors/"

Told = tuple[int, dict[str, Any]]
"""A status and the body that goes with it."""


@dataclass(frozen=True, slots=True)
class Refused(Exception):
    """The request is not done; `answer` says why, as Mailchimp would."""

    answer: Told


def problem(code: int, title: str, detail: str, **errors: str) -> Told:
    """Return a problem detail, with complaints about fields."""
    listed = [{"field": name, "message": message} for name, message in errors.items()]
    told = {"type": _ERRORS, "title": title, "status": code, "detail": detail, "instance": ""}
    return code, ({**told, "errors": listed} if listed else told)


NOT_FOUND = problem(404, "Resource Not Found", "The requested resource could not be found.")


@dataclass(frozen=True, slots=True)
class Desk:
    """Does what one request asks for, at one moment. `operation` is that of its batch, or ""."""

    account: Account
    list_id: str
    now: float
    operation: str = ""

    def do(self, method: str, name: str, action: str, body: Mapping[str, Any]) -> Told:
        """Do one write about the member called `name`, "" for one that is to be added."""
        try:
            match method, action:
                case "POST", "":
                    return self._add(body)
                case "PUT", "":
                    return self._put(name, body)
                case "PATCH", "":
                    return self._patch(name, body)
                case "DELETE", "":
                    return self._archive(name)
                case "POST", "delete-permanent":
                    return self._forget(name)
        except Refused as refused:
            return refused.answer
        return problem(405, "Method Not Allowed", "The requested method and resource do not match.")

    def one(self, name: str) -> Told:
        """Show one member."""
        member = self.account.member(_called(name))
        return (200, shown(member)) if member else NOT_FOUND

    def _add(self, body: Mapping[str, Any]) -> Told:
        if self.account.member(subscriber_hash(_address(body))):
            raise Refused(_exists(_address(body)))
        return self._new({**body, "status_if_new": body.get("status", "")})

    def _put(self, name: str, body: Mapping[str, Any]) -> Told:
        member = self.account.member(_called(name))
        return self._new(body) if member is None else self._change(member, body)

    def _patch(self, name: str, body: Mapping[str, Any]) -> Told:
        member = self.account.member(_called(name))
        return NOT_FOUND if member is None else self._change(member, body)

    def _archive(self, name: str) -> Told:
        member = self.account.member(_called(name))
        if member is None:
            return NOT_FOUND
        if member["status"] == "archived":
            detail = "This list member cannot be removed. Please contact support."
            return problem(405, "Method Not Allowed", detail)
        self.keep({**member, "status": "archived"}, "archived")
        return 204, {}

    def _forget(self, name: str) -> Told:
        member = self.account.member(_called(name))
        if member is None:
            return NOT_FOUND
        self.account.delete(member, forget=True)
        self.account.note("deleted", member, at=self.now, operation=self.operation)
        return 204, {}

    def _new(self, body: Mapping[str, Any]) -> Told:
        email = _address(body)
        status = body.get("status") or body.get("status_if_new") or ""
        if status not in STATUSES:
            told = "Data did not match any of the schemas described in anyOf."
            raise Refused(problem(400, "Invalid Resource", "See errors.", status_if_new=told))
        self._check_free(email)
        member = {
            "id": subscriber_hash(email),
            "email_address": email,
            "contact_id": self.account.new_id("member", email.lower(), self.now),
            "unique_email_id": self.account.new_id("address", email.lower())[:10],
            "full_name": "",
            "email_type": "html",
            "status": status,
            "merge_fields": {**dict.fromkeys(AUDIENCE_MERGE_FIELDS, ""), **_merged(body)},
            "ip_signup": "",
            "timestamp_signup": "",
            "ip_opt": "203.0.113.7",
            "timestamp_opt": moment(self.now),
            "member_rating": 2,
            "language": "",
            "vip": False,
            "source": "API - Generic",
            "list_id": self.list_id,
            "unsubscribe_reason": "",
            "complied": False,
        }
        return self.keep(member, "created")

    def _change(self, member: Mapping[str, Any], body: Mapping[str, Any]) -> Told:
        status = str(body.get("status") or member["status"])
        if status not in (*STATUSES, "archived"):
            raise Refused(problem(400, "Invalid Resource", "See errors.", status="No such status"))
        if status == "subscribed" != member["status"] and member["complied"]:
            raise Refused(_in_compliance(member["email_address"]))
        merged = {**member["merge_fields"], **_merged(body)}
        changed = {**member, "status": status, "merge_fields": merged}
        if body.get("email_address"):
            email = _address(body)
            if subscriber_hash(email) != member["id"]:
                self._check_free(email)
                changed.update(id=subscriber_hash(email), email_address=email)
        return self.keep(changed, "updated")

    def _check_free(self, email: str) -> None:
        hashed = subscriber_hash(email)
        if self.account.is_forgotten(hashed):
            raise Refused(_forgotten(email))
        if self.account.member(hashed):
            raise Refused(_exists(email))

    def keep(self, member: Mapping[str, Any], effect: str) -> Told:
        """Store a member as changed now, and say so in the journal."""
        merged = member["merge_fields"]
        name = f"{merged.get('FNAME', '')} {merged.get('LNAME', '')}".strip()
        kept = {**member, "full_name": name, "last_changed": moment(self.now)}
        self.account.keep(kept)
        self.account.note(effect, kept, at=self.now, operation=self.operation)
        return 200, shown(kept)


def shown(member: Mapping[str, Any]) -> dict[str, Any]:
    """Return a member as the API shows it; whether it is in a compliance state is not told."""
    return {name: value for name, value in member.items() if name not in _HIDDEN}


def moment(seconds: float) -> str:
    """Write a moment as the API does, to the second."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


_HIDDEN = frozenset({"complied"})


def _called(name: str) -> str:
    return subscriber_hash(name) if "@" in name else name


def _address(body: Mapping[str, Any]) -> str:
    email = str(body.get("email_address") or "")
    if not _EMAIL.fullmatch(email):
        detail = "Please provide a valid email address."
        raise Refused(problem(400, "Invalid Resource", detail))
    if email.endswith("@fake.example"):
        detail = f"{email} looks fake or invalid, please enter a real email address."
        raise Refused(problem(400, "Invalid Resource", detail))
    return email


def _merged(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the merge fields that are set; one that the audience lacks is lost without a word."""
    merged, wrong = {}, {}
    for tag, value in (body.get("merge_fields") or {}).items():
        kind = AUDIENCE_MERGE_FIELDS.get(tag)
        if kind == "number" and value != "" and not isinstance(value, int | float):
            wrong[tag] = "Please enter a number"
        elif kind and kind != "number" and len(str(value)) > LONGEST_TEXT:
            wrong[tag] = f"Data is too long, at most {LONGEST_TEXT} characters"
        elif kind:
            merged[tag] = value
    if wrong:
        told = problem(400, "Invalid Resource", "Your merge fields were invalid.", **wrong)
        raise Refused(told)
    return merged


def _exists(email: str) -> Told:
    detail = f"{email} is already a list member. Use PUT to insert or update list members."
    return problem(400, "Member Exists", detail)


def _in_compliance(email: str) -> Told:
    return problem(
        400,
        "Member In Compliance State",
        f"{email} is in a compliance state due to unsubscribe, bounce, or compliance review and "
        "cannot be subscribed.",
    )


def _forgotten(email: str) -> Told:
    return problem(
        400,
        "Forgotten Email Not Subscribed",
        f"{email} was permanently deleted and cannot be re-imported. The contact must re-subscribe "
        "to get back on the list.",
    )
