"""Scoring new records: names are compared only where that may count, which changes nothing."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from accord.matching import Model, match_all, score_new, scoring, terms
from accord.matching.pairs import ScoredPairs
from tests.support.dirty_customers import Made, businesses, historic_persons, households

Name = tuple[str, str]


def lists(made: Made) -> tuple[pa.Table, pa.Table]:
    """Every fourth record as new, and the others as those it may be."""
    fourth = pa.array([place % 4 == 0 for place in range(made.records.num_rows)])
    return made.records.filter(fourth), made.records.filter(pa.compute.invert(fourth))


def scored(made: Made, model: Model) -> ScoredPairs:
    new, known = lists(made)
    return score_new(new, known, entity="customer", model=model)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[Name]:
    """The names that are compared word by word."""
    told: list[Name] = []
    likeness = terms.likeness

    def noted(left: str, right: str, rarity: terms.Rarity) -> object:
        told.append((left, right))
        return likeness(left, right, rarity)

    monkeypatch.setattr(terms, "likeness", noted)
    return told


@pytest.mark.parametrize("making", [businesses, households, historic_persons])
def test_names_that_change_nothing_are_not_compared_and_nothing_changes(
    making: Callable[..., Made], compared: list[Name], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = making(300, seed=3)
    model = match_all(made.records, entity="customer").model
    compared.clear()
    found, needed = scored(made, model), len(compared)
    compared.clear()
    monkeypatch.setattr(scoring, "_may_count", lambda *_: "true")
    whole = scored(made, model)
    assert found.table.equals(whole.table)
    assert (found.silent, found.parted) == (whole.silent, whole.parted)
    assert found.clusters == whole.clusters
    assert needed <= len(compared)
    if making is businesses:
        assert needed < len(compared) / 2


def test_products_are_told_alike_too(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [
        "Sony Bravia KDL-40 Television", "Bose Acoustimass 5 Speakers", "Canon PowerShot SD1100",
        "Sony KDL-40 TV", "Bose Acoustimass 10", "Canon Power Shot SD 1100 Camera",
    ]  # fmt: skip
    records = pa.table({"id": [f"{n}" for n in range(len(names))], "name": names})
    model = match_all(records, entity="product").model
    new, known = records.slice(0, 3), records.slice(3)
    pairs = [(left, right) for left in new["id"].to_pylist() for right in known["id"].to_pylist()]
    found = score_new(new, known, entity="product", model=model, pairs=pairs)
    monkeypatch.setattr(scoring, "_may_count", lambda *_: "true")
    whole = score_new(new, known, entity="product", model=model, pairs=pairs)
    assert found.table.equals(whole.table)
    assert (found.silent, found.parted) == (whole.silent, whole.parted)


@pytest.mark.parametrize("among", [10**power for power in range(2, 8)])
def test_what_a_third_record_may_do_is_told_alike_too(
    among: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether a pair is silent or parted is told of less likely ones than are asked about."""
    people = [
        {"id": f"p{place:02}", "name": f"Tomas {name}", "birth_date": f"19{40 + place}-11-10"}
        for place, name in enumerate(("Brenner", "Okafor", "Delacroix", "Petrova") * 10)
    ]
    model = match_all(pa.Table.from_pylist(people), entity="customer").model
    new = pa.Table.from_pylist([{"id": "ann", "name": "Ann Zetterlund", "birth_date": "1941-12-29"},
                                {"id": "bob", "name": "Bob Quay"}])  # fmt: skip
    known = pa.Table.from_pylist(
        [
            {"id": "her", "name": "Ann Zetterlund", "birth_date": "1970-03-04"},
            {"id": "his", "name": "Rob Quaye"},
            {"id": "other", "name": "Greta Haddad"},
        ]
    )
    pairs = [(left, right) for left in ("ann", "bob") for right in ("her", "his", "other")]

    def told() -> ScoredPairs:
        return score_new(new, known, entity="customer", model=model, pairs=pairs, records=among)

    found = told()
    monkeypatch.setattr(scoring, "_may_count", lambda *_: "true")
    whole = told()
    assert found.table.equals(whole.table)
    assert (found.silent, found.parted) == (whole.silent, whole.parted)
    assert found.silent
    assert bool(found.parted) == (among == 100)
