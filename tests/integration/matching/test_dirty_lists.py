"""How well the shipped configuration matches dirty lists that are made up by a seed.

The floors are a little below what other seeds reached; `docs/matching.md` has the figures.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accord.matching import match_all
from accord.matching.measures import b_cubed, pairwise
from tests.support.dirty_customers import Made, businesses, historic_persons, households

LISTS = {"businesses": businesses, "households": households}


@pytest.mark.parametrize("seed", [11, 12])
@pytest.mark.parametrize("make", LISTS.values(), ids=LISTS)
def test_nobody_is_linked_wrongly_without_asking(make: Callable[..., Made], seed: int) -> None:
    made = make(2_500, seed=seed)
    found = match_all(made.records, entity="customer")
    linked, likely = pairwise(found.clusters, made.truth), b_cubed(found.likely, made.truth)
    assert linked.precision >= 0.997
    assert linked.recall >= 0.65
    assert likely.f1 >= 0.97
    assert likely.precision >= 0.95


def test_in_a_large_list_relatives_of_one_name_are_not_linked_through_others() -> None:
    made = households(15_000, seed=21)
    found = match_all(made.records, entity="customer")
    assert pairwise(found.clusters, made.truth).precision >= 0.9975


def test_persons_of_many_records_are_found_in_a_large_list() -> None:
    made = historic_persons(4_000, seed=11)
    found = match_all(made.records, entity="customer")
    likely = pairwise(found.likely, made.truth)
    assert likely.precision >= 0.94
    assert likely.recall >= 0.94
    assert pairwise(found.clusters, made.truth).precision >= 0.998
