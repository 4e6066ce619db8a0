"""What people do in the emulator: who works in marketing, and who is written to.

None of it comes by the API, so the journal marks it as done by hand.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from accord.emulation import Setup
from accord.emulation.population import known_to
from systems.mailchimp.emulator_members import Desk
from systems.mailchimp.emulator_store import Account

BY_HAND = "by hand"
_STATUS = {"opted_in": "subscribed", "opted_out": "unsubscribed", "pending": "pending"}


@dataclass(frozen=True, slots=True)
class People:
    """The hands that change one audience."""

    account: Account
    list_id: str
    clock: Callable[[], float]

    def fill(self, setup: Setup) -> None:
        """Enter the customers that the sandbox company's marketing knows, once."""
        with self.account.transaction():
            if self.account.setting("filled"):
                return
            for party in known_to("mailchimp", setup.seed, setup.today):
                content = {
                    "email": party.email,
                    "first_name": party.first_name,
                    "last_name": party.last_name,
                    "company": party.organisation,
                    "consent": party.consent,
                }
                self._enter(content, at=party.changed_at.timestamp())
            self.account.set("filled", "yes")

    def enter(self, content: Mapping[str, Any]) -> str:
        """Enter a member who amounts to this, unless the address is there; return the id."""
        with self.account.transaction():
            return self._enter(content, at=self.clock())

    def rename(self, name: str) -> None:
        """Give a member another first name."""
        with self.account.transaction():
            member = self._member(name)
            merged = {**member["merge_fields"], "FNAME": f"Edited {secrets.token_hex(2)}"}
            self._keep({**member, "merge_fields": merged})

    def change(self, name: str, **changes: Any) -> None:
        """Change how a member stands."""
        with self.account.transaction():
            self._keep({**self._member(name), **changes})

    def delete(self, name: str) -> None:
        """Delete a member permanently."""
        with self.account.transaction():
            self.account.delete(self._member(name), forget=True)

    def _member(self, name: str) -> dict[str, Any]:
        member = self.account.member(name)
        if member is None:
            raise LookupError(name)
        return member

    def _enter(self, content: Mapping[str, Any], *, at: float) -> str:
        desk = Desk(self.account, self.list_id, at, operation=BY_HAND)
        found, there = desk.one(content["email"])
        if found == 200:
            return str(there["contact_id"])
        points = content.get("points")
        merged = {
            "FNAME": content.get("first_name", ""),
            "LNAME": content.get("last_name", ""),
            "COMPANY": content.get("company", ""),
            "TIER": content.get("tier", ""),
            "POINTS": "" if points is None else points,
        }
        consent = "opted_out" if content.get("opted_out") else content.get("consent", "")
        status = _STATUS.get(consent, "transactional")
        body = {"email_address": content["email"], "merge_fields": merged, "status_if_new": status}
        _, there = desk.do("PUT", content["email"], "", body)
        if status == "unsubscribed":
            member = self._member(there["contact_id"])
            self.account.keep({**member, "complied": True})
        return str(there["contact_id"])

    def _keep(self, member: Mapping[str, Any]) -> None:
        Desk(self.account, self.list_id, self.clock(), operation=BY_HAND).keep(member, "updated")
