"""What people in the four systems do, deed by deed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from accord.emulation.population import Party
from tests.chaos.customers.company import NEW, Company, kind_of
from tests.chaos.customers.schedules import Act

Hand = Callable[[Company, Act], None]


def carry_out(company: Company, act: Act) -> None:
    """Let somebody do something; about a customer whom their system has not, they do nothing."""
    _HANDS[act.deed](company, act)


def _crm(fields: Callable[[Company, Act], Mapping[str, Any]]) -> Hand:
    def edit(company: Company, act: Act) -> None:
        if company.is_live("salesforce", act.number):
            key = company.keys["salesforce", act.number]
            company.crm.edit(kind_of(company, act.number), key, **fields(company, act))

    return edit


def _billing(form: Callable[[Act], Mapping[str, Any]]) -> Hand:
    def edit(company: Company, act: Act) -> None:
        if company.is_live("stripe", act.number):
            company.billing.edit("customers", company.keys["stripe", act.number], **form(act))

    return edit


def _marketing(do: Callable[[Company, str, Act], None]) -> Hand:
    def touch(company: Company, act: Act) -> None:
        if company.is_live("mailchimp", act.number):
            do(company, company.keys["mailchimp", act.number], act)

    return touch


def _email_field(company: Company, act: Act) -> str:
    return "Email__c" if kind_of(company, act.number) == "accounts" else "Email"


def _is_account(company: Company, act: Act) -> bool:
    return kind_of(company, act.number) == "accounts"


def _name(company: Company, act: Act) -> Mapping[str, Any]:
    name = f"Renamed {_letters(act)}"
    return {"Name": f"{name} Ltd"} if _is_account(company, act) else {"LastName": name}


def _street(company: Company, act: Act) -> Mapping[str, Any]:
    field = "ShippingStreet" if _is_account(company, act) else "MailingStreet"
    return {field: f"{act.value} Moved Road"}


def _theirs(company: Company, act: Act) -> Mapping[str, Any]:
    """Something that the CRM holds and does not own."""
    if _is_account(company, act):
        return {"BillingStreet": f"{act.value} Wrong Lane"}
    return {"Loyalty_Tier__c": f"TIER{act.value}"}


def _opt_out(company: Company, act: Act) -> Mapping[str, Any]:
    return {"Opted_Out__c" if _is_account(company, act) else "HasOptedOutOfEmail": True}


def _crm_deletes(company: Company, act: Act) -> None:
    if company.is_live("salesforce", act.number):
        company.crm.erase(kind_of(company, act.number), company.keys["salesforce", act.number])


def _billing_deletes(company: Company, act: Act) -> None:
    if company.is_live("stripe", act.number):
        company.billing.erase("customers", company.keys["stripe", act.number])


def _crm_enters(company: Company, act: Act) -> None:
    columns = {
        "first_name": "Newly",
        "last_name": f"Entered {_letters(act)}",
        "email": f"crm.{act.value}@new.example",
        "phone": f"+44117496{act.value:04}",
    }
    company.keys["salesforce", NEW + act.value] = company.crm.place("contacts", columns)


def _crm_enters_again(company: Company, act: Act) -> None:
    """Enter somebody whom another system knows, under the same address."""
    party = _anywhere(company, act.number)
    if party is None or party.kind == "organisation":
        return
    columns = {"first_name": party.first_name, "last_name": party.last_name, "email": party.email}
    company.keys["salesforce", NEW + act.value] = company.crm.place("contacts", columns)


def _billing_enters(company: Company, act: Act) -> None:
    content = {
        "name": f"Billed {_letters(act)} Ltd",
        "email": f"billing.{act.value}@new.example",
        "kind": "organisation",
    }
    company.keys["stripe", NEW + act.value] = company.billing.place("customers", content)


def _billing_enters_again(company: Company, act: Act) -> None:
    party = _anywhere(company, act.number)
    if party is not None:
        content = {"name": party.name, "email": party.email, "kind": party.kind}
        company.keys["stripe", NEW + act.value] = company.billing.place("customers", content)


def _signs_up(company: Company, act: Act) -> None:
    content = {
        "email": f"form.{act.value}@new.example",
        "first_name": "Signed",
        "last_name": f"Up {_letters(act)}",
        "consent": "opted_in",
    }
    company.keys["mailchimp", NEW + act.value] = company.marketing.place("members", content)


def _renames(company: Company, key: str, act: Act) -> None:
    [member] = [it for it in company.marketing.members() if it["contact_id"] == key]
    merged = {**member["merge_fields"], "FNAME": f"Edited {_letters(act)}"}
    company.marketing.change(key, merge_fields=merged)


def _anywhere(company: Company, number: int) -> Party | None:
    for system in ("mailchimp", "stripe", "salesforce"):
        party = company.known[system].get(number)
        if party is not None and party.email:
            return party
    return None


def _letters(act: Act) -> str:
    """The value in letters, since people and firms are seldom called by a number."""
    return "".join(chr(ord("a") + int(digit)) for digit in str(act.value)).title() + "son"


_HANDS: Mapping[str, Hand] = {
    "crm changes a phone": _crm(lambda _, act: {"Phone": f"+44113496{act.value:04}"}),
    "crm changes an address": _crm(
        lambda company, act: {_email_field(company, act): f"moved.{act.value}@crm.example"}
    ),
    "crm enters a bad address": _crm(
        lambda company, act: {_email_field(company, act): f"bad.{act.value}@fake.example"}
    ),
    "crm changes a name": _crm(_name),
    "crm changes a street": _crm(_street),
    "crm changes billing": _crm(_theirs),
    "crm notes an opt-out": _crm(_opt_out),
    "crm deletes": _crm_deletes,
    "crm enters": _crm_enters,
    "crm enters again": _crm_enters_again,
    "billing changes an address": _billing(
        lambda act: {"email": f"moved.{act.value}@billing.example"}
    ),
    "billing changes a phone": _billing(lambda act: {"phone": f"+44131496{act.value:04}"}),
    "billing changes a name": _billing(lambda act: {"name": f"Billed As {_letters(act)}"}),
    "billing changes billing": _billing(lambda act: {"address": {"line1": f"{act.value} Mill"}}),
    "billing changes terms": _billing(
        lambda act: {"metadata": {"payment_terms_days": str(act.value)}}
    ),
    "billing deletes": _billing_deletes,
    "billing enters": _billing_enters,
    "billing enters again": _billing_enters_again,
    "marketing changes a name": _marketing(_renames),
    "opts out": _marketing(lambda company, key, _: company.marketing.unsubscribe(key)),
    "bounces": _marketing(lambda company, key, _: company.marketing.unsubscribe(key, "cleaned")),
    "signs up": _signs_up,
    "marketing archives": _marketing(
        lambda company, key, _: company.marketing.erase("members", key)
    ),
    "marketing deletes": _marketing(lambda company, key, _: company.marketing.delete_for_good(key)),
    "nights pass": lambda company, act: company.nights(1 + act.value % 9, spoilt=False),
    "a card is spoilt": lambda company, _: company.nights(1, spoilt=True),
}  # fmt: skip
