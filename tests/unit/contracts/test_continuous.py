"""What a business owner reads about an outcome that never ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from accord.contracts.continuous import FlowFacts, state_now
from accord.contracts.outcomes import Outcome, OutcomeState

NOW = datetime(2026, 3, 9, 12, 0, tzinfo=UTC)
OUTCOME = Outcome(
    name="customers_agree",
    says="Every customer is the same everywhere within an hour",
    owner="sales@company.example",
    flow="customers",
    timezone="Europe/London",
    acceptable_latency=timedelta(hours=1),
    measure="objects that differ",
)


def ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


def seen(**facts: object) -> OutcomeState:
    known = {"compared_at": ago(1), "objects": 60, **facts}
    return state_now(OUTCOME, FlowFacts(**known), NOW)  # type: ignore[arg-type]


def test_before_the_first_comparison_nothing_is_promised() -> None:
    told = seen(compared_at=None)
    assert (told.state, told.difference) == ("pending", None)
    assert told.detail == "Nothing has been compared yet."


def test_when_all_is_equal_and_nothing_waits_it_is_met() -> None:
    told = seen()
    assert told.state == "met"
    assert told.detail == "All 60 objects were equal at 11:59 on 2026-03-09."
    assert told.remedy == ""


def test_what_differs_is_pending_until_its_time_is_over_and_then_missed() -> None:
    assert seen(apart=2, apart_since=ago(59)).state == "pending"
    told = seen(apart=2, apart_since=ago(61))
    assert told.state == "missed"
    assert told.detail == "2 of 60 differ; it was due by 11:59 on 2026-03-09."
    assert "accord reconcile --flow customers" in told.remedy


def test_a_write_that_does_not_arrive_is_missed_though_the_last_comparison_was_equal() -> None:
    assert seen(waiting_since=ago(10)).state == "pending"
    assert seen(waiting_since=ago(70)).state == "missed"


def test_a_change_that_no_pass_goes_over_is_missed() -> None:
    assert seen(landed_since=ago(10)).state == "pending"
    assert seen(landed_since=ago(70)).state == "missed"
