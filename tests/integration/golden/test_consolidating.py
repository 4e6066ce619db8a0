"""Consolidation: golden records follow what systems tell, and only what changed is written."""

from __future__ import annotations

import pytest
from psycopg.errors import CheckViolation

from accord.names import StreamName
from accord.store import golden, identity
from accord.store.database import Role
from accord.store.queries import for_table, queries
from tests.support.golden import Company, PlainMatcher, named

CONTACTS = StreamName("salesforce", "contacts")


def test_records_that_match_are_one_customer_and_others_are_not(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann Lee", email="Ann@X.example", phone="020 7946 0958",
                country="United Kingdom")  # fmt: skip
    company.say("stripe", "c1", name="A. Lee", email="ann@x.example", billing_city="Leeds")
    company.say("mailchimp", "m1", name="Bo", email="bo@x.example")
    done = company.consolidate()
    assert (done.read, done.new, done.linked, done.golden_created) == (3, 3, 1, 2)
    assert company.groups() == named([["salesforce:s1", "stripe:c1"], ["mailchimp:m1"]])
    customer = company.customer("stripe:c1")
    assert (customer["name"], customer["email"]) == ("Ann Lee", "ann@x.example")
    assert (customer["phone"], customer["country"]) == ("+442079460958", "GB")
    assert customer["billing_city"] == "Leeds"


