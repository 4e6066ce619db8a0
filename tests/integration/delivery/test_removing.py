"""Removing: what the model no longer has goes by policy, only what is ours, and never in masses."""

from __future__ import annotations

import pytest

from accord.catalog import Deletes
from accord.errors import Stop
from accord.store import approvals
from accord.store.approvals import Place
from accord.store.audit import By
from accord.store.database import Role
from tests.support import engine, registers
from tests.support.registers import FIRMS, Keeper, Member, drop, say, with_deletes

PROPAGATED = with_deletes(FIRMS, "propagate")
CAREFUL = with_deletes(FIRMS, "propagate", most=0.3)
MANY = [Member(f"k{number:02}", f"name {number}") for number in range(30)]


def delivered(keeper: Keeper, *names: str) -> None:
    """Let these be at the destination already."""
    say(keeper.store, FIRMS, [Member(name[0], name) for name in names])
    keeper.deliver(FIRMS)
    keeper.register.effects.clear()


@pytest.mark.parametrize(
    ("policy", "left", "archived"), [("propagate", 1, 0), ("archive", 1, 1), ("ignore", 2, 0)]
)
def test_an_object_the_model_no_longer_has_goes_by_the_policy(
    keeper: Keeper, policy: Deletes, left: int, archived: int
) -> None:
    delivered(keeper, "Ada", "Bob")
    drop(keeper.store, FIRMS, "A")
    keeper.deliver(with_deletes(FIRMS, policy))
    there = keeper.register
    assert (len(there.objects), len(there.archived)) == (left, archived)
    assert keeper.counts(with_deletes(FIRMS, policy)) == {}


def test_only_what_we_delivered_or_adopted_is_removed(keeper: Keeper) -> None:
    keeper.register.add("Zoe")
    keeper.register.add("Yan", key="not ours")
    delivered(keeper, "Ada")
    drop(keeper.store, FIRMS, "A")
    assert keeper.counts(PROPAGATED) == {"due": 1, "delivered": 1}
    assert sorted(it["name"] for it in keeper.register.objects.values()) == ["Yan", "Zoe"]


def test_what_a_gate_keeps_back_is_not_removed(keeper: Keeper) -> None:
    delivered(keeper, "Ada", "Bob")
    drop(keeper.store, FIRMS, "A")
    engine.rows(
        keeper.store,
        "with v as (insert into ops.verdicts (entity, partition_key, data_version,"
        " contract_digest, passed, checked, rejected, run_id)"
        " values ('member', '', 'x', 'x', true, 1, 1, 'x') returning verdict_id)"
        " insert into ops.verdict_rows select verdict_id, 'A', '{rule}' from v",
    )
    assert keeper.counts(PROPAGATED) == {}
    assert len(keeper.register.objects) == 2


def test_nothing_is_removed_while_the_gate_is_closed(keeper: Keeper) -> None:
    delivered(keeper, "Ada")
    drop(keeper.store, FIRMS, "A")
    assert keeper.counts(PROPAGATED, approve=registers.approve_none) == {"due": 1, "held": 1}
    assert len(keeper.register.objects) == 1


def test_a_removal_without_an_answer_is_looked_up_and_counted_once(keeper: Keeper) -> None:
    delivered(keeper, "Ada")
    drop(keeper.store, FIRMS, "A")
    keeper.register.moods = ["loses its answer"]
    assert keeper.counts(PROPAGATED) == {"due": 1, "delivered": 1}
    assert keeper.register.effects == [("removed", "A")]


def test_a_removal_that_never_arrived_is_repeated(keeper: Keeper) -> None:
    delivered(keeper, "Ada")
    drop(keeper.store, FIRMS, "A")
    keeper.register.moods = ["is lost on the way"]
    assert keeper.counts(PROPAGATED) == {"due": 1, "delivered": 1}
    assert keeper.register.objects == {}


