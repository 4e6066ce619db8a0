"""Golden records are merged and taken apart: what they have at a destination changes hands."""

from __future__ import annotations

import pytest

from accord.catalog import Delivery
from tests.support import engine, registers
from tests.support.registers import FIRMS, PEOPLE, Keeper, Member, drop, say, with_deletes

ONE_BY_ONE = with_deletes(FIRMS, "archive")
AT_ONCE = with_deletes(PEOPLE, "archive")
either_way = pytest.mark.parametrize("delivery", [ONE_BY_ONE, AT_ONCE], ids=lambda it: it.kind)


def delivered(keeper: Keeper, delivery: Delivery, *members: Member) -> dict[str, str]:
    """Let these be at the destination already; return their ids by key."""
    say(keeper.store, delivery, members)
    keeper.deliver(delivery)
    keeper.register.effects.clear()
    return keeper.register.ids()


def merged(keeper: Keeper, delivery: Delivery, survivor: Member, *losers: str) -> None:
    """Merge these at the source."""
    registers.merge(keeper.store, survivor.key, *losers)
    drop(keeper.store, delivery, *losers)
    say(keeper.store, delivery, [survivor])


def apart(keeper: Keeper, delivery: Delivery, survivor: str, its_id: str) -> None:
    """Let a record be that of a golden id L, which was merged into the survivor until just now."""
    registers.golden(keeper.store, "L", source_key=its_id, kind=delivery.kind)
    registers.golden(keeper.store, survivor)


@either_way
def test_what_only_the_loser_had_becomes_the_survivors(keeper: Keeper, delivery: Delivery) -> None:
    ids = delivered(keeper, delivery, Member("L", "Lee"))
    merged(keeper, delivery, Member("S", "Sue", destination_id=ids["L"]), "L")
    assert keeper.counts(delivery) == {"due": 2, "delivered": 1, "unchanged": 1}
    assert keeper.register.effects == [("updated", "S")]
    assert keeper.register.ids() == {"S": ids["L"]}
    known = engine.rows(keeper.store, "select object_key, destination_id from ops.crosswalk")
    assert known == [{"object_key": "S", "destination_id": ids["L"]}]
    assert keeper.counts(delivery) == {}


def test_what_we_made_for_the_loser_is_the_survivors_before_it_was_ever_read(
    keeper: Keeper,
) -> None:
    ids = delivered(keeper, FIRMS, Member("K", "Kim"), Member("L", "Lee"))
    merged(keeper, ONE_BY_ONE, Member("S", "Sue"), "L", "K")
    assert keeper.counts(ONE_BY_ONE) == {"due": 3, "delivered": 2, "unchanged": 1}
    assert keeper.register.ids() == {"S": ids["L"]}
    assert keeper.register.archived == [ids["K"]]


def test_what_both_had_stays_the_survivors_and_the_losers_goes_by_the_policy(
    keeper: Keeper,
) -> None:
    ids = delivered(keeper, FIRMS, Member("L", "Lee"), Member("S", "Sue"))
    merged(keeper, ONE_BY_ONE, Member("S", "Sue Lee", destination_id=ids["L"]), "L")
    assert keeper.counts(ONE_BY_ONE) == {"due": 2, "delivered": 2}
    assert keeper.register.ids() == {"S": ids["S"]}
    assert keeper.register.archived == [ids["L"]]


def test_a_removal_that_was_meant_before_comes_after_the_writes(keeper: Keeper) -> None:
    ids = delivered(keeper, FIRMS, Member("L", "Lee"))
    drop(keeper.store, FIRMS, "L")
    keeper.register.moods = ["is down"]
    assert keeper.counts(ONE_BY_ONE) == {"due": 1, "waiting": 1}
    merged(keeper, ONE_BY_ONE, Member("S", "Sue", destination_id=ids["L"]), "L")
    assert keeper.counts(ONE_BY_ONE) == {"due": 2, "delivered": 1, "unchanged": 1}
    assert keeper.register.ids() == {"S": ids["L"]}


def test_a_take_over_whose_answer_is_lost_is_not_made_twice(keeper: Keeper) -> None:
    ids = delivered(keeper, FIRMS, Member("L", "Lee"))
    merged(keeper, ONE_BY_ONE, Member("S", "Sue", destination_id=ids["L"]), "L")
    keeper.register.moods = ["is lost on the way", "loses its answer"]
    assert keeper.counts(ONE_BY_ONE) == {"due": 2, "delivered": 1, "unchanged": 1}
    assert keeper.register.effects == [("updated", "S")]


@either_way
def test_taken_apart_again_each_has_what_is_its_own(keeper: Keeper, delivery: Delivery) -> None:
    """However far apart they are sent: the one that loses its object is sent last."""
    its_id = keeper.register.add("Lee", key="A")
    delivered(keeper, delivery, Member("A", "Lee"))
    apart(keeper, delivery, "A", its_id)
    others = [Member(f"B{number}", f"name {number}") for number in range(7)]
    wanted = [Member("A", "Ann"), *others, Member("L", "Lee", destination_id=its_id)]
    say(keeper.store, delivery, wanted)
    assert keeper.counts(delivery) == {"due": 9, "delivered": 9}
    assert keeper.register.ids()["L"] == its_id
    assert keeper.register.names()["A"] == "Ann"
    assert [it for it in keeper.register.effects if it[1] in ("A", "L")] == [
        ("updated", "L"),
        ("created", "A"),
    ]


def test_what_is_anothers_by_now_is_not_taken_away(keeper: Keeper) -> None:
    its_id = keeper.register.add("Lee", key="A")
    delivered(keeper, FIRMS, Member("A", "Lee"))
    apart(keeper, FIRMS, "A", its_id)
    drop(keeper.store, FIRMS, "A")
    assert keeper.counts(ONE_BY_ONE) == {"due": 1, "unchanged": 1}
    assert keeper.register.archived == []
    assert engine.rows(keeper.store, "select object_key from ops.crosswalk") == []


def test_what_nobody_takes_over_stays_where_it_is(keeper: Keeper) -> None:
    its_id = keeper.register.add("Lee", key="A")
    delivered(keeper, FIRMS, Member("A", "Lee"))
    apart(keeper, FIRMS, "A", its_id)
    say(keeper.store, FIRMS, [Member("A", "Ann")])
    assert keeper.counts(FIRMS) == {"due": 1, "delivered": 1}
    assert (keeper.register.ids(), keeper.register.names()) == ({"A": its_id}, {"A": "Ann"})