def test_what_did_not_change_is_neither_read_nor_written_again(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann")
    company.consolidate()
    before = company.customers()
    assert company.consolidate().read == 0
    company.say("salesforce", "s1", name="Ann")
    again = company.consolidate()
    assert (again.read, again.unchanged, again.golden_changed) == (1, 1, 0)
    assert company.customers() == before


def test_a_change_gives_the_customer_a_later_revision_and_no_other_one(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann")
    company.say("salesforce", "s2", name="Bo")
    company.consolidate()
    before, other = company.customer("salesforce:s1"), company.customer("salesforce:s2")
    company.say("salesforce", "s1", name="Anna")
    company.consolidate()
    after = company.customer("salesforce:s1")
    assert after["name"] == "Anna"
    assert after["golden_id"] == before["golden_id"]
    assert after["revision"] > max(before["revision"], other["revision"])
    assert company.customer("salesforce:s2") == other


def test_a_customer_whose_records_are_all_gone_is_no_more_and_comes_back_as_itself(
    company: Company,
) -> None:
    company.say("salesforce", "s1", name="Ann")
    company.consolidate()
    home = company.homes()["salesforce:s1"]
    company.forget("salesforce", "s1")
    assert company.consolidate().removed == 1
    assert company.customers() == {} == company.homes()
    company.say("salesforce", "s1", name="Ann")
    company.consolidate()
    assert company.homes() == {"salesforce:s1": home}


def test_the_id_stays_when_the_record_that_founded_it_is_gone(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann", email="ann@x.example")
    company.consolidate()
    home = company.homes()["salesforce:s1"]
    company.say("stripe", "c1", name="Ann L", email="ann@x.example")
    company.consolidate()
    company.forget("salesforce", "s1")
    company.consolidate()
    assert company.homes() == {"stripe:c1": home}
    assert company.customer("stripe:c1")["name"] == "Ann L"


def test_the_older_id_survives_a_merge_and_the_other_resolves_to_it(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann", email="ann@x.example")
    company.say("stripe", "c1", name="Ann Lee", email="lee@x.example")
    company.consolidate()
    older, newer = company.homes()["salesforce:s1"], company.homes()["stripe:c1"]
    company.say("stripe", "c1", name="Ann Lee", email="ann@x.example")
    assert company.consolidate().merged == 1
    assert set(company.homes().values()) == {older}
    ids = company.rows("select golden_id, survivor from ops.golden_ids order by number")
    assert [(row["golden_id"], row["survivor"]) for row in ids] == [(older, None), (newer, older)]


def test_an_equal_tax_id_links_whatever_the_scores_say(company: Company) -> None:
    firm = {"kind": "organisation", "country": "GB"}
    company.say("salesforce", "s1", name="Acme", tax_id="GB 980 7806 84", **firm)
    company.consolidate()
    company.say("stripe", "c1", name="Acme Trading", tax_id="980780684", **firm)
    company.consolidate()
    assert company.groups() == named([["salesforce:s1", "stripe:c1"]])
    (row,) = company.rows(
        "select decision, score from ops.golden_members where decision <> 'founder'"
    )
    assert (row["decision"], row["score"]) == ("identifier", 1.0)


def test_an_identifier_that_many_bear_identifies_nobody(company: Company) -> None:
    for number in range(25):
        company.say("stripe", f"c{number}", name=f"Firm {number}", kind="organisation",
                    tax_id="GB980780684")  # fmt: skip
    company.consolidate()
    assert len(company.customers()) == 25


def test_a_record_that_bears_our_id_belongs_to_it(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann")
    company.consolidate()
    home = company.homes()["salesforce:s1"]
    company.say("stripe", "c1", name="Somebody", known_golden_id=home)
    company.say("stripe", "c2", name="Nobody", known_golden_id="never given")
    company.consolidate()
    assert company.groups() == named([["salesforce:s1", "stripe:c1"], ["stripe:c2"]])


def test_a_record_that_we_made_is_known_by_the_crosswalk(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann")
    company.consolidate()
    company.deliver("mailchimp", company.homes()["salesforce:s1"], "m1")
    company.say("mailchimp", "m1", name="Ann")
    company.consolidate()
    assert company.groups() == named([["salesforce:s1", "mailchimp:m1"]])


def test_what_ties_two_customers_is_weighed_with_all_that_is_known_of_both(
    company: Company,
) -> None:
    """In whatever order records come, the same are one."""
    company.say("salesforce", "s1", name="Ann", email="a@x.example")
    company.say("mailchimp", "m1", name="Ann", email="b@x.example")
    company.consolidate()
    assert len(company.groups()) == 2
    home = company.homes()["salesforce:s1"]
    company.say("stripe", "c1", name="Ann", email="b@x.example", known_golden_id=home)
    company.consolidate()
    assert len(company.groups()) == 1


def test_a_key_is_kept_whatever_signs_it_is_written_with(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann")
    company.consolidate()
    (row,) = company.rows("select record_id from ops.golden_records")
    keys = ["a\tb", "a\nb", "a\r\nb", "a\\b", "\\N", "\\.", "\\t", ""]
    with company.store.transaction(Role.RESOLVER) as connection:
        identity.keep_blocks(
            connection, [row["record_id"]], [(key, row["record_id"]) for key in keys]
        )
    kept = company.rows("select block_key from ops.golden_blocks")
    assert sorted(it["block_key"] for it in kept) == sorted(keys)


def test_of_several_records_of_one_stream_the_oldest_is_the_primary_one(company: Company) -> None:
    for key in ("c1", "c2"):
        company.say("stripe", key, name="Ann", email="ann@x.example")
        company.consolidate()
    members = company.rows("select source_key, is_primary from canonical.customer_members")
    assert {row["source_key"]: row["is_primary"] for row in members} == {"c1": True, "c2": False}


def test_a_doubtful_pair_is_asked_once_and_is_gone_when_it_is_none_any_more(
    company: Company,
) -> None:
    company.say("salesforce", "s1", name="Ann")
    company.say("stripe", "c1", name="Ann")
    assert company.consolidate().reviews_opened == 1
    assert company.consolidate().reviews_opened == 0
    company.say("stripe", "c1", name="Zoe")
    company.consolidate()
    (review,) = company.rows("select state, evidence from ops.golden_reviews")
    assert review["state"] == "gone"
    assert "Ann" not in str(review["evidence"])


def test_after_many_new_records_the_planner_knows_of_them_at_once(company: Company) -> None:
    for number in range(60):
        company.say("salesforce", f"s{number}", name=f"Ann {number}", email=f"{number}@x.example")
    company.consolidate()
    rows = company.rows(
        "select oid::regclass::text as name, reltuples from pg_class"
        " where oid = any(array['ops.golden_records', 'ops.golden_blocks', 'ops.golden_members',"
        " 'canonical.customers', 'canonical.customer_members']::regclass[])"
    )
    assert len(rows) == 5
    assert all(row["reltuples"] >= 60 for row in rows), rows


def test_what_cannot_be_read_as_its_column_is_kept_as_given_only(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann", phone="call me")
    company.consolidate()
    assert "phone" not in company.customer("salesforce:s1")
    (record,) = company.rows("select given, normal from ops.golden_records")
    assert record["given"]["phone"] == "call me"
    assert "phone" not in record["normal"]


def test_a_view_whose_code_changed_is_read_whole(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann")
    company.say("salesforce", "s2", name="Bo")
    company.consolidate()
    company.rows("update ops.golden_marks set basis = 'older' where stream = 'salesforce.contacts'")
    again = company.consolidate()
    assert (again.read, again.unchanged) == (2, 2)


def test_every_record_read_is_accounted_for_in_the_ledger(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann")
    company.say("salesforce", "s2", name="Bo")
    company.consolidate()
    company.say("salesforce", "s1", name="Anna")
    company.forget("salesforce", "s2")
    company.consolidate()
    rows = company.rows("select read, landed, unchanged, removed from ops.ledger order by entry_id")
    assert [tuple(row.values()) for row in rows] == [(2, 2, 0, 0), (2, 1, 0, 1)]
    with company.store.transaction(Role.RESOLVER) as connection, pytest.raises(CheckViolation):
        golden.post(connection, "customer", read=2, kept=golden.Kept(), unchanged=1, run_id="r")


def test_a_retrained_model_takes_no_record_from_its_customer(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann", email="ann@x.example")
    company.say("stripe", "c1", name="Ann", email="ann@x.example")
    company.say("mailchimp", "m1", name="Bo", email="bo@x.example")
    company.consolidate()
    before = company.homes()
    company.matcher = PlainMatcher(models="newer")
    company.consolidate(retrain=True, by="ann")
    assert company.homes() == before
    models = company.rows("select version, trained_by from ops.golden_models order by trained_at")
    assert [tuple(row.values()) for row in models] == [("plain", "accord"), ("newer", "ann")]


def test_what_landed_since_lies_together_and_is_found_so(company: Company) -> None:
    company.rows(
        "insert into landing.salesforce__contacts"
        " (partition_key, source_key, content_hash, payload, run_id)"
        " select '', 'k' || n, sha256(''), repeat('x', 400)::bytea, 'r'"
        " from generate_series(1, 5000) as n"
    )
    company.rows("vacuum (analyze) landing.salesforce__contacts")
    with company.store.session(Role.RESOLVER) as connection:
        newest = golden.newest_landed(connection, CONTACTS)
        assert len(golden.landed_since(connection, CONTACTS, newest - 10)) == 10
        # Among so few records the key's own index would do as well.
        connection.execute("set enable_indexscan = off")
        statement = for_table(queries("golden")["landed_since"], CONTACTS.table)
        plan = connection.execute(b"explain " + statement, {"version": newest - 10})
        assert any("Bitmap Index Scan" in line for (line,) in plan)
