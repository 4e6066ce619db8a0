"""Some hundred schedules of faults end as the oracle says, and the laboratory itself is honest."""

from __future__ import annotations

import os

import pytest

from tests.chaos import schedules
from tests.chaos.laboratory import tell
from tests.chaos.weather import READS, WRITES
from tests.chaos.world import World

SEEDS = int(os.environ.get("CHAOS_SEEDS", "200"))
AT_ONCE = 20


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, SEEDS + 1, AT_ONCE))
def test_after_any_faults_both_systems_hold_each_day_once_and_every_count_is_right(
    world: World, first: int
) -> None:
    told = (tell(world, seed) for seed in range(first, min(first + AT_ONCE, SEEDS + 1)))
    assert [str(failure) for failure in told if failure] == []


@pytest.mark.slow
def test_every_kind_of_fault_comes_about(world: World) -> None:
    """The weather is no use if it never rains."""
    met: set[str] = set()
    seeds = iter(range(1, 400))
    while missing := {*READS, *WRITES} - met:
        seed = next(seeds, None)
        assert seed is not None, f"never met: {missing}"
        assert tell(world, seed) is None
        met |= set(world.sky.drawn)


def test_a_seed_always_tells_the_same_schedule() -> None:
    assert schedules.drawn(7) == schedules.drawn(7)
    assert schedules.drawn(7) != schedules.drawn(8)


def test_schedules_hold_every_poison_and_every_way_to_end() -> None:
    told = [schedules.drawn(seed) for seed in range(300)]
    poisons = {line.poison for it in told for file in it.final for line in file.lines}
    assert poisons == {"", "at landing", "at the gate", "at the destination"}
    orders = [order for it in told for round_ in it.rounds for order in round_.orders]
    assert {order.doom and order.doom.kind for order in orders} == {None, "kill", "cut"}
    assert any(order.surprise for order in orders)
    assert any(len(round_.orders) == 2 for it in told for round_ in it.rounds)


def test_a_failure_tells_how_to_see_it_again(world: World) -> None:
    """What no till told and no write brought is found out."""
    assert tell(world, 3) is None
    world.poor.entries["99"] = {"reference": "TILL 1999-12-31", "amount": "1.00", "memo": ""}
    from tests.chaos.laboratory import Failure
    from tests.chaos.oracle import differences

    wrong = differences(world, schedules.drawn(3))
    assert len(wrong) == 2
    assert "make chaos SEEDS=1 FIRST_SEED=3" in str(Failure(3, tuple(wrong)))
