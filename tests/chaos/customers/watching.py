"""Watches what the engine's requests do to what a system owns itself: nothing, after creation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from systems.mailchimp.members import ARCHIVED, OPTED_OUT
from systems.salesforce.objects import KINDS
from tests.chaos.customers.company import Company

Owned = Mapping[str, Mapping[str, Any]]
_BILLING = ("address", "currency", "shipping")


@dataclass(slots=True)
class Watch:
    """Compares, after each request, what each system owns with how it was before.

    `wrong` are the requests that changed it; `out` is whoever opted out in marketing or the CRM.
    """

    company: Company
    wrong: list[str] = field(default_factory=list)
    out: set[str] = field(default_factory=set)
    _known: dict[str, Owned] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Look at everything once."""
        self.people()

    def api(self, system: str, method: str) -> None:
        """Note that a request of the engine was carried out; a batch is done at any later one."""
        if method == "GET" and (system != "mailchimp" or not self.company.marketing.batch_seconds):
            return
        before, now = self._known[system], owned(self.company, system)
        self._known[system] = now
        for key in before.keys() & now.keys():
            if before[key] != now[key]:
                self._judge(system, key, before[key], now[key])

    def settle(self) -> None:
        """Let what is due happen before people change something."""
        self.api("mailchimp", "POST")

    def people(self) -> None:
        """Note that people changed something."""
        for system in ("salesforce", "stripe", "mailchimp"):
            self._known[system] = owned(self.company, system)
        members = self._known["mailchimp"]
        self.out |= {key for key, said in members.items() if said["status"] in OPTED_OUT}
        for kind, name in (("accounts", "Opted_Out__c"), ("contacts", "HasOptedOutOfEmail")):
            self.out |= {row["Id"] for row in self.company.crm.rows(kind) if row[name]}

    def _judge(
        self, system: str, key: str, before: Mapping[str, Any], now: Mapping[str, Any]
    ) -> None:
        names = sorted(name for name in now if before.get(name) != now[name])
        if system == "mailchimp":
            status = str(now["status"])
            if status in ("unsubscribed", ARCHIVED):
                self.out |= {key} if status == "unsubscribed" else set()
                return
            if before["status"] == ARCHIVED and key not in self.out:
                return
        self.wrong.append(f"{system} was told {', '.join(names)} of {key}, which it owns")


def owned(company: Company, system: str) -> Owned:
    """What a system owns of each of its objects."""
    match system:
        case "salesforce":
            return {
                row["Id"]: {it.name: row.get(it.name) for it in kind.seeded.values()}
                for kind in KINDS.values()
                for row in company.crm.rows(kind.name)
            }
        case "stripe":
            return {
                it["id"]: {
                    **{name: it.get(name) for name in _BILLING},
                    "tax_ids": [tax["value"] for tax in it["tax_ids"]],
                    **{name: it["metadata"].get(name) for name in ("kind", "payment_terms_days")},
                }
                for it in company.billing.customers()
            }
    return {it["contact_id"]: {"status": it["status"]} for it in company.marketing.members()}
