"""Finding who is in Salesforce already, and adopting the record without touching the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from accord.records import Write
from systems.salesforce.client import SalesforceClient
from systems.salesforce.emulator import Emulator
from tests.support import salesforce
from tests.support.salesforce import account, contact, write


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Emulator]:
    with salesforce.emulator(tmp_path) as running:
        running.forget()
        yield running


@pytest.fixture
def client(org: Emulator) -> Iterator[SalesforceClient]:
    with salesforce.client(org) as made:
        yield made


def person(key: str = "C-1", **seed: Any) -> Write:
    return write(contact(key), seed={"last_name": "Tester", **seed})


def firm(key: str = "C-1", *, tax_id: str | None = None, **seed: Any) -> Write:
    return write(account(key, tax_id=tax_id), seed=seed)


def ids(client: SalesforceClient, kind: str, *writes: Write) -> dict[str, tuple[str, ...]]:
    return {key: found.destination_ids for key, found in client.match(kind, writes).items()}


def test_an_e_mail_address_names_a_person_whatever_its_case(
    org: Emulator, client: SalesforceClient
) -> None:
    there = org.place("contacts", {"last_name": "Tester", "email": "Ann@Mail.example"})
    org.place("contacts", {"last_name": "Tester", "email": "ann@mail.example.org"})
    assert ids(client, "contacts", person(email="ann@mail.example")) == {"C-1": (there,)}


def test_nobody_is_matched_by_a_missing_address_or_by_a_name(
    org: Emulator, client: SalesforceClient
) -> None:
    org.place("contacts", {"last_name": "Tester"})
    org.place("accounts", {"name": "Quay Books Ltd"})
    assert ids(client, "contacts", person(), person("C-2", email="")) == {}
    assert ids(client, "accounts", firm(name="Quay Books Ltd", postcode=None)) == {}


def test_a_tax_id_comes_before_name_and_postcode(org: Emulator, client: SalesforceClient) -> None:
    by_tax = org.place("accounts", {"name": "Other Books", "tax_id": "GB1"})
    org.place("accounts", {"name": "Quay Books Ltd", "postcode": "HU1 1AA"})
    wanted = firm(tax_id="gb1", name="Quay Books Ltd", postcode="HU1 1AA")
    assert ids(client, "accounts", wanted) == {"C-1": (by_tax,)}


def test_name_and_postcode_together_name_an_organisation(
    org: Emulator, client: SalesforceClient
) -> None:
    there = org.place("accounts", {"name": "QUAY BOOKS LTD", "postcode": "hu1 1aa"})
    org.place("accounts", {"name": "Quay Books Ltd", "postcode": "LS1 4DY"})
    wanted = firm(tax_id="GB1", name="Quay Books Ltd", postcode="HU1 1AA")
    assert ids(client, "accounts", wanted) == {"C-1": (there,)}


def test_its_own_id_comes_before_every_name(org: Emulator, client: SalesforceClient) -> None:
    meant = org.place("contacts", {"last_name": "Tester", "email": "old@mail.example"})
    org.place("contacts", {"last_name": "Tester", "email": "new@mail.example"})
    wanted = replace(person(email="new@mail.example"), destination_id=meant)
    assert ids(client, "contacts", wanted) == {"C-1": (meant,)}


def test_two_with_one_address_are_both_told(org: Emulator, client: SalesforceClient) -> None:
    both = [
        org.place("contacts", {"last_name": name, "email": "ann@mail.example"})
        for name in ("Tester", "Tester-Jones")
    ]
    found = client.match("contacts", [person(email="ann@mail.example")])["C-1"]
    assert (found.destination_ids, found.digest) == (tuple(sorted(both)), "")


def test_a_record_that_two_customers_match_is_the_first_ones(
    org: Emulator, client: SalesforceClient
) -> None:
    there = org.place("contacts", {"last_name": "Tester", "email": "home@mail.example"})
    both = [person(key, email="home@mail.example") for key in ("C-1", "C-2")]
    assert ids(client, "contacts", *both) == {"C-1": (there,)}


@pytest.mark.parametrize("at_once", [True, False])
def test_a_record_is_never_taken_from_the_customer_it_became(
    org: Emulator, client: SalesforceClient, at_once: bool
) -> None:
    there = org.place("contacts", {"last_name": "Tester", "email": "home@mail.example"})
    seen = [
        replace(write, found=client.match("contacts", [write])[write.key])
        for write in (person(key, email="home@mail.example") for key in ("C-1", "C-2"))
    ]
    calls = [seen] if at_once else [[write] for write in seen]
    told = [receipt for call in calls for receipt in client.deliver("contacts", call)]
    by_id = {receipt.write_id: receipt for receipt in told}
    first, second = (by_id[write.write_id] for write in seen)
    assert (first.outcome, first.destination_id) == ("delivered", there)
    assert second.outcome == "gone"
    assert [row["Accord_Id__c"] for row in org.rows("contacts")] == ["C-1"]


def test_a_deleted_record_is_no_match(org: Emulator, client: SalesforceClient) -> None:
    there = org.place("contacts", {"last_name": "Tester", "email": "ann@mail.example"})
    org.erase("contacts", there)
    wanted = replace(person(email="ann@mail.example"), destination_id=there)
    assert ids(client, "contacts", wanted) == {}


def test_adopting_writes_our_fields_only(org: Emulator, client: SalesforceClient) -> None:
    there = org.place(
        "contacts",
        {"last_name": "Married", "email": "ann@mail.example", "phone": "1", "status": "inactive"},
    )
    wanted = person(email="ann@mail.example", phone="2", status="active")
    found = client.match("contacts", [wanted])["C-1"]
    assert found.digest != wanted.digest, "it has not got our id yet"
    client.deliver("contacts", [replace(wanted, found=found)])
    [row] = org.rows("contacts")
    assert (row["Id"], row["Accord_Id__c"]) == (there, "C-1")
    assert (row["LastName"], row["Phone"], row["Active__c"]) == ("Married", "1", 0)


def test_quotes_in_names_and_many_writes_reach_their_match(
    org: Emulator, client: SalesforceClient
) -> None:
    name = 'O\'Shea \\ Söhne, "Quay"'
    there = org.place("accounts", {"name": name, "postcode": "HU1 1AA"})
    many = [firm(f"C-{number}", name=f"{name} {number}", postcode="X") for number in range(900)]
    wanted = firm("C-X", name=name, postcode="HU1 1AA")
    assert ids(client, "accounts", *many, wanted) == {"C-X": (there,)}
