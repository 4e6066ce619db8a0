"""Each safeguard of the engine is needed: without it the laboratory finds what goes wrong."""

from __future__ import annotations

import pytest

from tests.chaos.laboratory import tell
from tests.chaos.safeguards import FAMILY, WITHOUT
from tests.chaos.turns import FAMILIES, GENERAL
from tests.chaos.world import World

MOST = 100
SOUND = 3


@pytest.mark.slow
@pytest.mark.parametrize("name", WITHOUT)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_without_it_some_schedule_ends_badly(world: World, name: str) -> None:
    family = FAMILY.get(name, GENERAL)
    seeds = range(1, MOST + 1)
    with WITHOUT[name]():
        failure = next(filter(None, (tell(world, seed, family) for seed in seeds)), None)
    assert failure is not None, f"{MOST} schedules of {family!r} did not miss {name}"


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_with_all_of_them_its_schedules_end_well(world: World, family: str) -> None:
    told = (tell(world, seed, family) for seed in range(1, SOUND + 1))
    assert [str(failure) for failure in told if failure] == []


def test_every_safeguard_that_has_a_family_is_one_and_every_family_has_one() -> None:
    assert set(FAMILY) <= set(WITHOUT)
    assert {*FAMILY.values(), GENERAL} == set(FAMILIES)
