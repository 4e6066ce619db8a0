"""Promise 2, convergence: any order, retry, crash or replay ends in the same destination content.

Here the courier is on trial, between a publish table that the test fills and two destinations: our
Xero, and one that knows neither idempotency keys nor unique numbers and commits late. How whole
days go through the engine is in test_convergence_of_days.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import stamina
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from accord.connector import Destination
from accord.delivery.courier import Courier
from accord.emulation.faults import Fault, Faults
from accord.errors import Stop
from accord.store.database import Store
from accord.store.outbox import Outbox
from systems.xero.emulator import Emulator
from tests.support import engine, xero
from tests.support.destinations import Clock, Fragile, Mood, PoorLedger, Sight
from tests.support.engine import Crashed, FragileStore, Fuse

DAYS = ("2011-01-31", "2011-02-01", "2011-02-02")
AMOUNTS = ("10.00", "12.34", "-3.50", "0.00")
RELAXED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@dataclass(frozen=True, slots=True)
class Step:
    """One run: what is wanted by then, what goes wrong meanwhile, and where it crashes, if it does.

    `wanted` has an amount for each day; None is a day that nothing is known of yet.
    """

    wanted: tuple[str | None, ...]
    moods: tuple[Mood, ...] = ()
    sights: tuple[Sight, ...] = ()
    faults: tuple[Fault, ...] = ()
    crash_at: int | None = None
    distrust: bool = False

    @property
    def contents(self) -> Mapping[str, Mapping[str, Any]]:
        """What the publish model says."""
        return {
            day: xero.content(day, amount)
            for day, amount in zip(DAYS, self.wanted, strict=True)
            if amount is not None
        }


MOODS: SearchStrategy[Mood] = st.sampled_from(
    [
        "answers", "is lost on the way", "loses its answer", "answers for some", "commits late",
        "asks for later", "refuses", "turns us away", "dies midway",
    ]
)  # fmt: skip
SIGHTS: SearchStrategy[Sight] = st.sampled_from(
    ["is seen", "is seen", "cannot be seen", "turns us away"]
)
FAULTS = st.one_of(
    st.builds(
        Fault,
        st.sampled_from(
            ["reset_before", "reset_after", "status_before", "status_after", "cut_body", "bad_json",
             "too_many", "refuse_some", "expired_token"]
        ),
        method=st.just("POST"),
        path=st.sampled_from(["Invoices", "CreditNotes"]),
        times=st.integers(1, 3),
    ),
    st.builds(
        Fault,
        st.sampled_from(["reset_after", "status_before", "cut_body", "too_many"]),
        method=st.just("GET"),
        path=st.just("api.xro"),
        times=st.integers(1, 8),
    ),
)  # fmt: skip


def steps() -> SearchStrategy[list[Step]]:
    """Some runs, each after some change and with some trouble."""
    return st.lists(
        st.builds(
            Step,
            wanted=st.tuples(*(st.sampled_from([None, *AMOUNTS]) for _ in DAYS)),
            moods=st.lists(MOODS, max_size=3).map(tuple),
            sights=st.lists(SIGHTS, max_size=3).map(tuple),
            faults=st.lists(FAULTS, max_size=2).map(tuple),
            crash_at=st.one_of(st.none(), st.integers(1, 70)),
            distrust=st.sampled_from([False, False, False, True]),
        ),
        min_size=1,
        max_size=4,
    )


@pytest.fixture(autouse=True, scope="module")
def _little_patience() -> Iterator[None]:
    stamina.set_testing(True, attempts=2, cap=True)
    yield
    stamina.set_testing(False)


def ran(store: Store, there: Destination, step: Step, clock: Clock) -> None:
    """Let one run deliver, whatever becomes of it."""
    fuse = Fuse(step.crash_at)
    courier = Courier(
        FragileStore(store.address, fuse),
        an_outbox(),
        Fragile(there, fuse),
        clock=clock,
        sleep=clock.sleep,
    )
    with suppress(Crashed, Stop):
        courier.deliver(list(DAYS), engine.approve_all, distrust=step.distrust)


def an_outbox() -> Outbox:
    """An outbox that sends two at a time."""
    return engine.an_outbox(batch=2)


def told_once_more(story: list[Step]) -> dict[str, Mapping[str, Any]]:
    """What every day is to be in the end; a day once known stays known."""
    wanted: dict[str, Mapping[str, Any]] = {}
    for step in story:
        wanted.update(step.contents)
    return wanted


def changes_of(story: list[Step]) -> dict[str, int]:
    """How often each day's content became another."""
    counts: dict[str, int] = {}
    wanted: dict[str, Mapping[str, Any]] = {}
    for step in story:
        for day, content in step.contents.items():
            counts[f"POS-{day}"] = counts.get(f"POS-{day}", 0) + (wanted.get(day) != content)
            wanted[day] = content
    return counts


