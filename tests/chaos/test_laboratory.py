"""Some hundred schedules of faults end as the oracle says, and the laboratory itself is honest."""

from __future__ import annotations

import os

import pytest

from tests.chaos import schedules
from tests.chaos.happened import seldom
from tests.chaos.laboratory import story, tell
from tests.chaos.steps import Doom
from tests.chaos.world import World

SEEDS = int(os.environ.get("CHAOS_SEEDS", "200"))
AT_ONCE = 20
MORE, LEAST, TRIES = 100, 2, 3


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, SEEDS + 1, AT_ONCE))
def test_after_any_faults_both_systems_hold_each_day_once_and_every_count_is_right(
    world: World, first: int
) -> None:
    told = (tell(world, seed) for seed in range(first, min(first + AT_ONCE, SEEDS + 1)))
    assert [str(failure) for failure in told if failure] == []


@pytest.mark.slow
def test_every_kind_of_fault_comes_about(world: World) -> None:
    """The weather is no use if it never rains; what the test before met counts."""
    seeds = iter(range(SEEDS + 1, SEEDS + MORE))
    while missing := seldom(world.met, LEAST):
        seed = next(seeds, None)
        assert seed is not None, f"hardly ever met: {missing}"
        assert tell(world, seed) is None
    assert "fine" in world.met


@pytest.mark.slow
def test_a_run_killed_at_any_step_it_comes_to_is_continued(world: World) -> None:
    """The tests before tell which steps those are, and what was killed there counts.

    With several threads a run does not come to every step each time it is told.
    """
    for seed in range(1, MORE if not world.passed else 1):
        assert tell(world, seed) is None
    for step, places in sorted(world.passed.items()):
        for seed, number in places * TRIES:
            if step in world.killed_at:
                break
            schedule = schedules.doomed(seed, number, Doom("kill", step, 1))
            assert story(world, schedule) == [], f"killed at {step}"
    assert set(world.passed) - world.killed_at == set()


def test_a_seed_always_tells_the_same_schedule() -> None:
    assert schedules.drawn(7) == schedules.drawn(7)
    assert schedules.drawn(7) != schedules.drawn(8)


def test_schedules_hold_every_poison_and_every_way_to_end() -> None:
    told = [schedules.drawn(seed) for seed in range(300)]
    poisons = {line.poison for it in told for file in it.final for line in file.lines}
    assert poisons == {"", "at landing", "at the gate", "at the destination"}
    orders = [order for it in told for round_ in it.rounds for order in round_.orders]
    assert {order.doom and order.doom.kind for order in orders} == {None, "kill", "cut", "full"}
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
