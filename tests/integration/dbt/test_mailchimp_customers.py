"""Marketing's members in canonical terms, and golden customers as marketing is to have them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from systems.mailchimp.members import OUR_KEY, content_of, merge_fields
from tests.support.warehouse import Warehouse


@pytest.fixture(autouse=True)
def _nobody(warehouse: Warehouse) -> None:
    warehouse.query(
        "truncate canonical.customers, canonical.customer_members, canonical.customer_holds"
    )


def member(status: str = "subscribed", **merged: object) -> dict[str, Any]:
    """A member as Mailchimp lists it."""
    return {
        "email_address": "Ida@Post.example",
        "status": status,
        "merge_fields": {"FNAME": "", "LNAME": "", "POINTS": "", **merged},
        "timestamp_opt": "",
        "last_changed": "2026-03-09T12:00:00+00:00",
    }


def land(warehouse: Warehouse, key: str, there: dict[str, Any] | None) -> None:
    payload = None if there is None else json.dumps({"contact_id": key, **there}).encode()
    warehouse.query(
        "insert into landing.mailchimp__members"
        " (partition_key, source_key, content_hash, payload, run_id)"
        " values ('', %s, sha256(coalesce(%s::bytea, ''::bytea)), %s, 'run')",
        [key, payload, payload],
    )


def fed(warehouse: Warehouse, key: str) -> dict[str, Any]:
    [row] = warehouse.rows("intermediate", "int_customers__from_mailchimp", source_key=key)
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
            "insert into canonical.customer_members values (%s, 'mailchimp', 'members', %s, true)",
            [key, member],
        )


def doubt(warehouse: Warehouse, younger: str, elder: str) -> None:
    warehouse.query(
        "insert into ops.golden_doubts values (%(a)s, %(b)s, true), (%(b)s, %(a)s, false)",
        {"a": younger, "b": elder},
    )


def published(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    return {row["object_key"]: row for row in warehouse.rows("publish", "pub_mailchimp__members")}


def test_a_member_is_fed_as_marketing_has_it(warehouse: Warehouse) -> None:
    land(warehouse, "c1", member(FNAME="Old"))
    merged = {"FNAME": " Ida ", "LNAME": "Brandt", "TIER": "GOLD", "POINTS": 5120, OUR_KEY: "g-1"}
    land(warehouse, "c1", member(**merged))
    row = fed(warehouse, "c1")
    assert row.pop("landed_version")
    assert row.pop("changed_at").isoformat() == "2026-03-09T12:00:00+00:00"
    assert row == {
        "stream": "members",
        "source_key": "c1",
        "known_golden_id": "g-1",
        "kind": "person",
        "name": "Ida Brandt",
        "first_name": "Ida",
        "last_name": "Brandt",
        "email": "Ida@Post.example",
        "consent": "opted_in",
        "loyalty_tier": "GOLD",
        "loyalty_points": 5120,
    }


@pytest.mark.parametrize(
    ("status", "consent"),
    [
        ("subscribed", "opted_in"),
        ("unsubscribed", "opted_out"),
        ("cleaned", "opted_out"),
        ("pending", "pending"),
        ("transactional", None),
    ],
)
def test_how_a_member_stands_is_consent(
    warehouse: Warehouse, status: str, consent: str | None
) -> None:
    land(warehouse, "c1", member(status))
    assert fed(warehouse, "c1").get("consent") == consent


def test_a_company_alone_is_an_organisation(warehouse: Warehouse) -> None:
    land(warehouse, "c1", member(COMPANY="Harbour Joinery Ltd"))
    row = fed(warehouse, "c1")
    assert (row["kind"], row["name"]) == ("organisation", "Harbour Joinery Ltd")
    assert row["organisation"] == row["name"]


@pytest.mark.parametrize("points", ["many", "", "99999999999", None])
def test_points_that_are_no_number_are_left_out(warehouse: Warehouse, points: object) -> None:
    land(warehouse, "c1", member(POINTS=points))
    assert "loyalty_points" not in fed(warehouse, "c1")


def test_a_member_put_aside_is_not_fed(warehouse: Warehouse) -> None:
    land(warehouse, "c1", member())
    land(warehouse, "c1", None)
    assert warehouse.rows("intermediate", "int_customers__from_mailchimp") == []


def test_one_member_is_found_by_the_key_of_landing(warehouse: Warehouse) -> None:
    plan = warehouse.plan(
        "select * from intermediate.int_customers__from_mailchimp"
        " where stream = 'members' and source_key = 'c1'"
    )
    assert "mailchimp__members_pkey" in plan
    assert "source_key = 'c1'" in plan


def test_who_may_be_somebody_else_waits_where_it_is_not_yet_and_the_other_is(
    warehouse: Warehouse,
) -> None:
    for key, there in (("new", ""), ("member", "c1"), ("newer", ""), ("newest", "")):
        golden(
            warehouse, key, there, kind="person", email=f"{key}@post.example", consent="opted_in"
        )
    doubt(warehouse, younger="member", elder="new")
    doubt(warehouse, younger="newest", elder="newer")
    assert {key: row["needs"] for key, row in published(warehouse).items()} == {
        "member": [],
        "new": ["review:member"],
        "newer": [],
        "newest": ["review:newer"],
    }


def test_a_member_is_published_without_what_marketing_owns(warehouse: Warehouse) -> None:
    golden(
        warehouse, "g-1", "c1", kind="person", name="Ida Brandt", first_name="Ida",
        last_name="Brandt", email="ida@post.example", consent="pending", loyalty_points=0,
        revision=7,
    )  # fmt: skip
    row = published(warehouse)["g-1"]
    content = row.pop("content")
    assert row == {
        "object_key": "g-1",
        "destination_id": "c1",
        "seed": {"consent": "pending"},
        "needs": [],
        "revision": 7,
    }
    there = {"email_address": "ida@post.example", "merge_fields": merge_fields("g-1", content)}
    assert content == content_of({**there, "status": "subscribed"})
    assert content["points"] == 0


def test_of_the_others_only_who_opted_in_and_has_an_address_is_published(
    warehouse: Warehouse,
) -> None:
    golden(warehouse, "g-1", kind="person", email="a@post.example", consent="opted_in")
    golden(warehouse, "g-2", kind="person", email="b@post.example", consent="pending")
    golden(warehouse, "g-3", kind="person", email="c@post.example", consent="opted_out")
    golden(warehouse, "g-4", kind="person", email="d@post.example")
    golden(warehouse, "g-5", kind="person", consent="opted_in")
    assert set(published(warehouse)) == {"g-1"}


def test_an_opt_out_is_published_to_who_is_a_member(warehouse: Warehouse) -> None:
    golden(warehouse, "g-1", "c1", kind="person", email="a@post.example", consent="opted_out")
    assert published(warehouse)["g-1"]["content"]["opted_out"]


def test_a_rejected_customer_is_not_published(warehouse: Warehouse) -> None:
    golden(warehouse, "g-1", "c1", kind="person", name="Ida")
    warehouse.query("insert into ops.rejected_rows values ('customer', '', 'g-1')")
    assert published(warehouse) == {}