def settled_in_the_end(store: Store, there: Destination, story: list[Step], clock: Clock) -> None:
    """Run in peace, twice; nothing may be left open, and the second run has nothing to do."""
    wanted = told_once_more(story)
    engine.publish(store, wanted)
    for _ in range(2):
        was_refused = bool(engine.letters(store))  # a person has it sent again
        result = Courier(store, an_outbox(), there, clock=clock, sleep=clock.sleep).deliver(
            list(DAYS), engine.approve_all, distrust=was_refused
        )
    assert result.trouble is None
    assert {day: dict(counts) for day, counts in result.counts.items()} == {
        day: {"due": 1, "unchanged": 1} for day in wanted
    }
    left = engine.rows(
        store,
        "select state, count(*) from ops.outbox"
        " where state not in ('delivered', 'unchanged', 'superseded', 'rejected') group by state",
    )
    assert left == []
    assert engine.letters(store) == []


@settings(max_examples=150, suppress_health_check=RELAXED)
@given(story=steps())
def test_a_destination_without_any_safety_ends_with_each_day_once(
    publishing: Store, story: list[Step]
) -> None:
    store, clock = engine.emptied(publishing), Clock()
    there = PoorLedger(clock, apart=1.0)
    known: dict[str, Mapping[str, Any]] = {}
    for step in story:
        known.update(step.contents)
        engine.publish(store, known)
        there.moods, there.sights = list(step.moods), list(step.sights)
        ran(store, there, step, clock)
    there.moods, there.sights = [], []
    settled_in_the_end(store, there, story, clock)
    clock.pass_(3600)
    wanted = told_once_more(story)
    held = there.documents()
    assert held == {
        content["number"]: dict.fromkeys(held[content["number"]], content)
        for content in wanted.values()
    }
    assert all(len(found) == 1 for found in held.values())
    assert all(there.sent.count(number) <= most for number, most in changes_of(story).items())


@settings(max_examples=60, suppress_health_check=RELAXED)
@given(story=steps())
def test_xero_ends_with_each_day_once_and_every_effect_once(
    publishing: Store, tmp_path_factory: pytest.TempPathFactory, story: list[Step]
) -> None:
    store, clock = engine.emptied(publishing), Clock()
    folder: Path = tmp_path_factory.mktemp("xero")
    known: dict[str, Mapping[str, Any]] = {}
    with xero.emulator(folder) as emulator, xero.client(emulator) as client:
        for step in story:
            known.update(step.contents)
            engine.publish(store, known)
            emulator.faults.add(*step.faults)
            ran(store, client, step, clock)
            calm(emulator)
        settled_in_the_end(store, client, story, clock)
        wanted = told_once_more(story)
        assert {number: total for number, (_, total) in xero.live(emulator).items()} == {
            content["number"]: Decimal(content["total"]) for content in wanted.values()
        }
        every_effect_is_there_once(emulator, changes_of(story))


def calm(emulator: Emulator) -> None:
    """Let no fault be left over from a run that ended early."""
    emulator.faults = Faults()


def every_effect_is_there_once(emulator: Emulator, changes: Mapping[str, int]) -> None:
    """Never two live documents of a day, and no more effects than there were contents."""
    live: dict[str, set[str]] = {}
    for effect in emulator.journal():
        number = effect.number[:14]
        if effect.effect == "voided":
            live[number].discard(effect.document_id)
        else:
            live.setdefault(number, set()).add(effect.document_id)
        assert len(live[number]) <= 1
    for number, most in changes.items():
        written = [it for it in emulator.journal() if it.number == number and it.effect != "voided"]
        assert len(written) <= most
