"""Values of records: as given, normalised, and as the matching library takes them."""

from __future__ import annotations

from datetime import date

from accord.golden.matcher import Matching
from accord.golden.values import given, normal
from accord.matching.normalise import normalised
from accord.store.queries import script
from tests.support.golden import AUTHORITY, CUSTOMER


def normal_of(**said: str) -> dict[str, str]:
    return normal(normalised, "customer", AUTHORITY.names, said)


def test_what_is_not_said_is_left_out() -> None:
    row = {"name": "Ann", "email": "", "phone": None, "birth_date": date(1990, 1, 2), "points": 3}
    assert given(row, ("name", "email", "phone", "birth_date")) == {
        "name": "Ann", "birth_date": "1990-01-02",
    }  # fmt: skip


def test_a_phone_number_is_read_in_the_records_own_country() -> None:
    assert normal_of(phone="020 7946 0958", country="United Kingdom")["phone"] == "+442079460958"
    assert normal_of(phone="020 7946 0958", billing_country="GB")["phone"] == "+442079460958"
    assert "phone" not in normal_of(phone="020 7946 0958")


def test_where_a_record_names_no_country_it_is_read_at_home() -> None:
    def at_home(**said: str) -> dict[str, str]:
        return normal(normalised, "customer", AUTHORITY.names, said, home="GB")

    assert at_home(phone="020 7946 0958")["phone"] == "+442079460958"
    assert at_home(phone="030 901820", country="DE")["phone"] == "+4930901820"
    assert "country" not in at_home(phone="020 7946 0958")


def test_a_name_told_in_parts_is_put_together() -> None:
    assert normal_of(first_name="Ann", last_name="Lee")["name"] == "Ann Lee"
    assert normal_of(organisation="Acme")["name"] == "Acme"
    assert "name" not in normal_of(email="a@x.example")


def test_the_golden_table_has_exactly_the_columns_of_the_contract() -> None:
    table = script("golden_tables").decode().split("create table canonical.customers (")[1]
    lines = [line.strip().rstrip(",").split() for line in table.split("\n);")[0].splitlines()]
    assert [(words[0], words[1]) for words in lines if words] == [
        (column.name, column.physical_type) for column in CUSTOMER.columns
    ]


def test_the_matching_library_learns_from_records_and_scores_new_ones() -> None:
    people = [
        {"kind": "person", "name": f"{first} {last}", "first_name": first, "last_name": last,
         "email": f"{first}.{last}@x.example".lower(), "city": city}
        for first in ("Ann", "Bo", "Cleo", "Dev", "Eve", "Fay")
        for last, city in zip(
            ("Lee", "Okoro", "Nakamura", "Silva"), ("Leeds", "York", "Hull", "Bath"), strict=True
        )
    ]  # fmt: skip
    records = dict(enumerate([*people, *people], start=1))
    matching = Matching("customer", AUTHORITY.names)
    found = matching.match(records.items(), [], [])
    assert found.clusters[1] == found.clusters[1 + len(people)]
    assert matching.version(found.model)
    keys = {record for _, record in matching.keys(records.items())}
    assert keys == set(records)
    scored = matching.score(records.items(), [(1, 1 + len(people)), (1, 2)], found.model, among=48)
    assert [(it.left_id, it.right_id) for it in scored.pairs][0] == (1, 1 + len(people))
    assert scored.pairs[0].probability > 0.9
    assert "email" in scored.evidence[1, 1 + len(people)]


def test_the_address_of_the_bills_stands_for_one_where_there_is_no_other() -> None:
    at = {"street": "1 Quay Street", "city": "Bath", "postcode": "BA1 2CD"}
    billed = {f"billing_{place}": value for place, value in at.items()}
    ann = {"kind": "person", "name": "Ann Lee", "first_name": "Ann", "last_name": "Lee"}
    matching = Matching("customer", AUTHORITY.names)
    assert set(billed) <= set(matching.compared)
    moved = {"street": "9 Hill Road", "city": "Hull", "postcode": "HU1 1AA"}
    keys = {key for key, record in matching.keys([(1, ann | at), (2, ann | billed)]) if record == 1}
    assert keys == {key for key, _ in matching.keys([(2, ann | billed)])}
    assert keys != {key for key, _ in matching.keys([(3, ann | moved | billed)])}
