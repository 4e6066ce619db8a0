"""What cannot be read as what it should be reaches no golden record, but says who a record is.

A telephone number without a prefix cannot be read where the record names no country, and most
systems name none for customers at home.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from accord.errors import Stop
from accord.golden.consolidate import Entity
from accord.golden.matcher import Matching
from accord.matching import match_all
from accord.profiling.reading import Told, of_entity
from accord.store import golden, identity
from accord.store.database import Role
from tests.support.dirty_customers import businesses
from tests.support.golden import AUTHORITY, CUSTOMER, Company

ANN: dict[str, Any] = {"first_name": "Ann", "last_name": "Zetterlund", "postcode": "BA1 2CD"}


@pytest.fixture
def town(company: Company) -> Company:
    """A company whose customers are many enough to learn from, none of them named like Ann."""
    company.learn_from_strangers(phone="0117 496 {:04}", postcode="YO{} 1AA")
    company.say("salesforce", "ann", **ANN, phone="020 7946 0123")
    company.consolidate()
    return company


def test_a_number_that_cannot_be_read_joins_who_shares_it(town: Company) -> None:
    town.say("stripe", "bill", **ANN, phone="(020) 7946 0123")
    town.consolidate()
    homes = town.homes()
    assert homes["stripe:bill"] == homes["salesforce:ann"]
    assert "phone" not in town.customer("salesforce:ann")


def test_two_numbers_that_cannot_be_read_are_asked_about(town: Company) -> None:
    town.say("stripe", "bill", **ANN, phone="020 7946 9999")
    town.consolidate()
    homes = town.homes()
    assert homes["stripe:bill"] != homes["salesforce:ann"]
    assert len(town.rows("select review_id from ops.golden_reviews where state = 'open'")) == 1


def test_a_record_is_compared_anew_when_only_that_changes(town: Company) -> None:
    town.say("stripe", "bill", **ANN, phone="0161 496 0000")
    town.consolidate()
    assert town.homes()["stripe:bill"] != town.homes()["salesforce:ann"]
    town.say("stripe", "bill", **ANN, phone="020 7946 0123")
    assert town.consolidate().merged == 1
    assert town.homes()["stripe:bill"] == town.homes()["salesforce:ann"]


def test_with_a_home_country_all_of_it_is_read(town: Company) -> None:
    town.say("stripe", "bill", **ANN, phone="020 7946 0123")
    town.say("stripe", "other", **ANN, phone="020 7946 9999")
    town.consolidate()
    town.consolidate()
    before = town.homes()
    town.contract = replace(CUSTOMER, home_country="GB")
    done = town.consolidate()
    assert (done.read, done.changed, done.conflicts_found) == (33, 33, 0)
    assert town.homes() == before
    assert town.customer("salesforce:ann")["phone"] == "+442079460123"
    assert town.customer("stripe:other")["phone"] == "+442079469999"
    assert town.consolidate().read == 0


def test_what_is_only_read_otherwise_is_taken_for_nobodys_edit(company: Company) -> None:
    company.say("salesforce", "s1", name="Ann", email="a@x.example", phone="020 7946 0123")
    company.say("stripe", "c1", name="Ann", email="a@x.example", phone="020 7946 9999")
    company.consolidate()
    home = company.homes()["salesforce:s1"]
    assert company.homes()["stripe:c1"] == home
    company.deliver("salesforce", home, "s1")
    company.deliver("stripe", home, "c1")
    company.contract = replace(CUSTOMER, home_country="GB")
    assert company.consolidate().conflicts_found == 0
    assert company.customer("stripe:c1")["phone"] == "+442079460123"
    company.say("stripe", "c1", name="Ann", email="a@x.example", phone="020 7946 8888")
    assert company.consolidate().conflicts_found == 1


@pytest.mark.parametrize(("home", "invalid"), [(None, 1), ("GB", 0)])
def test_a_profile_reads_numbers_as_golden_records_do(
    company: Company, home: str | None, invalid: int
) -> None:
    company.say("stripe", "c1", name="Ann", phone="020 7946 0123")
    told = Told("stripe", "intermediate", "int_customers__from_stripe")
    with company.store.session(Role.RESOLVER) as connection:
        found = of_entity(connection, replace(CUSTOMER, home_country=home), [told])
    [phone] = [it for it in found.tables[0].columns if it.name == "phone"]
    assert phone.invalid == invalid


def test_a_home_country_that_is_none_is_refused() -> None:
    with pytest.raises(Stop, match="XX, which is no country"):
        Entity.of(replace(CUSTOMER, home_country="XX"))


def test_a_tax_id_that_is_none_identifies_nobody(company: Company) -> None:
    firm = {"kind": "organisation", "country": "GB", "tax_id": "12345"}
    company.say("salesforce", "s1", name="Acme", **firm)
    company.say("stripe", "c1", name="Brenner", **firm)
    company.consolidate()
    assert len(company.customers()) == 2
    with company.store.session(Role.RESOLVER) as connection:
        records = list(range(1, 1000))
        assert golden.identifiers_of(connection, records, ["tax_id"]) == []
        assert identity.sharing(connection, records) == []


def test_a_list_comes_to_what_matching_says_of_it(company: Company) -> None:
    company.matcher = Matching(CUSTOMER.name, AUTHORITY.names)
    firms = [
        {name: value for name, value in firm.items() if value} | {"kind": "organisation"}
        for firm in businesses(300, seed=1).records.to_pylist()
    ]
    for firm in firms:
        company.say("salesforce", firm["id"], **{k: v for k, v in firm.items() if k != "id"})
    company.consolidate()
    clusters = match_all(_table(firms), entity="customer").clusters
    groups: dict[str, set[str]] = {}
    for record, first in clusters.items():
        groups.setdefault(first, set()).add(f"salesforce:{record}")
    assert company.groups() == {frozenset(group) for group in groups.values()}


def _table(records: list[dict[str, Any]]) -> pa.Table:
    names = dict.fromkeys(name for record in records for name in record)
    return pa.table({name: [record.get(name) for record in records] for name in names})
