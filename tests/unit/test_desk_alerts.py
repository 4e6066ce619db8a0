"""What people are told of questions that have waited too long on a stewards' desk."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from accord.alerting.decide import OPERATIONS, Raise, Recover
from accord.store.alerts import Standing
from accord.store.desk import Waiting
from sensors.desk import PATIENCE, decided, patience, topic

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OWNERS = {"customer": "customers@company.example"}
STANDING = {topic("customer"): Standing(topic("customer"), "warning", "", NOW)}


def told(waiting: Iterable[Waiting], before: dict[str, Standing]) -> list[Raise | Recover]:
    return decided(waiting, before, OWNERS, NOW, patience=PATIENCE)


def since(hours: float, *, reviews: int = 1, conflicts: int = 0) -> list[Waiting]:
    return [Waiting("customer", reviews, conflicts, NOW - timedelta(hours=hours))]


def test_what_waits_too_long_is_told_once_to_who_answers_for_it() -> None:
    (raised,) = told(since(25, reviews=3, conflicts=1), {})
    assert isinstance(raised, Raise)
    assert (raised.severity, raised.owner) == ("warning", "customers@company.example")
    assert "3 pairs and 1 conflict wait for a steward" in raised.message
    assert "the oldest since 2026-11-22 11:00 UTC" in raised.message
    assert "accord match review" in raised.message
    assert told(since(30), STANDING) == []


def test_a_single_question_is_told_of_as_one() -> None:
    (raised,) = told(since(25), {})
    assert isinstance(raised, Raise)
    assert raised.message.startswith("1 pair waits for a steward")
    assert "conflicts" not in raised.message


def test_a_conflict_alone_says_nothing_of_pairs() -> None:
    (raised,) = told(since(25, reviews=0, conflicts=2), {})
    assert isinstance(raised, Raise)
    assert raised.message.startswith("2 conflicts wait for a steward")
    assert "match review" not in raised.message


def test_what_has_not_waited_long_is_not_told() -> None:
    assert told(since(23), {}) == []


def test_it_is_over_when_nothing_has_waited_so_long_any_more() -> None:
    for waiting in ([], since(2)):
        (over,) = told(waiting, STANDING)
        assert isinstance(over, Recover)
        assert over.topic == topic("customer")


def test_the_desk_of_an_entity_nobody_answers_for_is_for_operations() -> None:
    (raised,) = told([Waiting("supplier", 1, 0, NOW - timedelta(days=3))], {})
    assert isinstance(raised, Raise)
    assert raised.owner == OPERATIONS


def test_other_alerts_are_left_alone() -> None:
    assert told([], {"dead_letters:x": Standing("dead_letters:x", "warning", "", NOW)}) == []


def test_how_long_may_be_declared_and_nonsense_is_passed_over() -> None:
    assert patience({"ACCORD_STEWARD_HOURS": "4"}) == timedelta(hours=4)
    assert patience({}) == patience({"ACCORD_STEWARD_HOURS": "soon"}) == PATIENCE
