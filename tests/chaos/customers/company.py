"""The small company: its four systems, as emulators in one process, and what people do there.

People know their customers by number, and what they do about one does not depend on what the
engine has done meanwhile, so that the same story can be told twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from accord.emulation import Setup, population
from accord.emulation.population import SECOND_ENTRY, Party, known_to
from systems.mailchimp import emulator as mailchimp
from systems.mailchimp.members import our_key
from systems.mainframe import emulator as mainframe
from systems.salesforce import emulator as salesforce
from systems.salesforce.objects import OUR_ID
from systems.stripe import emulator as stripe
from systems.stripe.customers import our_id
from tests.chaos.customers.network import Heaven, shown
from tests.chaos.customers.schedules import Act, Schedule
from tests.support.mailchimp import SECRET

NEW = 5000
"""What is added to an act's value for the number of whom it enters."""
SEARCH_LAG = 20.0


@dataclass(slots=True)
class Company:
    """Four systems with one company's customers; `keys` are their names there, by number."""

    crm: salesforce.Emulator
    billing: stripe.Emulator
    marketing: mailchimp.Emulator
    cards: Setup
    known: Mapping[str, Mapping[int, Party]]
    schedule: Schedule
    keys: dict[tuple[str, int], str] = field(default_factory=dict)
    spoilt: bool = False

    @property
    def cards_url(self) -> str:
        """Where the mainframe leaves its files."""
        return self.cards.folder.absolute().as_uri()

    def stop(self) -> None:
        """Close the systems."""
        for emulator in (self.crm, self.billing, self.marketing):
            emulator.stop()

    @property
    def failures(self) -> list[Exception]:
        """What went wrong in an emulator itself."""
        return [*self.crm.failures, *self.billing.failures, *self.marketing.failures]

    def nights(self, count: int, *, spoilt: bool) -> None:
        """Let nights pass at the mainframe; the last one's file may hold a bad record."""
        self.cards = replace(self.cards, today=self.cards.today + timedelta(days=count))
        self.spoilt = spoilt
        with self.sized():
            mainframe.start(self.cards, flaws=("bad_digit",) if spoilt else ())

    def sized(self) -> Any:
        """Let the made-up company be as small as the schedule says."""
        sizes = {"PERSONS": self.schedule.persons, "ORGANISATIONS": self.schedule.organisations}
        return patch.multiple(population, **sizes)

    def is_live(self, system: str, number: int) -> bool:
        """Whether a system has a customer still."""
        key = self.keys.get((system, number))
        return key is not None and key in self.live(system)

    def live(self, system: str) -> set[str]:
        """What a system has, by its own names."""
        match system:
            case "salesforce":
                rows = (*self.crm.rows("accounts"), *self.crm.rows("contacts"))
                return {row["Id"] for row in rows}
            case "stripe":
                return {it["id"] for it in self.billing.customers()}
        members = self.marketing.members()
        return {it["contact_id"] for it in members if it["status"] != "archived"}

    def ours(self) -> Counter[tuple[str, str]]:
        """How often each system has each key of ours."""
        found = Counter(
            ("salesforce", row[OUR_ID])
            for kind in ("accounts", "contacts")
            for row in self.crm.rows(kind)
        )
        found.update(("stripe", our_id(it)) for it in self.billing.customers())
        found.update(("mailchimp", our_key(it)) for it in self.marketing.members())
        return found

    def about(self, number: int, value: int) -> set[str]:
        """What systems call a customer, and whom an act has entered."""
        numbers = (number, number + SECOND_ENTRY, NEW + value)
        return {key for (_, known), key in self.keys.items() if known in numbers}


def founded(folder: Path, schedule: Schedule, heaven: Heaven) -> Company:
    """Found the company of a schedule in an empty folder."""
    today = datetime.fromtimestamp(heaven.now, UTC).date()
    setup = Setup(folder, schedule.seed, today, SECRET)
    cards = replace(setup, folder=folder / "cards")
    sizes = {"PERSONS": schedule.persons, "ORGANISATIONS": schedule.organisations}
    with patch.multiple(population, **sizes):
        crm = salesforce.start(setup, faults=shown, clock=lambda: heaven.now)
        behaviour = stripe.Behaviour(search_lag=SEARCH_LAG)
        billing = stripe.start(setup, faults=shown, behaviour=behaviour, clock=lambda: heaven.now)
        marketing = mailchimp.start(setup, faults=shown, clock=lambda: heaven.now)
        mainframe.start(cards)
        known = {
            system: {party.number: party for party in known_to(system, schedule.seed, today)}
            for system in ("salesforce", "stripe", "mailchimp", "mainframe")
        }
    company = Company(crm, billing, marketing, cards, known, schedule)
    company.keys.update(_names(company))
    return company


def _names(company: Company) -> Mapping[tuple[str, int], str]:
    """What each system calls the customers it was founded with."""
    found: dict[tuple[str, int], str] = {}
    by_change: Callable[[Party], Any] = lambda party: (party.changed_at, party.number)  # noqa: E731
    for kind, is_kind in (("accounts", "organisation"), ("contacts", "person")):
        parties = [it for it in company.known["salesforce"].values() if it.kind == is_kind]
        for party, row in zip(sorted(parties, key=by_change), company.crm.rows(kind), strict=True):
            found["salesforce", party.number] = row["Id"]
    billed = sorted(company.known["stripe"].values(), key=lambda party: party.changed_at)
    for party, customer in zip(billed, reversed(company.billing.customers()), strict=True):
        found["stripe", party.number] = customer["id"]
    members = {it["email_address"].lower(): it["contact_id"] for it in company.marketing.members()}
    for party in company.known["mailchimp"].values():
        found["mailchimp", party.number] = members[party.email.lower()]
    for party in company.known["mainframe"].values():
        found["mainframe", party.number] = party.loyalty_code
    return found


def kind_of(company: Company, number: int) -> str:
    """Under which kind of object the CRM has a customer."""
    return "accounts" if number > company.schedule.persons else "contacts"


__all__ = ["NEW", "Act", "Company", "founded", "kind_of"]
