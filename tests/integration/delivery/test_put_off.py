"""What a destination cannot take just now keeps nothing else waiting, and goes again in the run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina

from accord.store.database import Store
from tests.support import engine, registers
from tests.support.registers import FIRMS, PEOPLE, Keeper, Member, Register, say, with_deletes

MANY = [Member(key, f"Firm {key}") for key in "ABCDEFG"]


@pytest.fixture
def keeper(installed: Store) -> Iterator[Keeper]:
    stamina.set_testing(True, attempts=4, cap=True)
    yield Keeper(engine.emptied(registers.emptied(installed)), Register())
    stamina.set_testing(False)


@pytest.mark.parametrize("delivery", [FIRMS, PEOPLE], ids=["one by one", "several at once"])
def test_the_others_go_on_and_it_goes_again_after_them(
    keeper: Keeper, delivery: registers.Delivery
) -> None:
    keeper.register.moods = ["is busy"]
    say(keeper.store, delivery, MANY)
    done = keeper.deliver(delivery)
    assert (done.counts[""], done.trouble) == ({"due": 7, "delivered": 7}, None)
    keys = [key for _, key in keeper.register.effects]
    assert sorted(keys) == [member.key for member in MANY]
    assert keys[-1] in "ADG"  # the first of a batch


def test_one_that_is_always_busy_waits_for_the_next_run_alone(keeper: Keeper) -> None:
    keeper.register.moods = ["is busy", "answers", "answers", "is busy", "is busy", "is busy"]
    say(keeper.store, FIRMS, MANY)
    done = keeper.deliver(FIRMS)
    assert (done.counts[""], str(done.trouble)) == (
        {"due": 7, "delivered": 6, "waiting": 1},
        "register could not take some writes just now. Remedy: run again.",
    )
    before = engine.rows(keeper.store, "select write_id from ops.outbox where state = 'waiting'")
    assert keeper.counts(FIRMS) == {"due": 1, "delivered": 1}
    after = engine.rows(keeper.store, "select write_id from ops.outbox where attempts = 5")
    assert before == after


def test_nothing_is_taken_away_while_what_comes_first_is_put_off(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, MANY[:2])
    keeper.deliver(FIRMS)
    registers.drop(keeper.store, FIRMS, "A")
    say(keeper.store, FIRMS, [Member("B", "Firm B, renamed")])
    keeper.register.moods = ["is busy"] * 4
    assert keeper.counts(with_deletes(FIRMS, "propagate")) == {"due": 2, "waiting": 2}
    assert keeper.counts(with_deletes(FIRMS, "propagate")) == {"due": 2, "delivered": 2}
    assert keeper.register.names() == {"B": "Firm B, renamed"}


def test_where_nothing_can_be_taken_the_run_stops_as_before(keeper: Keeper) -> None:
    keeper.register.moods = ["is busy", "is down"]
    say(keeper.store, FIRMS, MANY)
    done = keeper.deliver(FIRMS)
    assert (done.counts[""]["delivered"], done.counts[""]["waiting"]) == (2, 5)
    assert str(done.trouble) == "It is down. Remedy: run again."
