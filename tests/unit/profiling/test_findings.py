"""What an integration engineer is told to mend first, and how the page says it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from accord.profiling.columns import Tally
from accord.profiling.findings import findings
from accord.profiling.page import page
from accord.profiling.profile import Disagreement, EntityProfile, SystemProfile, TableProfile
from accord.profiling.repeats import Repeats

AT = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)


def a_table(rejected: Mapping[str, int] | None = None, **columns: list[object]) -> TableProfile:
    tallies = [Tally(name) for name in columns]
    for tally in tallies:
        for value in columns[tally.name]:
            tally.add(value, valid=value != "invalid")
    records = max((tally.records for tally in tallies), default=0)
    return TableProfile(
        "crm.people", "People", records, tuple(t.profile() for t in tallies), rejected or {}
    )


def of_system(table: TableProfile) -> SystemProfile:
    return SystemProfile("crm", "CRM", (table,))


def test_broken_records_come_before_gaps() -> None:
    table = a_table({"missing_key": 9}, phone=["1"] * 70 + [None] * 30)
    assert [item.kind for item in findings(of_system(table))] == ["rejected", "gaps"]


def test_a_column_that_is_never_filled_is_no_gap() -> None:
    assert findings(of_system(a_table(fax=[None] * 10))) == []


def test_every_finding_says_where_how_many_and_what_to_do() -> None:
    table = a_table(email=["invalid"] * 5 + ["a@b.example"] * 95)
    (found,) = findings(of_system(table))
    assert (found.kind, found.where, found.records) == ("invalid", "crm.people.email", 5)
    assert found.remedy


def test_values_against_authority_are_told_with_the_owner() -> None:
    apart = Disagreement("billing", "name", "crm", compared=50, apart=10)
    (found,) = findings(EntityProfile("customer", (), (), (apart,)))
    assert found.kind == "conflicts"
    assert "crm" in found.says


def test_who_is_twice_in_a_table_and_who_is_in_two() -> None:
    repeats = Repeats()
    for name, postcode in (("Ann Hale", "BS1"), ("ann hale", "BS1"), ("Bo Quay", "LS2")):
        repeats.add("crm", {"name": name, "postcode": postcode, "email": None})
    repeats.add("billing", {"name": "Bo Quay", "postcode": "LS2"})
    assert repeats.any_within("crm") == 2
    (shared,) = repeats.between()
    assert (shared.left, shared.right, shared.records, shared.of) == ("billing", "crm", 1, 1)


def test_the_page_stands_by_itself_and_shows_no_value() -> None:
    secret = "Thistlewood"
    table = a_table(name=[secret, "Quayle"], points=[5, 7])
    told = page(of_system(table), at=AT)
    assert secret not in told
    assert "http" not in told.replace("http://www.w3.org", "")
    assert "<script" not in told
    assert "2 records" in told