def test_an_object_somebody_took_away_already_counts_as_it_should_be(keeper: Keeper) -> None:
    delivered(keeper, "Ada")
    keeper.register.objects.clear()
    drop(keeper.store, FIRMS, "A")
    assert keeper.counts(PROPAGATED) == {"due": 1, "unchanged": 1}
    assert keeper.counts(PROPAGATED) == {}


def test_an_object_that_comes_back_takes_the_place_of_its_removal(keeper: Keeper) -> None:
    delivered(keeper, "Ada")
    drop(keeper.store, FIRMS, "A")
    keeper.register.moods = ["is down"]
    assert keeper.counts(PROPAGATED) == {"due": 1, "waiting": 1}
    say(keeper.store, FIRMS, [Member("A", "Ada")])
    keeper.deliver(PROPAGATED)
    assert keeper.register.names() == {"A": "Ada"}
    assert ("removed", "A") not in keeper.register.effects


def test_an_object_removed_and_wanted_again_is_created_again(keeper: Keeper) -> None:
    delivered(keeper, "Ada")
    drop(keeper.store, FIRMS, "A")
    keeper.deliver(PROPAGATED)
    say(keeper.store, FIRMS, [Member("A", "Ada")])
    keeper.deliver(PROPAGATED)
    assert keeper.register.effects == [("removed", "A"), ("created", "A")]


def test_a_first_load_is_no_mass_change(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, MANY)
    assert keeper.counts(CAREFUL) == {"due": 30, "delivered": 30}


@pytest.mark.parametrize("what", ["change", "removal"])
def test_a_run_that_would_change_too_much_stops_and_nothing_is_sent(
    keeper: Keeper, what: str
) -> None:
    say(keeper.store, FIRMS, MANY)
    keeper.deliver(CAREFUL)
    keeper.register.effects.clear()
    if what == "removal":
        drop(keeper.store, FIRMS, *(it.key for it in MANY[:10]))
    else:
        say(keeper.store, FIRMS, [Member(it.key, "same for all") for it in MANY[:10]])
    with pytest.raises(Stop, match="of the 30 firms in register"):
        keeper.deliver(CAREFUL)
    assert keeper.register.effects == []
    assert len(engine.rows(keeper.store, "select state from ops.outbox")) == 30


def test_a_small_part_may_change_by_itself(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, MANY)
    keeper.deliver(CAREFUL)
    drop(keeper.store, FIRMS, *(it.key for it in MANY[:9]))
    assert keeper.counts(CAREFUL) == {"due": 9, "delivered": 9}


def test_what_is_left_of_an_approved_mass_change_needs_no_other_approval(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, MANY)
    keeper.deliver(CAREFUL)
    drop(keeper.store, FIRMS, *(it.key for it in MANY[:20]))
    approve(keeper)
    keeper.register.moods = ["answers", "is down"]
    assert keeper.counts(CAREFUL)["waiting"] > 10
    assert keeper.counts(CAREFUL)["delivered"] > 10
    assert len(keeper.register.objects) == 10


def test_an_approval_is_for_exactly_one_plan_and_used_up_by_it(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, MANY)
    keeper.deliver(CAREFUL)
    drop(keeper.store, FIRMS, *(it.key for it in MANY[:20]))
    approve(keeper)
    drop(keeper.store, FIRMS, MANY[20].key)
    with pytest.raises(Stop, match="would change 0 and remove 21"):
        keeper.deliver(CAREFUL)
    assert len(engine.rows(keeper.store, "select who from ops.audit where what = 'approve'")) == 1


def approve(keeper: Keeper) -> None:
    """Approve what the guard has just stopped, as a steward."""
    digest = registers.planned_digest(keeper, CAREFUL)
    with keeper.store.transaction(Role.STEWARD) as connection:
        place = Place("register", "sandbox", "firms")
        approvals.give(connection, place, digest, By("the boss", "merged"), detail="20 removed")
