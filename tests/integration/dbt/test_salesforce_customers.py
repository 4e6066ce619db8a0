"""Salesforce's records as customers, and customers as what Salesforce shall hold."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from systems.salesforce.objects import KINDS, to_remote
from tests.support.told import ACCOUNT, CONTACT
from tests.support.warehouse import Warehouse


@pytest.fixture(autouse=True)
def _empty(warehouse: Warehouse) -> None:
    warehouse.query(
        "truncate landing.salesforce__accounts, landing.salesforce__contacts, canonical.customers,"
        " canonical.customer_members, canonical.customer_holds"
    )


def land(warehouse: Warehouse, stream: str, key: str, record: dict[str, Any] | None) -> None:
    payload = None if record is None else json.dumps(record).encode()
    warehouse.query(
        f"insert into landing.salesforce__{stream}"
        " (partition_key, source_key, content_hash, payload, run_id)"
        " values ('', %s, sha256(coalesce(%s::bytea, '')), %s, 'run')",
        [key, payload, payload],
    )


def fed(warehouse: Warehouse) -> list[dict[str, Any]]:
    return warehouse.rows("intermediate", "int_customers__from_salesforce")


def test_an_account_is_an_organisation(warehouse: Warehouse) -> None:
    land(warehouse, "accounts", ACCOUNT["Id"], ACCOUNT)
    [row] = fed(warehouse)
    assert (row["stream"], row["kind"], row["name"]) == (
        "accounts", "organisation", "Quay Books Ltd",
    )  # fmt: skip
    assert (row["email"], row["country"], row["billing_country"]) == (None, "United Kingdom", "GB")
    assert (row["payment_terms_days"], row["status"], row["consent"]) == (30, "active", None)
    assert row["changed_at"].isoformat() == "2026-03-09T12:00:00+00:00"


def test_a_contact_is_a_person(warehouse: Warehouse) -> None:
    land(warehouse, "contacts", CONTACT["Id"], CONTACT)
    [row] = fed(warehouse)
    assert (row["kind"], row["name"], row["organisation"]) == ("person", "Ann O'Shea", None)
    assert (row["phone"], row["birth_date"]) == ("07700 900001", date(1980, 2, 29))
    assert (row["status"], row["consent"]) == ("inactive", "opted_out")
    assert (row["known_golden_id"], row["loyalty_points"]) == ("C-1", 120)


def test_the_newest_version_counts_and_what_is_gone_is_left_out(warehouse: Warehouse) -> None:
    land(warehouse, "contacts", "a", CONTACT)
    land(warehouse, "contacts", "a", {**CONTACT, "LastName": "Newer"})
    land(warehouse, "contacts", "b", CONTACT)
    land(warehouse, "contacts", "b", None)
    assert [(row["source_key"], row["last_name"]) for row in fed(warehouse)] == [("a", "Newer")]


def test_one_record_is_found_by_its_key(warehouse: Warehouse) -> None:
    plan = warehouse.plan(
        "select * from intermediate.int_customers__from_salesforce"
        " where stream = 'contacts' and source_key in ('a', 'b')"
    )
    assert "salesforce__accounts" not in plan
    assert "Index Cond: (source_key = ANY" in plan


def found(warehouse: Warehouse, kind: str) -> list[dict[str, Any]]:
    return warehouse.rows("publish", f"pub_salesforce__{kind}")


def keep(warehouse: Warehouse, golden_id: str, kind: str, **columns: Any) -> None:
    known = {"golden_id": golden_id, "kind": kind, "revision": 7, **columns}
    warehouse.query(
        "insert into canonical.customers select t.* from jsonb_populate_record("
        'null::canonical.customers, %s::jsonb || \'{"changed_at": "2026-03-09T12:00Z"}\') as t',
        [json.dumps(known)],
    )


def test_each_customer_is_published_once_under_its_kind(warehouse: Warehouse) -> None:
    keep(warehouse, "C-1", "person", last_name="O'Shea", consent="opted_out", loyalty_points=5)
    keep(warehouse, "C-2", "organisation", name="Quay Books Ltd", payment_terms_days=14)
    warehouse.query(
        "insert into canonical.customer_members values"
        " ('C-1', 'salesforce', 'contacts', '003A', true),"
        " ('C-1', 'salesforce', 'contacts', '003B', false),"
        " ('C-1', 'stripe', 'customers', 'x', true)"
    )
    [person] = found(warehouse, "contacts")
    assert (person["object_key"], person["destination_id"], person["revision"]) == (
        "C-1", "003A", 7,
    )  # fmt: skip
    assert (person["content"]["consent"], person["content"]["loyalty_points"]) == ("opted_out", 5)
    assert person["seed"]["last_name"] == "O'Shea"
    [firm] = found(warehouse, "accounts")
    assert (firm["object_key"], firm["destination_id"], firm["needs"]) == ("C-2", "", [])
    assert firm["content"]["payment_terms_days"] == 14


@pytest.mark.parametrize(("kind", "what"), [("contacts", "person"), ("accounts", "organisation")])
def test_every_column_that_is_published_has_a_field_in_salesforce(
    warehouse: Warehouse, kind: str, what: str
) -> None:
    keep(warehouse, "C-1", what, last_name="O'Shea", name="O'Shea")
    [row] = found(warehouse, kind)
    there = KINDS[kind]
    assert set(row["content"]) == {"accord_id", *there.owned}
    assert set(row["seed"]) == set(there.seeded)
    assert to_remote(there, {**row["content"], **row["seed"]})


def test_a_customer_that_broke_a_rule_is_left_out(warehouse: Warehouse) -> None:
    keep(warehouse, "C-1", "person", last_name="O'Shea")
    warehouse.query("insert into ops.rejected_rows values ('customer', '', 'C-1')")
    assert found(warehouse, "contacts") == []


def test_a_value_that_waits_for_a_steward_is_as_salesforce_has_it(warehouse: Warehouse) -> None:
    keep(warehouse, "C-1", "organisation", name="Quay Books Ltd", payment_terms_days=14)
    warehouse.query(
        "insert into canonical.customer_holds values"
        " ('C-1', 'salesforce', '{\"payment_terms_days\": 60}')"
    )
    [row] = found(warehouse, "accounts")
    assert row["content"]["payment_terms_days"] == 60
