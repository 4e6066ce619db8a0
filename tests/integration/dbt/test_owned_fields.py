"""Every publish model keeps to the contract's authority: no content tells of what its system owns.

Nothing is known here of names a system gives to fields: each attribute of the entity takes several
values, and whatever a system owns must make no difference to what that system is sent. A new system
with a delivery behind an entity's gate is covered by being there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from psycopg import sql

from accord.authority import OPTED_OUT, Attribute, Authority, authority_of
from accord.catalog import Delivery
from accord.contracts.odcs import entities
from accord.settings import CHECKOUT
from tests.support.conformance import DELIVERIES, named
from tests.support.warehouse import Warehouse

CONTRACTS = entities(CHECKOUT / "contracts")
KINDS = ("person", "organisation")
BASE = {
    "name": "Ann Lee", "first_name": "Ann", "last_name": "Lee", "organisation": "Quay Books",
    "email": "ann@x.example", "tax_id": "GB980780684", "consent": "opted_in", "status": "active",
}  # fmt: skip
OTHER: Mapping[str, Sequence[Any]] = {
    "consent": ["pending", None, OPTED_OUT],
    "status": ["inactive", None],
    "birth_date": ["1980-02-29", None],
    "loyalty_points": [5, None],
    "payment_terms_days": [14, None],
    "country": ["GB", None],
    "billing_country": ["GB", None],
    "currency": ["GBP", None],
}


def authority(delivery: Delivery) -> Authority | None:
    """The authority over what a delivery is about, where its entity has one."""
    found = [authority_of(CONTRACTS[gate]) for gate in delivery.gates]
    return next((it for it in found if it.attributes), None)


SHARED = [(it, found) for it in DELIVERIES if (found := authority(it)) is not None]
every_delivery = pytest.mark.parametrize(
    ("delivery", "owners"), SHARED, ids=[named(delivery) for delivery, _ in SHARED]
)


@pytest.fixture(autouse=True)
def _nobody(warehouse: Warehouse) -> None:
    _forget(warehouse)


def contents(
    warehouse: Warehouse, delivery: Delivery, variants: Mapping[str, Mapping[str, Any]]
) -> dict[str, Mapping[str, Any]]:
    """What the system would be sent of customers it has already, by what differs in them."""
    for kind in KINDS:
        for number, columns in enumerate(variants.values()):
            _keep(warehouse, delivery, f"{kind} {number}", {"kind": kind, **columns})
    found: dict[str, Mapping[str, Any]] = {}
    for row in warehouse.rows("publish", delivery.model):
        kind, number = row["object_key"].split()
        said = json.dumps(row["content"]).replace(row["object_key"], "our id")
        found[f"{kind}, {list(variants)[int(number)]}"] = json.loads(said)
    return found


def _keep(warehouse: Warehouse, delivery: Delivery, key: str, columns: Mapping[str, Any]) -> None:
    told = {"golden_id": key, "revision": 1, "changed_at": "2026-03-09T12:00:00Z", **columns}
    warehouse.query(
        "insert into canonical.customers"
        " select (jsonb_populate_record(null::canonical.customers, %s)).*",
        [json.dumps(told)],
    )
    warehouse.query(
        sql.SQL("insert into canonical.customer_members values (%s, %s, %s, %s, true)"),
        [key, delivery.system, delivery.kind, f"there-{key}"],
    )


def variants(attributes: Sequence[Attribute]) -> dict[str, Mapping[str, Any]]:
    """A customer as it is, and one for each other value of each attribute."""
    told: dict[str, Mapping[str, Any]] = {"as it is": BASE}
    for attribute in attributes:
        for value in OTHER.get(attribute.name, [f"Other {attribute.name}", None]):
            word = "nothing" if value is None else str(value).replace(" ", "-")
            told[f"{attribute.name} {word}"] = {**BASE, attribute.name: value}
    return told


@every_delivery
def test_what_a_system_owns_makes_no_difference_to_what_it_is_sent(
    warehouse: Warehouse, delivery: Delivery, owners: Authority
) -> None:
    """But for the one thing that wins everywhere: that somebody opted out."""
    owned = [it for it in owners.attributes if it.owner == delivery.system and it.name != "kind"]
    sent = contents(warehouse, delivery, variants(owned))
    assert sent
    winning = {f"{it.name} {OPTED_OUT}" for it in owned if it.rule == "any_opt_out"}
    for told, content in sent.items():
        kind, _, what = told.partition(", ")
        if what not in winning:
            assert content == sent[f"{kind}, as it is"], told


def test_a_copy_is_told_of_each_thing_that_it_does_not_own(warehouse: Warehouse) -> None:
    """Or else the test above would find nothing, whatever a model said.

    A system that has a kind of object for persons and one for organisations tells some of each.
    """
    wanted, told = set(), set()
    for delivery, owners in SHARED:
        copied = [it for it in owners.attributes if delivery.system in it.copies]
        copied = [it for it in copied if it.owner != delivery.system]
        wanted |= {(delivery.system, it.name) for it in copied}
        sent = contents(warehouse, delivery, variants(copied))
        for what, content in sent.items():
            kind, _, name = what.partition(", ")
            if content != sent[f"{kind}, as it is"]:
                told.add((delivery.system, name.rpartition(" ")[0]))
        _forget(warehouse)
    assert wanted <= told, sorted(wanted - told)


def _forget(warehouse: Warehouse) -> None:
    warehouse.query(
        "truncate canonical.customers, canonical.customer_members, canonical.customer_holds"
    )
