"""Several batches on their way at once: nothing is doubled, lost or overtaken."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord.catalog import Delivery
from accord.store import due
from accord.store.database import Role, Store
from accord.store.outbox import Outbox
from accord.store.queries import queries
from tests.support import engine, registers
from tests.support.registers import FIRMS, Keeper, Member, Mood, Register, say

SEVERAL = replace(FIRMS, concurrent=4)
MANY = [Member(f"k{number:02}", f"name {number}") for number in range(30)]
MOODS = st.lists(
    st.sampled_from(["answers", "loses its answer", "is lost on the way", "refuses", "is down"]),
    max_size=8,
)


def test_so_many_batches_as_the_system_allows_are_sent_at_once(keeper: Keeper) -> None:
    say(keeper.store, FIRMS, MANY)
    keeper.register.latency = 0.02
    assert keeper.counts(SEVERAL) == {"due": 30, "delivered": 30}
    assert 2 <= keeper.register.most_at_once <= 4


def test_when_the_destination_goes_down_what_was_answered_is_settled_and_no_more_is_sent(
    keeper: Keeper,
) -> None:
    say(keeper.store, FIRMS, MANY)
    keeper.register.moods = ["answers", "is down"]
    counts = keeper.counts(SEVERAL)
    assert counts["due"] == 30 == counts["delivered"] + counts["waiting"]
    assert counts["delivered"] == len(keeper.register.objects)
    assert keeper.counts(SEVERAL)["delivered"] == counts["waiting"]


@pytest.mark.parametrize("delivery", [FIRMS, SEVERAL])
def test_when_the_run_is_over_what_has_left_is_settled_and_no_more_is_sent(
    keeper: Keeper, delivery: Delivery
) -> None:
    say(keeper.store, FIRMS, MANY)
    done = keeper.deliver(delivery, is_over=lambda: bool(keeper.register.objects))
    counts = done.counts[""]
    assert done.trouble is not None
    assert done.trouble.what == "The run ended while it delivered"
    assert 0 < counts["delivered"] == len(keeper.register.objects) < 30
    assert counts["due"] == 30 == counts["delivered"] + counts["waiting"]
    assert keeper.counts(delivery)["delivered"] == counts["waiting"]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=st.lists(MOODS, max_size=3))
def test_whatever_goes_wrong_each_object_ends_there_once_as_it_should_be(
    installed: Store, rounds: list[list[Mood]]
) -> None:
    store = engine.emptied(registers.emptied(installed))
    keeper = Keeper(store, Register())
    for number, moods in enumerate([*rounds, [], []]):
        said = [replace(it, name=f"{it.name} {min(number, len(rounds))}") for it in MANY[:12]]
        if number <= len(rounds):
            say(store, FIRMS, said)
        keeper.register.moods = list(moods)
        counts = keeper.counts(SEVERAL)
        assert counts.pop("due", 0) == sum(counts.values())
    assert keeper.register.names() == {it.key: it.name for it in said}
    created = Counter(key for effect, key in keeper.register.effects if effect == "created")
    assert set(created.values()) == {1}
    assert engine.letters(store) == []


def test_what_is_due_is_intended_in_order_however_little_of_it_is_fetched_at_once(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due, "AT_ONCE", 4)
    say(keeper.store, FIRMS, MANY)
    assert keeper.counts(FIRMS) == {"due": 30, "delivered": 30}
    intended = engine.rows(keeper.store, "select object_key from ops.outbox order by write_id")
    assert [row["object_key"] for row in intended] == [it.key for it in MANY]


def test_what_cannot_be_stored_ends_the_run_and_nothing_is_sent(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due, "AT_ONCE", 4)
    say(keeper.store, FIRMS, MANY)
    twice = queries("outbox")["intend"].replace("d.object_key, d.partition_key", "'x', ''", 1)
    monkeypatch.setitem(queries("outbox"), "intend", twice)
    with pytest.raises(psycopg.errors.UniqueViolation):
        keeper.counts(SEVERAL)
    assert keeper.register.objects == {}
    assert engine.rows(keeper.store, "select from ops.outbox") == []
    monkeypatch.undo()
    assert keeper.counts(SEVERAL) == {"due": 30, "delivered": 30}


def test_each_write_is_settled_by_its_id_however_small_the_planner_takes_what_is_open_for(
    keeper: Keeper,
) -> None:
    say(keeper.store, FIRMS, MANY)
    keeper.register.moods = ["is down"]
    keeper.counts(FIRMS)
    told = [{"write_id": str(uuid4()), "state": "delivered"} for _ in range(2000)]
    values = {"run_id": "a run", "at": datetime.now(UTC), "fates": json.dumps(told)}
    with keeper.store.session(Role.DELIVERER) as connection:
        Outbox(FIRMS, "here", "a run").join_by_index(connection)
        plan = connection.execute("explain " + queries("outbox")["settle"], values).fetchall()
    scans = [line for (line,) in plan if "outbox" in line and "Scan" in line]
    assert len(scans) == 1
    assert "outbox_pkey" in scans[0]
