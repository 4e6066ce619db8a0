"""A clock that is set, forward or back, makes nobody look too early nor wait for hours."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accord.delivery.courier import Courier, Delivered
from accord.store.database import Store
from tests.support import engine
from tests.support.destinations import Clock, PoorLedger, Sight, numbered

DAY = "2011-01-31"
BLIND: list[Sight] = ["cannot be seen"] * 9


@pytest.fixture
def store(publishing: Store) -> Store:
    engine.publish(publishing, numbered([DAY], lambda _: "1.00"))
    return engine.emptied(publishing)


def deliver(store: Store, there: PoorLedger, *, set_by: timedelta = timedelta()) -> Delivered:
    """Let a courier deliver whose clock is set by some time."""
    courier = Courier(
        store,
        engine.an_outbox(),
        there,
        clock=lambda: there.clock() + set_by,
        sleep=there.clock.sleep,
    )
    return courier.deliver([DAY], engine.approve_all)


@pytest.mark.parametrize("hours", [1, -1])
def test_after_the_clock_was_set_a_late_effect_is_still_waited_for_and_no_longer(
    store: Store, hours: int
) -> None:
    there = PoorLedger(Clock(), ["commits late"], ["is seen", *BLIND])
    assert deliver(store, there).counts[DAY]["unknown"] == 1
    there.sights.clear()
    there.clock.slept.clear()
    # The effect is still on its way: no time has really passed since.
    there.effects = [(there.clock.now + timedelta(seconds=3), *it[1:]) for it in there.effects]
    deliver(store, there, set_by=timedelta(hours=hours))
    there.clock.pass_(60)
    assert len(there.documents()[f"POS-{DAY}"]) == 1
    assert 3 <= sum(there.clock.slept) < 60
