"""What a business owner reads about an outcome."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from accord.contracts.outcomes import DayFacts, Outcome, OutcomeState, load_outcomes, state
from accord.errors import Stop

ROOT = Path(__file__).resolve().parents[3]
TUESDAY = date(2011, 3, 8)
NOTHING = DayFacts()


def outcome() -> Outcome:
    return load_outcomes(ROOT / "contracts" / "outcomes.yaml")["takings_in_accounting"]


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2011, 3, day, hour, minute, tzinfo=UTC)


def held(when: datetime, *, arrived: datetime) -> DayFacts:
    return DayFacts(
        landed=True, first_arrived_at=arrived, reconciled_at=when, difference=Decimal("0.00")
    )


def seen(facts: DayFacts, now: datetime, *, before: DayFacts | None = None) -> OutcomeState:
    monday = before or held(at(8, 2), arrived=at(8, 1))
    return state(outcome(), {TUESDAY: facts, TUESDAY - timedelta(days=1): monday}, now)


def test_the_declared_outcome_says_who_wants_what_by_when() -> None:
    declared = outcome()
    assert declared.name == "takings_in_accounting"
    assert declared.says == "Accounting holds yesterday's takings, to the cent, by 06:00"
    assert declared.owner == "finance@company.example"
    assert declared.acceptable_latency == timedelta(hours=2)
    assert declared.tolerance == 0


def test_takings_held_before_the_deadline_are_met() -> None:
    told = seen(held(at(9, 2, 15), arrived=at(9, 1)), at(9, 7))
    assert (told.state, told.day) == ("met", TUESDAY)
    assert told.detail == "Accounting has held the day 2011-03-08 since 02:15 on 2011-03-09."
    assert told.remedy == ""


def test_takings_held_after_the_deadline_are_late() -> None:
    told = seen(held(at(9, 6, 30), arrived=at(9, 1)), at(9, 7))
    assert told.state == "late"
    assert told.detail == (
        "Accounting has held the day 2011-03-08 only since 06:30 on 2011-03-09; "
        "it was due by 06:00 on 2011-03-09."
    )


def test_a_late_export_counts_as_met_when_accounting_followed_within_the_latency() -> None:
    told = seen(held(at(9, 9, 30), arrived=at(9, 8)), at(9, 11))
    assert told.state == "met"
    assert told.detail == (
        "Accounting has held the day 2011-03-08 since 09:30 on 2011-03-09; "
        "the day's export arrived late, at 08:00 on 2011-03-09."
    )


def test_a_late_export_is_late_when_accounting_took_longer_than_the_latency() -> None:
    assert seen(held(at(9, 10, 1), arrived=at(9, 8)), at(9, 11)).state == "late"


def test_before_the_deadline_missing_takings_are_pending() -> None:
    told = seen(NOTHING, at(9, 5))
    assert told.state == "pending"
    assert told.detail == (
        "The export of 2011-03-08 has not arrived yet; due by 06:00 on 2011-03-09."
    )


def test_a_day_that_never_arrived_is_missed_and_says_what_to_do() -> None:
    told = seen(NOTHING, at(9, 6, 1))
    assert told.state == "missed"
    assert told.detail == (
        "The export of 2011-03-08 has not arrived; it was due by 06:00 on 2011-03-09."
    )
    assert told.remedy == ("have the export of that day sent; the next pass delivers it by itself")


def test_an_export_that_could_not_be_read_points_to_the_dead_letters() -> None:
    told = seen(DayFacts(first_arrived_at=at(9, 1)), at(9, 7))
    assert told.state == "missed"
    assert told.detail.startswith("The export of 2011-03-08 could not be read; ")
    assert "dead letters" in told.remedy


def test_a_difference_is_told_to_the_cent() -> None:
    facts = DayFacts(landed=True, first_arrived_at=at(9, 1), difference=Decimal("-12.30"))
    told = seen(facts, at(9, 7))
    assert (told.state, told.difference) == ("missed", Decimal("-12.30"))
    assert told.detail == (
        "Accounting differs by -12.30 for 2011-03-08; it was due by 06:00 on 2011-03-09."
    )
    assert "accord reconcile --from 2011-03-08 --to 2011-03-08" in told.remedy


def test_a_late_export_not_yet_delivered_is_pending_within_the_latency() -> None:
    facts = DayFacts(landed=True, first_arrived_at=at(9, 8))
    told = seen(facts, at(9, 9))
    assert told.state == "pending"
    assert told.detail == (
        "Accounting has not been compared for 2011-03-08; due by 10:00 on 2011-03-09; "
        "the day's export arrived late, at 08:00 on 2011-03-09."
    )
    assert seen(facts, at(9, 10, 1)).state == "missed"


def test_a_correction_gets_the_latency_again() -> None:
    facts = DayFacts(
        landed=True,
        first_arrived_at=at(9, 1),
        last_arrived_at=at(9, 12),
        reconciled_at=at(9, 2),
        difference=Decimal("4.00"),
    )
    told = seen(facts, at(9, 13))
    assert told.state == "pending"
    assert told.detail == (
        "Accounting differs by 4.00 for 2011-03-08 since a correction; due by 14:00 on 2011-03-09."
    )
    assert seen(facts, at(9, 15)).state == "missed"


def test_a_missed_day_stays_in_sight_while_the_next_is_pending() -> None:
    told = seen(NOTHING, at(9, 5), before=NOTHING)
    assert (told.state, told.day) == ("missed", TUESDAY - timedelta(days=1))


def test_takings_held_early_are_met_before_their_deadline() -> None:
    assert seen(held(at(9, 1), arrived=at(9, 0)), at(9, 2)).state == "met"


def test_the_deadline_is_local_also_in_summer() -> None:
    day = date(2011, 7, 5)
    told = state(outcome(), {}, datetime(2011, 7, 6, 5, 30, tzinfo=UTC))
    assert (told.day, told.state) == (day, "missed")


def test_a_day_without_trade_is_never_due(tmp_path: Path) -> None:
    text = (ROOT / "contracts" / "outcomes.yaml").read_text(encoding="utf-8")
    path = tmp_path / "outcomes.yaml"
    path.write_text(text.replace("closed_on: []", "closed_on: [tuesday]"), encoding="utf-8")
    closed = load_outcomes(path)["takings_in_accounting"]
    assert state(closed, {}, at(9, 7)).day == date(2011, 3, 7)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('"06:00:00"', "16:00:00"),
        ("Europe/London", "Europe/Londinium"),
        ("owner:", "ownr:"),
        ("says:", "? ["),
    ],
)
def test_an_unusable_outcome_is_refused_with_a_remedy(
    tmp_path: Path, was: str, becomes: str
) -> None:
    text = (ROOT / "contracts" / "outcomes.yaml").read_text(encoding="utf-8")
    path = tmp_path / "outcomes.yaml"
    path.write_text(text.replace(was, becomes), encoding="utf-8")
    with pytest.raises(Stop, match="put times and decimals into quotes"):
        load_outcomes(path)
