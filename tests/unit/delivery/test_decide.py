"""The decisions of a delivery, one by one."""

from __future__ import annotations

from collections import Counter

import pytest

from accord.delivery import decide
from accord.records import Found, Receipt, Write, content_digest
from accord.store.due import Due, Standing, State

WANTED = {"number": "POS-1", "total": "1.00"}
DUE = Due("POS-1", "2011-01-04", WANTED)
SAME, OTHER = DUE.digest, content_digest({"number": "POS-1", "total": "2.00"})
OPEN: tuple[State, ...] = ("sending", "unknown")


def standing(
    state: State | None = None, *, delivered: str | None = None, intended: str | None = None,
    run_id: str = "earlier",
) -> Standing:  # fmt: skip
    return Standing("POS-1", delivered, intended, state, run_id)


@pytest.mark.parametrize(
    ("known", "need"),
    [
        (standing(), "send"),
        (standing("delivered", delivered=SAME, intended=SAME), "unchanged"),
        (standing("unchanged", delivered=SAME, intended=SAME), "unchanged"),
        (standing("delivered", delivered=OTHER, intended=OTHER), "send"),
        (standing("waiting", intended=SAME), "waiting"),
        (standing("waiting", intended=OTHER), "send"),
        (standing("waiting", delivered=SAME, intended=OTHER), "send"),
        (standing("rejected", intended=SAME), "rejected"),
        (standing("rejected", delivered=SAME, intended=SAME), "rejected"),
        (standing("rejected", intended=OTHER), "send"),
        (standing("rejected", delivered=SAME, intended=OTHER), "unchanged"),
        (standing(delivered=SAME), "unchanged"),
        *((standing(state, intended=SAME), "unknown") for state in OPEN),
        *((standing(state, intended=OTHER), "unknown") for state in OPEN),
        *((standing(state, delivered=SAME, intended=SAME), "unknown") for state in OPEN),
    ],
)  # fmt: skip
def test_what_one_due_object_needs(known: Standing, need: decide.Need) -> None:
    assert decide.need(DUE, known) == need


@pytest.mark.parametrize(
    ("is_called", "was_called", "need"),
    [("", "", "rejected"), ("9", "9", "rejected"), ("", "9", "rejected"), ("9", "", "send")],
)
def test_a_refused_write_goes_again_once_it_is_known_which_object_it_is_about(
    is_called: str, was_called: str, need: decide.Need
) -> None:
    due = Due("POS-1", "2011-01-04", WANTED, target_id=is_called)
    known = Standing("POS-1", None, SAME, "rejected", "earlier", "w", was_called)
    assert decide.need(due, known) == need


@pytest.mark.parametrize("need", ["send", "waiting", "unchanged", "rejected", "unknown"])
def test_distrust_wants_everything_again_but_what_is_unknown(need: decide.Need) -> None:
    assert decide.is_wanted(need, distrust=False) == (need in ("send", "waiting"))
    assert decide.is_wanted(need, distrust=True) == (need != "unknown")


@pytest.mark.parametrize(
    ("found", "there"),
    [
        (None, False),
        (Found(("a",), SAME), True),
        (Found(("a",), OTHER), False),
        (Found(("a", "b"), SAME), False),
        (Found((), SAME), False),
    ],
)
def test_only_the_same_content_found_once_is_there_already(
    found: Found | None, *, there: bool
) -> None:
    assert decide.already_there(Write("1", "POS-1", WANTED, SAME), found) is there


def test_every_write_gets_a_state_and_one_without_a_receipt_is_unknown() -> None:
    writes = [Write(str(number), f"POS-{number}", {}, "") for number in range(5)]
    receipts = [
        Receipt("0", "delivered", "id-0"),
        Receipt("1", "rejected", "", "locked", "the period is locked", "unlock it"),
        Receipt("2", "retry"),
        Receipt("4", "busy"),
        Receipt("of another batch", "delivered"),
    ]
    settled = decide.settled(receipts, writes)
    assert [(item.write_id, item.state) for item in settled] == [
        ("0", "delivered"), ("1", "rejected"), ("2", "waiting"), ("3", "unknown"),
        ("4", "waiting"),
    ]  # fmt: skip
    assert (settled[1].cause, settled[1].remedy) == ("locked", "unlock it")
    assert settled[0].destination_id == "id-0"


@pytest.mark.parametrize(
    ("known", "state"),
    [
        (standing("delivered", delivered=SAME, intended=SAME, run_id="now"), "delivered"),
        (standing("delivered", delivered=SAME, intended=SAME), "unchanged"),
        (standing("unchanged", delivered=SAME, intended=SAME, run_id="now"), "unchanged"),
        (standing("sending", intended=SAME), "unknown"),
        (standing("unknown", delivered=SAME, intended=OTHER), "unknown"),
        (standing("rejected", intended=SAME), "rejected"),
        (standing("waiting", intended=SAME), "waiting"),
        (standing("delivered", delivered=OTHER, intended=OTHER), "waiting"),
        (standing(), "waiting"),
    ],
)
def test_how_one_due_object_is_counted(known: Standing, state: str) -> None:
    counts = decide.counted([DUE], {"POS-1": known}, run_id="now")
    assert counts == {"2011-01-04": Counter({state: 1})}


def test_what_is_due_is_the_sum_of_the_states_in_every_partition() -> None:
    due = [Due(f"POS-{number}", f"2011-01-0{number % 3}", {}) for number in range(9)]
    states: list[State | None] = [None, "delivered", "waiting", "unknown", "rejected", "unchanged"]
    known = {
        item.object_key: Standing(item.object_key, None, item.digest, states[place % 6], "now")
        for place, item in enumerate(due)
    }
    for counts in decide.summed(decide.counted(due, known, run_id="now")).values():
        assert counts["due"] == counts.total() - counts["due"] == 3
