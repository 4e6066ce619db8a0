"""What a refusal leaves behind: one dead letter for what was refused last, and no false belief."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from accord.delivery.courier import Approved, Courier, Delivered
from accord.records import Receipt, Write
from accord.store.database import Store
from tests.support import engine, xero
from tests.support.destinations import Clock, Mood, PoorLedger, numbered

DAY = "2011-01-31"


@pytest.fixture
def store(publishing: Store) -> Store:
    engine.publish(publishing, {})
    return engine.emptied(publishing)


def deliver(store: Store, there: Any, **options: Any) -> Delivered:
    """Let a courier of its own run deliver the day."""
    clock = Clock()
    courier = Courier(store, engine.an_outbox(), there, clock=clock, sleep=clock.sleep)
    return courier.deliver([DAY], options.pop("approve", engine.approve_all), **options)


def crosswalk(store: Store) -> list[dict[str, Any]]:
    """What is believed of the destination."""
    return engine.rows(store, "select destination_id, digest from ops.crosswalk")


def test_what_is_refused_again_with_other_content_is_one_dead_letter(store: Store) -> None:
    moods: list[Mood] = ["refuses", "refuses"]
    there = PoorLedger(Clock(), moods)
    for total in ("1.00", "2.00"):
        engine.publish(store, numbered([DAY], lambda _, told=total: told))
        deliver(store, there)
    (letter,) = engine.letters(store)
    assert b"2.00" in letter["payload"]


@pytest.mark.parametrize(
    ("said", "kept"),
    [("no \0 please", "no \\0 please"), ("half \ud83d", "half \\ud83d"), ("n\u00f6", "n\u00f6")],
)
def test_whatever_a_refusal_says_it_is_kept_and_the_others_are_delivered(
    store: Store, said: str, kept: str
) -> None:
    class Odd(PoorLedger):
        def deliver(self, kind: str, writes: Sequence[Write]) -> Sequence[Receipt]:
            first, *rest = writes
            refused = Receipt(first.write_id, "rejected", said, "validation_refused", said, "ask")
            return [refused, *super().deliver(kind, rest)]

    days = [DAY, "2011-02-01"]
    engine.publish(store, numbered(days, lambda _: "1.00"))
    clock = Clock()
    courier = Courier(store, engine.an_outbox(), Odd(clock), clock=clock, sleep=clock.sleep)
    total = courier.deliver(days, engine.approve_all).total
    assert (total["rejected"], total["delivered"]) == (1, 1)
    (letter,) = engine.letters(store)
    assert letter["detail"] == kept
    told = engine.rows(store, "select detail from ops.outbox where state = 'rejected'")
    assert told == [{"detail": kept}]


def test_a_day_that_lost_its_document_to_a_refused_one_gets_it_back(
    store: Store, tmp_path: Path
) -> None:
    """A sign that flips voids the old document first; then the new one may be refused."""
    negative, positive = xero.content(DAY, "-5.00"), xero.content(DAY, "5.00")
    positive["lines"][0]["account"] = "999"
    with xero.emulator(tmp_path) as emulator, xero.client(emulator) as client:
        for content in (negative, positive, negative):
            engine.publish(store, {DAY: content})
            deliver(store, client)
        assert list(xero.live(emulator)) == [f"POS-{DAY}"]
    assert engine.letters(store) == []


def test_looking_anew_at_what_the_gate_holds_back_does_not_forget_its_id(store: Store) -> None:
    there = PoorLedger(Clock())
    engine.publish(store, numbered([DAY], lambda _: "1.00"))
    deliver(store, there)
    (before,) = crosswalk(store)
    found = deliver(store, there, distrust=True, approve=lambda *_: Approved({}, "test"))
    assert found.counts[DAY]["held"] == 1
    assert [row["destination_id"] for row in crosswalk(store)] == [before["destination_id"]]
