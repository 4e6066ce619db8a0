from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from accord.alerting.decide import OPERATIONS, Raise, Recover
from accord.store.alerts import Severity, Standing
from accord.store.stewardship import Cause
from sensors.dead_letters import GROWTH, carried_on, decided, growth, topic

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
OWNERS = {"pos.sales_lines": "finance@company.example"}
DAYS = ["2026-11-21", "2026-11-22", "2026-11-23"]


def a_cause(
    records: int = 3, cause: str = "wrong_field_count", name: str = "pos.sales_lines"
) -> Cause:
    return Cause("landing", name, cause, records, AT, "look for a missing comma")


def standing(*causes: Cause, severity: Severity = "warning") -> dict[str, Standing]:
    return {topic(it): Standing(topic(it), severity, "", AT) for it in causes}


def told(causes: Iterable[Cause], before: dict[str, Standing]) -> list[Raise | Recover]:
    return decided(causes, before, OWNERS, growth=5)


def test_a_new_cause_is_told_once_to_who_answers_for_it_with_its_remedy() -> None:
    (raised,) = told([a_cause()], {})
    assert isinstance(raised, Raise)
    assert (raised.severity, raised.owner) == ("warning", "finance@company.example")
    assert "3 records" in raised.message
    assert "Remedy: look for a missing comma" in raised.message
    assert told([a_cause()], standing(a_cause())) == []


def test_what_no_outcome_stands_for_goes_to_operations() -> None:
    (raised,) = told([a_cause(name="hr.people")], {})
    assert isinstance(raised, Raise)
    assert raised.owner == OPERATIONS


def test_more_letters_of_a_known_cause_are_told_only_above_the_declared_number_and_once() -> None:
    known = standing(a_cause())
    assert told([a_cause(5)], known) == []
    (worse,) = told([a_cause(6)], known)
    assert isinstance(worse, Raise)
    assert worse.severity == "error"
    assert told([a_cause(60)], standing(a_cause(), severity="error")) == []


def test_it_does_not_flutter_around_the_declared_number() -> None:
    assert told([a_cause(5)], standing(a_cause(), severity="error")) == []


def test_a_cause_that_comes_in_numbers_is_told_once_at_its_worst() -> None:
    (raised,) = told([a_cause(6)], {})
    assert isinstance(raised, Raise)
    assert raised.severity == "error"


def test_the_last_letter_of_a_cause_that_goes_is_told_as_its_end() -> None:
    other = a_cause(cause="broken_quotes")
    before = standing(a_cause(), other)
    assert told([other], before) == [
        Recover(topic(a_cause()), "No record waits for this cause any more.")
    ]


def test_alerts_about_other_things_are_left_alone() -> None:
    before = {"outcome:takings": Standing("outcome:takings", "error", "", AT)}
    assert told([], before) == []


def test_the_declared_number_comes_from_the_environment_or_is_the_usual_one() -> None:
    assert growth({"ACCORD_DEAD_LETTER_GROWTH": "7"}) == 7
    assert growth({}) == growth({"ACCORD_DEAD_LETTER_GROWTH": "many"}) == GROWTH


def test_a_replayed_record_starts_a_run_of_the_flow_it_feeds() -> None:
    replays = [("landing", "pos.sales_lines", "2026-11-22", AT)]
    assert carried_on(replays, "takings", ["pos.sales_lines"], DAYS) == [
        ("2026-11-22", "2026-11-22@replay 2026-11-23T12:00:00+00:00")
    ]
    assert carried_on(replays, "people", ["hr.people"], DAYS) == []


def test_each_replay_asks_for_a_run_of_its_own_and_several_of_a_day_for_one() -> None:
    later = AT + timedelta(minutes=5)
    replays = [
        ("gate", "sale", "2026-11-22", AT), ("delivery", "takings", "2026-11-22", later),
        ("delivery", "people", "2026-11-21", later), ("gate", "sale", "1999-01-01", AT),
    ]  # fmt: skip
    ((day, run_key),) = carried_on(replays, "takings", [], DAYS)
    assert day == "2026-11-22"
    assert run_key == f"{day}@replay {later.isoformat()}"


def test_a_letter_without_a_day_goes_with_the_last_day() -> None:
    ((day, _),) = carried_on([("gate", "product", "", AT)], "takings", [], DAYS)
    assert day == "2026-11-23"
