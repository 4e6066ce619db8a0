"""How well the shipped configuration matches dirty lists that are made up by a seed.

The floors are a little below what other seeds reached; `docs/matching.md` has the figures.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accord.matching import match_all
from accord.matching.measures import b_cubed, pairwise
from tests.support.dirty_customers import Made, businesses, households

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
