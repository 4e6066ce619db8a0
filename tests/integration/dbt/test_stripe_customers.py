"""Billing's customers in canonical terms, and golden customers as billing is to have them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.warehouse import Warehouse


@pytest.fixture(autouse=True)
def _nobody(warehouse: Warehouse) -> None:
    warehouse.query(
        "truncate canonical.customers, canonical.customer_members, canonical.customer_holds"
    )


def land(warehouse: Warehouse, key: str, customer: Mapping[str, Any] | None) -> None:
    payload = None if customer is None else json.dumps({"id": key, **customer}).encode()
    warehouse.query(
        "insert into landing.stripe__customers"
        " (partition_key, source_key, content_hash, payload, run_id)"
        " values ('', %s, sha256(coalesce(%s::bytea, ''::bytea)), %s, 'run')",
        [key, payload, payload],
    )


def fed(warehouse: Warehouse, key: str) -> dict[str, Any]:
    [row] = warehouse.rows("intermediate", "int_customers__from_stripe", source_key=key)
    return {name: value for name, value in row.items() if value is not None}


def golden(warehouse: Warehouse, key: str, member: str = "", **values: object) -> None:
    told = {"golden_id": key, "revision": 1, "changed_at": "2026-03-09T12:00:00Z", **values}
    warehouse.query(
        "insert into canonical.customers"
        " select (jsonb_populate_record(null::canonical.customers, %s)).*",
        [json.dumps(told)],
    )
    if member:
        warehouse.query(
            "insert into canonical.customer_members values (%s, 'stripe', 'customers', %s, true)",
            [key, member],
        )


def published(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    return {row["object_key"]: row for row in warehouse.rows("publish", "pub_stripe__customers")}


def test_a_customer_is_fed_as_billing_has_it(warehouse: Warehouse) -> None:
    land(warehouse, "cus_1", {"name": "Old"})
    land(
        warehouse,
        "cus_1",
        {
            "created": 1_772_804_633,
            "name": " Northwick Ltd ",
            "email": "Office@NORTHWICK.example",
            "phone": "",
            "currency": "gbp",
            "address": {"line1": "14 Harbour Road", "line2": "Unit 2", "city": "Bristol"},
            "shipping": {"address": {"line1": "Dock 3", "country": "GB"}},
            "metadata": {"kind": "organisation", "accord_id": "g-1", "payment_terms_days": "30"},
            "tax_ids": {"data": [{"type": "gb_vat", "value": "GB980780684"}]},
        },
    )
    row = fed(warehouse, "cus_1")
    assert row.pop("landed_version")
    assert row == {
        "stream": "customers",
        "source_key": "cus_1",
        "known_golden_id": "g-1",
        "kind": "organisation",
        "name": "Northwick Ltd",
        "organisation": "Northwick Ltd",
        "email": "Office@NORTHWICK.example",
        "street": "Dock 3",
        "country": "GB",
        "tax_id": "GB980780684",
        "billing_street": "14 Harbour Road, Unit 2",
        "billing_city": "Bristol",
        "payment_terms_days": 30,
        "currency": "GBP",
    }


def test_what_billing_wrote_otherwise_than_agreed_is_left_out(warehouse: Warehouse) -> None:
    metadata = {"kind": "firm", "payment_terms_days": "30 days", "accord_archived": "true"}
    land(warehouse, "cus_1", {"name": "X", "metadata": metadata, "address": None})
    row = fed(warehouse, "cus_1")
    assert {name: row.get(name) for name in ("kind", "payment_terms_days", "status")} == {
        "kind": None, "payment_terms_days": None, "status": "inactive",
    }  # fmt: skip


def test_a_deleted_customer_is_not_fed(warehouse: Warehouse) -> None:
    land(warehouse, "cus_1", {"name": "X"})
    land(warehouse, "cus_1", None)
    assert warehouse.rows("intermediate", "int_customers__from_stripe") == []


def test_one_customer_is_found_by_the_key_of_landing(warehouse: Warehouse) -> None:
    plan = warehouse.plan(
        "select * from intermediate.int_customers__from_stripe"
        " where stream = 'customers' and source_key = 'cus_1'"
    )
    assert "stripe__customers_pkey" in plan
    assert "source_key = 'cus_1'" in plan


def test_a_customer_that_billing_has_is_published_without_what_billing_owns(
    warehouse: Warehouse,
) -> None:
    golden(
        warehouse, "g-1", "cus_1", kind="person", name="Ida Brandt", email="ida@post.example",
        billing_city="Hull", payment_terms_days=14, currency="GBP", revision=7,
    )  # fmt: skip
    assert published(warehouse) == {
        "g-1": {
            "object_key": "g-1",
            "destination_id": "cus_1",
            "content": {
                "accord_id": "g-1", "name": "Ida Brandt", "email": "ida@post.example", "phone": "",
            },
            "seed": {"kind": "person", "billing_city": "Hull", "payment_terms_days": 14},
            "needs": [],
            "revision": 7,
        }
    }  # fmt: skip


def test_of_the_others_only_organisations_with_a_tax_id_are_published(
    warehouse: Warehouse,
) -> None:
    golden(warehouse, "g-1", kind="organisation", organisation="A Ltd", tax_id="GB980780684")
    golden(warehouse, "g-2", kind="organisation", organisation="B Ltd")
    golden(warehouse, "g-3", kind="person", name="C", tax_id="GB980780684")
    [row] = published(warehouse).values()
    assert (row["object_key"], row["destination_id"]) == ("g-1", "")
    assert row["content"]["name"] == "A Ltd"


def test_a_rejected_customer_is_not_published(warehouse: Warehouse) -> None:
    golden(warehouse, "g-1", "cus_1", kind="person", name="Ida")
    warehouse.query("insert into ops.rejected_rows values ('customer', '', 'g-1')")
    assert published(warehouse) == {}


def test_a_value_that_waits_for_a_steward_stays_as_billing_has_it(warehouse: Warehouse) -> None:
    golden(warehouse, "g-1", "cus_1", kind="person", name="Ida Brandt")
    held = json.dumps({"name": "Ida Holm"})
    warehouse.query("insert into canonical.customer_holds values ('g-1', 'stripe', %s)", [held])
    assert published(warehouse)["g-1"]["content"]["name"] == "Ida Holm"
