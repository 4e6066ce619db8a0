"""Errands side by side: each system's own in their order, and none waits for another system."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from accord.abreast import Abreast, Errand
from accord.delivery.courier import Delivered
from accord.errors import Retry, Stop

PATIENCE = 20.0
THROUGH = Delivered({"": Counter(due=1, delivered=1)})
DOWN = Delivered({"": Counter(due=1, waiting=1)}, trouble=Retry("It is down", remedy="run again"))
AT_GATE = Delivered({"": Counter(due=2, delivered=1, held=1)})
DEPENDING = Delivered({"": Counter(due=2, delivered=1, held=1)}, depending=1)


@pytest.fixture
def abreast() -> Iterator[Abreast[Delivered]]:
    with Abreast[Delivered](goes_on=lambda found: found.is_through) as opened:
        yield opened


def named(
    name: str, result: Delivered = THROUGH, before: Callable[[], object] = lambda: None
) -> Errand[Delivered]:
    def make() -> Delivered:
        before()
        return result

    return Errand(name, make)


def failing(name: str, error: Exception) -> Errand[Delivered]:
    def make() -> Delivered:
        raise error

    return Errand(name, make)


def test_systems_go_at_the_same_time(abreast: Abreast[Delivered]) -> None:
    everybody = threading.Barrier(3)
    names = ("salesforce", "stripe", "mailchimp")
    abreast.begin([[named(name, before=lambda: everybody.wait(PATIENCE))] for name in names])
    assert [abreast.taken(name) for name in names] == [THROUGH] * 3


def test_what_is_sent_first_to_a_system_is_there_before_the_next_begins(
    abreast: Abreast[Delivered],
) -> None:
    told: list[str] = []
    way = [named(name, before=lambda name=name: told.append(name)) for name in "abc"]
    abreast.begin([way, [named("other")]])
    assert all(abreast.taken(name) for name in "cba")
    assert told == ["a", "b", "c"]


def test_whoever_takes_an_outcome_waits_for_that_alone(abreast: Abreast[Delivered]) -> None:
    may_end = threading.Event()
    abreast.begin([[named("slow", before=lambda: may_end.wait(PATIENCE))], [named("quick")]])
    assert abreast.taken("quick") is THROUGH
    may_end.set()
    assert abreast.taken("slow") is THROUGH


def test_a_failure_is_raised_to_whoever_takes_it_and_hinders_no_other_system(
    abreast: Abreast[Delivered],
) -> None:
    abreast.begin([[failing("a", Stop("It refuses us", remedy="ask"))], [named("other")]])
    with pytest.raises(Stop, match="It refuses us"):
        abreast.taken("a")
    assert abreast.taken("other") is THROUGH


@pytest.mark.parametrize("first", [named("a", DOWN), named("a", AT_GATE)])
def test_what_has_to_be_mended_ends_its_way_but_is_told(
    abreast: Abreast[Delivered], first: Errand[Delivered]
) -> None:
    told: list[str] = []
    abreast.begin([[first, named("b", before=lambda: told.append("b"))]])
    assert abreast.taken("a") is first.make()
    assert abreast.taken("b") is None
    assert told == []


def test_a_failure_ends_its_way(abreast: Abreast[Delivered]) -> None:
    abreast.begin([[failing("a", ValueError("odd")), named("b")]])
    assert abreast.taken("b") is None


def test_what_is_held_for_other_objects_ends_nothing(abreast: Abreast[Delivered]) -> None:
    abreast.begin([[named("a", DEPENDING), named("b")]])
    assert abreast.taken("b") is THROUGH


def test_an_errand_is_begun_once_and_its_outcome_taken_once(abreast: Abreast[Delivered]) -> None:
    told: list[str] = []
    ways = [[named("a", before=lambda: told.append("a"))]]
    assert [abreast.begin(ways) for _ in range(2)] == [True, False]
    assert abreast.taken("a") is THROUGH
    assert not abreast.begin(ways)
    assert abreast.taken("a") is None
    assert told == ["a"]
    assert abreast.taken("never begun") is None


def test_leaving_tells_those_under_way_to_end_and_waits_for_them() -> None:
    begun, ended = threading.Event(), threading.Event()
    with Abreast[Delivered]() as abreast:

        def until_over() -> None:
            begun.set()
            abreast.sleep(PATIENCE)
            assert abreast.is_over()
            ended.set()

        abreast.begin([[named("a", before=until_over), named("b", before=begun.clear)]])
        assert begun.wait(PATIENCE)
        assert not abreast.is_over()
    assert ended.is_set()
    assert begun.is_set()  # what comes after it was not begun any more


def test_whoever_does_not_end_is_left_after_a_while() -> None:
    """However many they are, the while is one for all of them."""
    begun, may_end, next_begun = threading.Barrier(9), threading.Event(), threading.Event()
    with Abreast[None](patience=0.5) as abreast:

        def deaf() -> None:
            begun.wait(PATIENCE)
            may_end.wait(PATIENCE)

        abreast.begin(
            [Errand(f"deaf {n}", deaf), Errand(f"next {n}", next_begun.set)] for n in range(8)
        )
        begun.wait(PATIENCE)
        ending = time.monotonic()
    assert time.monotonic() - ending < 8 * 0.5 / 2
    left = [it for it in threading.enumerate() if it.name.startswith("abreast deaf")]
    assert len(left) == 8
    assert all(it.daemon for it in left)  # so the process can end
    may_end.set()
    for it in left:
        it.join(PATIENCE)
    assert not next_begun.is_set()
