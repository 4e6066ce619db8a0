"""Promise 8, no guessing: an unknown write is resolved by looking, never by hoping."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from accord.delivery.courier import Courier, Delivered
from accord.errors import Retry, Stop, Unanswered
from accord.records import Receipt, Write, content_digest
from accord.store.database import Store
from accord.store.outbox import Outbox
from tests.support import engine
from tests.support.destinations import Clock, Mood, PoorLedger, Sight, numbered
from tests.support.engine import Crashed

DAYS = [f"2011-01-0{number}" for number in range(1, 8)]
BLIND: list[Sight] = ["cannot be seen"] * 9


@pytest.fixture
def store(publishing: Store) -> Store:
    engine.publish(publishing, {})
    return engine.emptied(publishing)


def poor(*moods: Mood, **changes: Any) -> PoorLedger:
    """A poor destination, on a clock of its own, in these moods."""
    return PoorLedger(Clock(), list(moods), **changes)


def deliver(
    store: Store, there: PoorLedger, *, outbox: Outbox | None = None, distrust: bool = False
) -> Delivered:
    """Let a courier of its own run deliver every day."""
    courier = Courier(
        store, outbox or engine.an_outbox(), there, clock=there.clock, sleep=there.clock.sleep
    )
    return courier.deliver(DAYS, engine.approve_all, distrust=distrust)


def counted(delivered: Delivered) -> dict[str, int]:
    """How all due objects stand."""
    total: dict[str, int] = {}
    for counts in delivered.counts.values():
        for name, number in counts.items():
            total[name] = total.get(name, 0) + number
    return total


def states(store: Store) -> list[tuple[str, str]]:
    """Every intended write with its state, in the order they were intended."""
    found = engine.rows(store, "select object_key, state from ops.outbox order by write_id")
    return [(row["object_key"], row["state"]) for row in found]


def a_total(store: Store, total: str, *days: str) -> dict[str, dict[str, Any]]:
    """Let the publish table hold this total for the days, by default the first."""
    contents = numbered(days or DAYS[:1], lambda _: total)
    engine.publish(store, contents)
    return contents


def test_an_unanswered_write_that_took_effect_is_found_and_not_repeated(store: Store) -> None:
    a_total(store, "1.00")
    there = poor("loses its answer")
    assert counted(deliver(store, there)) == {"due": 1, "delivered": 1}
    assert there.sent == [f"POS-{DAYS[0]}"]
    assert there.looked_up == [(f"POS-{DAYS[0]}",)] * 2


def test_an_unanswered_write_that_never_arrived_is_repeated_after_looking(store: Store) -> None:
    a_total(store, "1.00")
    there = poor("is lost on the way")
    assert counted(deliver(store, there)) == {"due": 1, "delivered": 1}
    assert len(there.documents()[f"POS-{DAYS[0]}"]) == 1
    assert len(there.looked_up) == 3


def test_a_write_whose_effect_comes_late_is_waited_for_and_not_doubled(store: Store) -> None:
    a_total(store, "1.00")
    there = poor("commits late")
    assert counted(deliver(store, there)) == {"due": 1, "delivered": 1}
    assert len(there.documents()[f"POS-{DAYS[0]}"]) == 1
    assert sum(there.clock.slept) >= there.late


def test_the_wait_for_a_late_effect_begins_when_the_last_request_left(store: Store) -> None:
    """A batch may take a minute to leave, so when it began says little."""
    a_total(store, "1.00", *DAYS)
    there = poor("commits late", apart=20.0)
    deliver(store, there)
    assert {len(found) for found in there.documents().values()} == {1}
    assert len(there.sent) == len(DAYS)


def test_what_a_killed_sender_was_sending_is_unknown_until_it_has_been_looked_up(
    store: Store,
) -> None:
    a_total(store, "1.00", *DAYS[:4])
    there = poor("dies midway")
    with pytest.raises(Crashed):
        deliver(store, there)
    assert {state for _, state in states(store)} == {"sending"}
    assert engine.ledger(store) == []
    assert counted(deliver(store, there)) == {"due": 4, "delivered": 4}
    assert {len(found) for found in there.documents().values()} == {1}
    assert sorted(there.sent) == sorted({*there.sent})


def test_a_killed_sender_is_followed_at_once_and_still_nothing_is_doubled(store: Store) -> None:
    """It may have sent its last request the moment it was killed, a minute after its first."""
    a_total(store, "1.00", *DAYS[:6])
    there = poor("dies midway", apart=20.0)
    with pytest.raises(Crashed):
        deliver(store, there)
    deliver(store, there)
    assert {len(found) for found in there.documents().values()} == {1}


def test_without_looking_it_stays_unknown_is_counted_so_and_nothing_is_sent(store: Store) -> None:
    a_total(store, "1.00")
    there = poor("is lost on the way", sights=["is seen", *BLIND])
    first = deliver(store, there, outbox=engine.an_outbox(run_id="first"))
    assert counted(first) == {"due": 1, "unknown": 1}
    assert isinstance(first.trouble, Unanswered)
    there.sights = BLIND.copy()
    second = deliver(store, there, outbox=engine.an_outbox(run_id="second"))
    assert counted(second) == {"due": 1, "unknown": 1}
    assert isinstance(second.trouble, Retry)
    assert there.sent == []
    assert [row["unknown"] for row in engine.ledger(store)] == [1, 1]
    there.sights.clear()
    assert counted(deliver(store, there)) == {"due": 1, "delivered": 1}


def test_new_content_does_not_make_an_unknown_write_forgotten(store: Store) -> None:
    """The old write may yet take effect, so the new one waits until that is known."""
    a_total(store, "1.00")
    there = poor("commits late", sights=["is seen", *BLIND])
    deliver(store, there)
    wanted = a_total(store, "2.00")
    there.sights = ["cannot be seen"]
    assert counted(deliver(store, there)) == {"due": 1, "unknown": 1}
    assert states(store) == [(f"POS-{DAYS[0]}", "unknown")]
    there.sights.clear()
    assert counted(deliver(store, there)) == {"due": 1, "delivered": 1}
    assert list(there.documents()[f"POS-{DAYS[0]}"].values()) == list(wanted.values())


def test_an_object_without_an_unknown_write_goes_on_beside_one_that_has(store: Store) -> None:
    a_total(store, "1.00", DAYS[0])
    there = poor("is lost on the way", sights=["is seen", *BLIND])
    deliver(store, there)
    a_total(store, "1.00", *DAYS[:3])
    there.sights = ["cannot be seen"]
    found = deliver(store, there)
    assert counted(found) == {"due": 3, "unknown": 1, "delivered": 2}
    assert isinstance(found.trouble, Retry)


def test_a_write_without_a_receipt_is_unknown_and_the_answered_ones_are_not(store: Store) -> None:
    a_total(store, "1.00", *DAYS[:4])
    there = poor("answers for some", sights=["is seen", *BLIND])
    found = deliver(store, there)
    assert counted(found) == {"due": 4, "delivered": 2, "unknown": 2}
    there.sights.clear()
    assert counted(deliver(store, there)) == {"due": 4, "unchanged": 2, "delivered": 2}
    assert len(there.sent) == 4


def test_answers_that_never_come_end_in_waiting_and_in_trouble_not_in_a_quiet_success(
    store: Store,
) -> None:
    a_total(store, "1.00")
    lost: list[Mood] = ["is lost on the way"] * 20
    there = poor(*lost)
    found = deliver(store, there)
    assert counted(found) == {"due": 1, "waiting": 1}
    assert isinstance(found.trouble, Unanswered)


def test_a_document_somebody_doubled_is_reported_and_never_mended_by_guessing(
    store: Store,
) -> None:
    there = poor()
    wanted = a_total(store, "1.00")[DAYS[0]]
    there.add(wanted)
    there.add(wanted)
    found = deliver(store, there)
    assert counted(found) == {"due": 1, "rejected": 1}
    assert len(there.documents()[f"POS-{DAYS[0]}"]) == 2
    (letter,) = engine.letters(store)
    assert (letter["stage"], letter["cause"], letter["record_key"]) == (
        "delivery", "doubled", f"POS-{DAYS[0]}",
    )  # fmt: skip


def test_an_unknown_write_whose_document_is_doubled_is_not_called_delivered(store: Store) -> None:
    wanted = a_total(store, "1.00")[DAYS[0]]
    there = poor("is lost on the way", sights=["is seen", *BLIND])
    deliver(store, there)
    there.add(wanted)
    there.add(wanted)
    there.sights.clear()
    assert counted(deliver(store, there)) == {"due": 1, "rejected": 1}


def test_what_is_there_already_is_noted_and_not_sent(store: Store) -> None:
    there = poor()
    there.add(a_total(store, "1.00")[DAYS[0]])
    found = deliver(store, there)
    assert counted(found) == {"due": 1, "unchanged": 1}
    assert there.sent == []


def test_a_refused_write_waits_in_the_dead_letters_and_is_not_sent_again(store: Store) -> None:
    a_total(store, "1.00", *DAYS[:2])
    there = poor("refuses")
    assert counted(deliver(store, there)) == {"due": 2, "rejected": 1, "delivered": 1}
    assert counted(deliver(store, there)) == {"due": 2, "rejected": 1, "unchanged": 1}
    assert len(there.sent) == 1
    (letter,) = engine.letters(store)
    assert (letter["cause"], letter["remedy"]) == ("refused", "correct it")


@pytest.mark.parametrize("mended", ["with new content", "at the destination", "by taking it back"])
def test_a_refused_write_that_is_mended_settles_its_dead_letter(store: Store, mended: str) -> None:
    there = poor()
    a_total(store, "1.00")
    deliver(store, there)
    refused = a_total(store, "2.00")[DAYS[0]]
    there.moods = ["refuses"]
    deliver(store, there)
    assert len(engine.letters(store)) == 1
    if mended == "with new content":
        a_total(store, "3.00")
        assert counted(deliver(store, there)) == {"due": 1, "delivered": 1}
    elif mended == "by taking it back":
        a_total(store, "1.00")
        assert counted(deliver(store, there)) == {"due": 1, "unchanged": 1}
    else:
        (name,) = there.documents()[f"POS-{DAYS[0]}"]
        there.effects.append((there.clock.now, f"POS-{DAYS[0]}", name, refused))
        assert counted(deliver(store, there, distrust=True)) == {"due": 1, "unchanged": 1}
    assert engine.letters(store) == []


@pytest.mark.parametrize(
    ("moods", "sights"),
    [([], ["turns us away"]), (["turns us away"], [])],
    ids=["at the look-up", "at the write"],
)
def test_a_destination_that_turns_us_away_still_leaves_a_balanced_ledger(
    store: Store, moods: list[Mood], sights: list[Sight]
) -> None:
    a_total(store, "1.00", *DAYS[:2])
    there = poor(*moods, sights=sights)
    with pytest.raises(Stop):
        deliver(store, there)
    assert [(row["due"], row["waiting"]) for row in engine.ledger(store)] == [(1, 1)] * 2
    assert counted(deliver(store, there)) == {"due": 2, "delivered": 2}


def test_being_turned_away_leaves_an_unknown_write_unknown(store: Store) -> None:
    a_total(store, "1.00")
    there = poor("is lost on the way", sights=["is seen", "turns us away", "turns us away"])
    for _ in range(2):
        with pytest.raises(Stop):
            deliver(store, there)
    assert [(row["due"], row["unknown"]) for row in engine.ledger(store)] == [(1, 1)] * 2
    assert states(store) == [(f"POS-{DAYS[0]}", "unknown")]


def test_looking_again_on_request_finds_what_somebody_took_away(store: Store) -> None:
    a_total(store, "1.00")
    there = poor()
    deliver(store, there)
    there.effects.clear()
    assert counted(deliver(store, there)) == {"due": 1, "unchanged": 1}
    assert counted(deliver(store, there, distrust=True)) == {"due": 1, "delivered": 1}
    assert len(there.documents()[f"POS-{DAYS[0]}"]) == 1


def test_the_idempotency_key_of_a_write_is_the_same_when_it_is_repeated(store: Store) -> None:
    """Where the destination knows such keys, they guard as well."""
    seen: list[Write] = []

    class Keyed(PoorLedger):
        def deliver(self, kind: str, writes: Sequence[Write]) -> Sequence[Receipt]:
            seen.extend(writes)
            return PoorLedger.deliver(self, kind, writes)

    content = a_total(store, "1.00")[DAYS[0]]
    deliver(store, Keyed(Clock(), ["is lost on the way"]))
    assert [write.digest for write in seen] == [content_digest(content)] * len(seen)
    assert len({write.write_id for write in seen}) == 1
    assert len(seen) == 2
