"""Turns: one quota, one rest and one breaker for all processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from accord.errors import Resting, Retry, Unanswered
from accord.store.database import Role, Store, prepared
from accord.store.server import parsed
from accord.store.turns import BACKFILL_SHARE, CALM, THRESHOLD, UNLIMITED, Limits, SharedTurns
from tests.support.engine import SEALING

MANY = Limits(1000, 2)
DOWN = Unanswered("down", remedy="wait")


class Asleep(Exception):
    """The test's way out of a wait."""


class Process(SharedTurns):
    """What one process holds; several of them share nothing but the store."""

    def __init__(self, store: Store, limits: Limits, **options: bool) -> None:
        self.slept: list[float] = []
        self.now = 0.0
        super().__init__(
            store, "xero", "here", limits,
            sleep=self._sleeps, clock=lambda: self.now, **options,
        )  # fmt: skip

    def _sleeps(self, seconds: float) -> None:
        self.slept.append(seconds)
        raise Asleep

    def calls(self) -> None:
        with self.turn():
            pass

    def fails(self, error: Exception = DOWN) -> None:
        with pytest.raises(type(error)), self.turn():
            raise error


@pytest.fixture
def process(database: str) -> Iterator[Callable[..., Process]]:
    store = prepared(parsed(database), [], SEALING)
    made: list[Process] = []

    def make(limits: Limits = MANY, **options: bool) -> Process:
        made.append(Process(store, limits, **options))
        return made[-1]

    yield make
    for turns in made:
        turns.close()
    with store.session(Role.LANDER) as connection:
        connection.execute("delete from ops.calls")
        connection.execute("delete from ops.breakers")


def test_two_processes_together_keep_to_one_quota(process) -> None:
    one, other = process(Limits(3, 2)), process(Limits(3, 2))
    one.calls()
    other.calls()
    one.calls()
    with pytest.raises(Asleep):
        other.calls()
    assert 50 < other.slept[0] <= 60


def test_history_leaves_a_part_of_the_quota_to_what_is_new(process) -> None:
    history, live = process(Limits(10, 2), backfill=True), process(Limits(10, 2))
    for _ in range(int(10 * BACKFILL_SHARE)):
        history.calls()
    with pytest.raises(Asleep):
        history.calls()
    live.calls()


def test_an_outage_costs_a_few_probes_however_many_processes_there_are(process) -> None:
    crowd = [process() for _ in range(4)]
    reached = 0
    for turns in crowd * 10:
        try:
            with turns.turn():
                reached += 1
                raise DOWN
        except Resting as error:
            assert error.retry_after  # noqa: PT017
        except Unanswered:
            continue
    assert reached == THRESHOLD


def test_a_person_who_mended_the_system_is_let_through_once(process) -> None:
    turns = process()
    for _ in range(THRESHOLD):
        turns.fails()
    with pytest.raises(Resting):
        turns.calls()
    process(impatient=True).calls()
    turns.calls()


def test_a_probe_that_fails_keeps_everybody_away_for_longer(process) -> None:
    turns = process()
    for _ in range(THRESHOLD):
        turns.fails()
    with pytest.raises(Resting) as first:
        turns.calls()
    process(impatient=True).fails()
    with pytest.raises(Resting) as second:
        turns.calls()
    assert second.value.retry_after > first.value.retry_after


def test_a_limit_that_one_process_hit_makes_the_others_rest(process) -> None:
    one, other = process(), process()
    one.fails(Retry("too much", remedy="wait", retry_after=7.0, is_limit=True))
    with pytest.raises(Asleep):
        other.calls()
    assert 5 < other.slept[0] <= 7


def test_the_systems_own_count_is_believed_where_it_is_lower(process) -> None:
    turns = process(Limits(10, 2, remaining_header="X-Left"))
    with turns.turn():
        turns.learn({"X-Left": "0"})
    with pytest.raises(Asleep):
        turns.calls()


def test_where_there_is_no_quota_no_call_is_counted_and_an_outage_is_still_noticed(process) -> None:
    free = Limits(UNLIMITED, 2, remaining_header="X-Left")
    one, other = process(free), process(free)
    with one.turn():
        one.learn({"X-Left": "0"})
    other.calls()
    with one._session() as connection:
        assert connection.execute("select count(*) from ops.calls").fetchone() == (0,)
    for _ in range(THRESHOLD):
        one.fails()
    other.now += CALM
    for each in (one, other):
        with pytest.raises(Resting):
            each.calls()


def test_a_wait_beyond_patience_is_said_instead_of_waited(process) -> None:
    one, other = process(), process()
    one.fails(Retry("closed for today", remedy="wait", retry_after=86_400.0, is_limit=True))
    with pytest.raises(Resting, match="quota"):
        other.calls()


def test_an_error_that_is_not_the_systems_fault_does_not_count(process) -> None:
    turns = process()
    for _ in range(THRESHOLD + 1):
        turns.fails(KeyError())
    turns.calls()
