"""A plan says what a run would write, writes nothing, and is made exactly or not at all."""

from __future__ import annotations

import pytest

from accord.delivery.planning import Change, Field, Plan, plan
from accord.errors import Stop
from accord.store.outbox import Outbox
from tests.support import engine, registers
from tests.support.registers import FIRMS, Keeper, Member, drop, say, with_deletes

PROPAGATED = with_deletes(FIRMS, "propagate")


def planned(keeper: Keeper, **options: object) -> tuple[Plan, dict[str, Change]]:
    """Make a plan; return it and its changes by object."""
    changes: list[Change] = []
    made = plan(
        keeper.store,
        Outbox(PROPAGATED, "sandbox", "plan"),
        [""],
        options.get("approve", registers.approve_all),  # type: ignore[arg-type]
        show=changes.append,
    )
    return made, {it.object_key: it for it in changes}


def a_world(keeper: Keeper) -> None:
    """Ada and Bob are there; Ada became Anna, Bob went, Cyd came."""
    say(keeper.store, FIRMS, [Member("A", "Ada"), Member("B", "Bob")])
    keeper.deliver(PROPAGATED)
    drop(keeper.store, FIRMS, "B")
    say(keeper.store, FIRMS, [Member("A", "Anna"), Member("C", "Cyd", seed={"consent": "yes"})])
    keeper.register.effects.clear()


def test_a_plan_tells_each_write_field_by_field(keeper: Keeper) -> None:
    a_world(keeper)
    made, changes = planned(keeper)
    assert dict(made.writes) == {"create": 1, "update": 1, "remove": 1}
    assert changes["A"].fields == (Field("name", "Ada", "Anna"),)
    assert changes["B"].fields == (Field("name", "Bob", None),)
    assert changes["C"].fields == (Field("consent", None, "yes"), Field("name", None, "Cyd"))


def test_a_plan_writes_nothing_anywhere(keeper: Keeper) -> None:
    a_world(keeper)
    before = engine.everything_stored(keeper.store)
    planned(keeper)
    assert engine.everything_stored(keeper.store) == before
    assert keeper.register.effects == []


def test_what_the_gate_holds_back_is_told_and_not_counted_as_a_write(keeper: Keeper) -> None:
    a_world(keeper)
    made, changes = planned(keeper, approve=registers.approve_none)
    assert (dict(made.writes), made.held) == ({}, 3)
    assert not any(it.passes for it in changes.values())


def test_who_waits_for_a_steward_is_told_and_not_counted_as_a_write(keeper: Keeper) -> None:
    a_world(keeper)
    say(keeper.store, FIRMS, [Member("C", "Cyd", needs=("review:A",))])
    made, changes = planned(keeper)
    assert (dict(made.writes), made.held) == ({"update": 1, "remove": 1}, 1)
    assert changes["C"].held == "a steward has to decide first whether it is there already"
    assert keeper.counts(PROPAGATED) == {"due": 3, "delivered": 2, "held": 1}


def test_a_plan_is_made_exactly(keeper: Keeper) -> None:
    a_world(keeper)
    made, _ = planned(keeper)
    keeper.deliver(PROPAGATED, expected=made.digest)
    assert sorted(keeper.register.effects) == [
        ("created", "C"), ("removed", "B"), ("updated", "A"),
    ]  # fmt: skip


@pytest.mark.parametrize("what", ["other content", "another object", "delivered by now", "held"])
def test_a_plan_is_refused_when_the_world_has_changed_since(keeper: Keeper, what: str) -> None:
    a_world(keeper)
    made, _ = planned(keeper)
    approve = registers.approve_all
    if what == "other content":
        say(keeper.store, FIRMS, [Member("C", "Cid")])
    elif what == "another object":
        say(keeper.store, FIRMS, [Member("D", "Dan")])
    elif what == "delivered by now":
        keeper.deliver(PROPAGATED)
        keeper.register.effects.clear()
    else:
        approve = registers.approve_none
    with pytest.raises(Stop, match="has changed since"):
        keeper.deliver(PROPAGATED, expected=made.digest, approve=approve)
    assert keeper.register.effects == []
