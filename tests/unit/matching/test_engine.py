"""A handful of records, matched: what belongs together, what must not, and why."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import pyarrow as pa
import pytest

from accord.matching import (
    Matches,
    Model,
    block_keys,
    block_keys_all,
    blocking,
    match_all,
    score_new,
)

ANN = {
    "id": "1", "first_name": "Ann", "last_name": "Zetterlund", "email": "ann.z@quay.example",
    "phone": "+44 20 7946 0123", "street": "12 Quay Street", "city": "Bath",
    "postcode": "BA1 2CD", "birth_date": "1970-03-04",
}  # fmt: skip


def table(*records: dict[str, Any]) -> pa.Table:
    columns = {name: None for record in records for name in record}
    return pa.table(
        {name: pa.array([record.get(name) for record in records], pa.string()) for name in columns}
    )


def matched(*records: dict[str, Any], **asked: Any) -> Matches:
    return match_all(table(*records), entity="customer", **asked)


def strangers(count: int) -> list[dict[str, Any]]:
    names = "Brenner Okafor Delacroix Nakamura Petrova Lindqvist Moreau Castellano Haddad Novak"
    return [
        {
            "id": f"9{place}", "first_name": "Tomas", "last_name": names.split()[place % 10],
            "phone": f"+44 20 7000 {place:04}", "city": "York", "postcode": f"YO{place} 1AA",
            "birth_date": f"19{40 + place}-11-{place + 10}",
        }
        for place in range(count)
    ]  # fmt: skip


def test_one_customer_written_in_two_ways_is_one() -> None:
    again = ANN | {"id": "2", "first_name": "Annie", "phone": "020 7946 0123", "email": None}
    found = matched(ANN, again, *strangers(8))
    assert found.clusters["2"] == "1"
    assert [(pair.left, pair.right, pair.band) for pair in found.pairs] == [("1", "2", "link")]


def test_the_evidence_tells_what_spoke_for_it() -> None:
    (pair,) = matched(ANN, ANN | {"id": "2", "first_name": "Annie"}, *strangers(8)).pairs
    told = {item.column: item for item in pair.evidence}
    assert told["first_name"].level == "same name in another form"
    assert told["email"].weight > 0
    assert pair.probability > 0.99


def test_relatives_at_one_address_stay_two() -> None:
    other = {"id": "2", "first_name": "Gustav", "email": None, "birth_date": "1998-10-21"}
    found = matched(ANN, ANN | other, *strangers(8))
    assert found.clusters["1"] != found.clusters["2"]


def test_a_record_that_says_little_joins_by_what_it_does_say() -> None:
    card = {"id": "2", "first_name": "ANN", "last_name": "ZETTERLUND", "street": "12 Quay St",
            "postcode": "BA1 2CD", "birth_date": "1970-03-04"}  # fmt: skip
    member = {"id": "3", "first_name": "Ann", "last_name": "Zetterlund", "email": ANN["email"]}
    bill = {"id": "4", "first_name": "Ann", "last_name": "Zetterlund", "phone": ANN["phone"]}
    told = ANN | {"birth_date": None}
    found = matched(told, card, member, bill, *strangers(100))
    assert {found.clusters[record] for record in "1234"} == {"1"}


def test_what_is_contradicted_by_a_date_of_birth_is_for_a_person_to_link() -> None:
    mother = ANN | {"id": "2", "email": None, "birth_date": "1941-12-29"}
    found = matched(ANN, mother, *strangers(30))
    assert found.clusters["2"] == "2"
    assert [pair.band for pair in found.pairs] == ["review"]


def test_with_two_mailboxes_and_nothing_but_a_home_in_common_a_person_is_asked() -> None:
    home = ANN | {"phone": None, "birth_date": None}
    other = home | {"id": "2", "email": "ann.zetterlund1084@mail.example"}
    found = matched(home, other, *strangers(30))
    assert found.clusters["2"] == "2"
    assert [pair.band for pair in found.pairs] == ["review"]


def test_a_street_of_another_name_is_no_similar_one() -> None:
    elsewhere = {"id": "2", "email": None, "phone": None, "birth_date": None,
                 "street": "12 High Street"}  # fmt: skip
    told = {"street": "12 King Street"}
    (pair,) = matched(ANN | told, ANN | elsewhere, *strangers(30)).pairs
    (street,) = [item for item in pair.evidence if item.column == "street"]
    assert street.level == "different"


BORN = ("1970-03-04", "1941-12-29", None)


@pytest.mark.parametrize("order", list(permutations(BORN)), ids=str)
def test_no_third_record_links_what_dates_of_birth_tell_apart(order: Sequence[str | None]) -> None:
    household = [
        ANN | {"id": str(place), "email": None, "birth_date": born}
        for place, born in enumerate(order)
    ]
    found = matched(*household, *strangers(30))
    told = [str(place) for place, born in enumerate(order) if born]
    assert found.clusters[told[0]] != found.clusters[told[1]]


def test_nor_do_the_many_records_of_a_large_group() -> None:
    home = ANN | {"email": None, "birth_date": None}
    group = [home | {"id": f"{place:02}"} for place in range(85)]
    for place, born in enumerate((*BORN, "1975-07-07")):
        group[place] = group[place] | {"birth_date": born}
    found = matched(*group, *strangers(1500))
    told = [record["id"] for record in group if record["birth_date"]]
    assert len({found.clusters[record] for record in told}) == len(told) == 3
    # Who says no date may be any of the three, so they are one of their own.
    assert len({found.clusters[record["id"]] for record in group}) == 4


def test_a_third_record_still_links_what_nothing_tells_apart() -> None:
    born = [ANN | {"id": str(place), "email": None} for place in range(2)]
    found = matched(*born, ANN | {"id": "2", "email": None, "birth_date": None}, *strangers(30))
    assert {found.clusters[record] for record in "012"} == {"0"}


HOUSEHOLD = {
    "one date of birth, mailbox and home": {"first_name": "Gustav"},
    "a longer name": {"first_name": "Annabelle", "birth_date": None},
    "an initial": {"first_name": "A", "email": None, "birth_date": None},
    "another telephone": {"email": None, "birth_date": None, "phone": "020 7946 9876"},
}


@pytest.mark.parametrize("other", HOUSEHOLD.values(), ids=HOUSEHOLD)
def test_who_of_a_household_is_one_is_for_a_person_to_link(other: dict[str, Any]) -> None:
    anna = ANN | {"first_name": "Anna"}
    found = matched(anna, anna | other | {"id": "2"}, *strangers(30))
    assert found.clusters["2"] == "2"
    assert [pair.band for pair in found.pairs] == ["review"]


def test_a_name_in_another_form_is_for_a_person_to_link_unless_the_mailbox_is_one() -> None:
    father = ANN | {"first_name": "Robert", "birth_date": None}
    son = father | {"id": "2", "first_name": "Bob"}
    assert matched(father, son | {"email": None}, *strangers(30)).clusters["2"] == "2"
    assert matched(father, son, *strangers(30)).clusters["2"] == "1"


@pytest.mark.parametrize(("bearers", "linked"), [(1, True), (8, False)])
def test_two_names_that_many_bear_are_no_slip_of_one(bearers: int, linked: bool) -> None:
    mary = ANN | {"first_name": "Mary", "birth_date": None}
    slip = mary | {"id": "2", "first_name": "Marv", "phone": None, "email": None}
    named = (("Marv", bearers), ("Mary", 8))
    others = [
        it | {"id": f"{name}{it['id']}", "first_name": name}
        for name, count in named
        for it in strangers(count)
    ]
    found = matched(mary, slip, *others, *strangers(30))
    assert (found.clusters["2"] == "1") is linked


def test_two_places_in_one_house_are_for_a_person_to_link() -> None:
    house = {"phone": "+44 20 7946 0999", "street": "181 Peachtree St", "city": "Bath"}
    found = matched(
        {"id": "1", "organisation": "Zetterlund Quay Restaurant", **house},
        {"id": "2", "organisation": "Zetterlund Quay Cafe", **house},
        {"id": "3", "organisation": "Zetterlund Quay Restaurants", **house},
        *strangers(30),
    )
    assert found.clusters["2"] == "2"
    assert found.clusters["3"] == "1"


def test_pairs_in_which_nothing_contradicts_are_told_with_the_scores() -> None:
    model = matched(ANN, *strangers(10)).model
    member = {"id": "new", "first_name": "Ann", "last_name": "Zetterlund"}
    found = score_new(table(member), table(ANN, *strangers(3)), entity="customer", model=model)
    assert found.silent == {("1", "new")}


def test_pairs_that_no_third_record_makes_one_are_told_with_the_scores() -> None:
    model = matched(ANN, *strangers(10)).model
    mother = ANN | {"id": "new", "email": None, "birth_date": "1941-12-29"}
    found = score_new(table(mother), table(ANN, *strangers(3)), entity="customer", model=model)
    assert found.parted == {("1", "new")}


def test_what_shares_keys_enough_is_scored_however_much_else_there_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for limit in ("_SCORED_A_RECORD", "_SCORED_ALWAYS"):
        monkeypatch.setattr(blocking, limit, 0)
    other = {"id": "3", "first_name": "Gustav", "last_name": "Lind", "email": ANN["email"]}
    found = matched(ANN, ANN | {"id": "2"}, other, *strangers(30))
    assert [(pair.left, pair.right) for pair in found.pairs] == [("1", "2")]


def test_father_and_son_are_told_apart_by_their_generation() -> None:
    son = ANN | {"id": "2", "last_name": "Zetterlund Jr", "birth_date": None}
    found = matched(ANN | {"last_name": "Zetterlund Sr", "birth_date": None}, son, *strangers(8))
    assert found.likely["1"] != found.likely["2"]


def test_shops_in_one_centre_with_one_telephone_stay_apart() -> None:
    centre = {"phone": "+44 20 7946 0999", "street": "1 Mall Road", "postcode": "BA1 1AA"}
    found = matched(
        {"id": "1", "organisation": "Katzen Delicatessen Ltd", **centre},
        {"id": "2", "organisation": "Sowerby Opticians", **centre},
        {"id": "3", "organisation": "KATZEN DELI", **centre},
        *strangers(8),
    )
    assert found.likely["3"] == "1"
    assert found.likely["2"] == "2"


def test_a_stewards_decisions_outlast_the_scores() -> None:
    records = (ANN, ANN | {"id": "2"}, *strangers(3))
    apart = matched(*records, cannot_link=[("1", "2")])
    joined = matched(*records, must_link=[("1", "90")])
    assert apart.clusters["1"] != apart.clusters["2"]
    assert joined.clusters["90"] == joined.clusters["1"]


def test_the_order_of_the_records_changes_nothing() -> None:
    records = [ANN, ANN | {"id": "2", "email": "ann.z@quay.exampel"}, *strangers(10)]
    once, again = matched(*records), matched(*reversed(records))
    assert once.clusters == again.clusters
    assert once.model.version == again.model.version
    assert list(once.pairs) == list(again.pairs)


def test_nothing_and_one_record_can_be_matched() -> None:
    nothing = pa.table({"id": pa.array([], pa.string()), "name": pa.array([], pa.string())})
    assert dict(match_all(nothing, entity="customer").clusters) == {}
    assert dict(matched(ANN).clusters) == {"1": "1"}


def test_a_model_is_read_as_it_was_written_and_holds_no_value() -> None:
    model = matched(ANN, ANN | {"id": "2"}, *strangers(10)).model
    assert Model.from_json(model.to_json()) == model
    assert "york" not in model.to_json()


def test_a_new_record_is_scored_without_training() -> None:
    model = matched(ANN, *strangers(10)).model
    new = table(ANN | {"id": "new", "first_name": "Anne"})
    (pair,) = score_new(
        new, table(ANN, *strangers(3)), entity="customer", model=model, pairs=[("new", "1")]
    )
    assert (pair.left, pair.right, pair.band) == ("1", "new", "link")


def test_the_same_evidence_says_less_in_a_larger_store() -> None:
    model = matched(ANN, *strangers(10)).model
    new = table({"id": "new", "first_name": "Ann", "last_name": "Zetterlund", "city": "Bath"})

    def probability(records: int) -> float:
        found = score_new(new, table(ANN), entity="customer", model=model, records=records)
        return found[0].probability if found else 0.0

    assert probability(10) > probability(1_000_000)


def test_what_many_records_came_with_at_once_says_little_however_rare_it_was() -> None:
    surnames = [record["last_name"] + "son" for record in strangers(10)]
    placeholder = "+44 20 7999 0000"
    crowd = [
        {
            "id": f"n{place:02}", "first_name": "Ann", "last_name": surnames[place % 10][::-1],
            "phone": placeholder, "birth_date": f"19{50 + place}-0{1 + place % 9}-07",
        }
        for place in range(40)
    ]  # fmt: skip
    model = matched(ANN, *strangers(50)).model
    ids = [record["id"] for record in crowd]
    pairs = [(one, other) for one in ids for other in ids if one < other]

    def asked(*records: dict[str, Any]) -> int:
        known = {record["id"] for record in records}
        about = [two for two in pairs if known.issuperset(two)]
        new = table(*records)
        return len(score_new(new, table(ANN), entity="customer", model=model, pairs=about))

    assert asked(crowd[0], crowd[10]) == 1
    assert asked(*crowd) == 0


def test_a_record_shares_a_key_with_its_like() -> None:
    like = {"first_name": "Anne", "last_name": "Zeterlund", "birth_date": "1970-04-03"}
    assert set(block_keys(ANN, entity="customer")) & set(block_keys(like, entity="customer"))
    assert block_keys_all(table(ANN), entity="customer")["1"] == block_keys(ANN, entity="customer")


def test_products_of_two_lists_meet_by_their_model_numbers() -> None:
    ours = [
        {"id": "a1", "list": "a", "name": "Sonora Turntable - PSLX350H", "price": "99"},
        {"id": "a2", "list": "a", "name": "Sonora Turntable - PSLX250H", "price": "79"},
    ]
    theirs = [
        {"id": "b1", "list": "b", "name": "Sonora PS-LX350H belt drive", "price": "95.50"},
        {"id": "b2", "list": "b", "name": "Okular Camera ZX-9100", "price": "300"},
    ]
    found = match_all(table(*ours, *theirs), entity="product", source="list")
    assert found.likely["b1"] == "a1"
    assert found.likely["a2"] == "a2"
