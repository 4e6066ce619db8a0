"""What starts runs: the decisions, and the sensor and schedule that make them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.records import Slice
from accord.store.reports import Compared
from sensors.upstream import (
    DAYS_A_RUN,
    remembered,
    requests,
    stretches,
    unsettled,
    wanted,
)
from tests.support.installation import Installation

pytestmark = pytest.mark.filterwarnings("ignore")

DAYS = [f"2011-02-{day:02}" for day in range(1, 29)]


def pieces(*found: tuple[str, str]) -> list[Slice]:
    return [Slice(f"{day}.csv", day, signature) for day, signature in found]


def compared(day: str, state: str) -> Compared:
    nothing = Decimal(0)
    return Compared(day, state, nothing, nothing, nothing, 1, datetime(2011, 3, 1, tzinfo=UTC))


def test_days_outside_the_partitions_are_named_and_not_asked_for() -> None:
    days, outside = wanted(pieces(("2010-12-31", "a"), ("2011-02-01", "b")), {}, DAYS)
    assert (list(days), outside) == (["2011-02-01"], ["2010-12-31"])


def test_the_same_content_is_asked_for_once() -> None:
    days, _ = wanted(pieces(("2011-02-01", "a")), {}, DAYS)
    assert requests(days, {}) != []
    assert requests(days, days) == []


def test_changed_content_is_asked_for_again_under_another_key() -> None:
    before, _ = wanted(pieces(("2011-02-01", "a")), {}, DAYS)
    after, _ = wanted(pieces(("2011-02-01", "b")), {}, DAYS)
    (first,), (second,) = requests(before, {}), requests(after, before)
    assert first.run_key != second.run_key


def test_content_that_comes_back_after_another_is_asked_for_again() -> None:
    first, _ = wanted(pieces(("2011-02-01", "a")), {}, DAYS)
    again, _ = wanted(pieces(("2011-02-01", "a")), {"2011-02-01": "pos.sales_lines=2"}, DAYS)
    assert requests(again, {})[0].run_key != requests(first, {})[0].run_key


def test_a_few_days_go_singly_and_many_by_weeks() -> None:
    few, _ = wanted(pieces(*((day, "a") for day in DAYS[:3])), {}, DAYS)
    assert [(it.first, it.last) for it in requests(few, {})] == [(day, day) for day in DAYS[:3]]
    many, _ = wanted(pieces(*((day, "a") for day in DAYS[:9])), {}, DAYS)
    assert [(it.first, it.last) for it in requests(many, {})] == [
        (DAYS[0], DAYS[6]),
        (DAYS[7], DAYS[8]),
    ]


@given(st.sets(st.sampled_from(DAYS)), st.integers(1, DAYS_A_RUN))
def test_stretches_hold_every_day_once_without_gaps(days: set[str], most: int) -> None:
    cut = stretches(sorted(days), most)
    assert sorted(day for stretch in cut for day in stretch) == sorted(days)
    for stretch in cut:
        assert len(stretch) <= most
        assert stretch == DAYS[DAYS.index(stretch[0]) : DAYS.index(stretch[-1]) + 1]


@pytest.mark.parametrize("cursor", [None, "", "2011-02-01@17-4", "[1]", "3"])
def test_a_cursor_that_a_person_wrote_is_as_good_as_none(cursor: str | None) -> None:
    assert remembered(cursor) == {}


def test_the_schedule_takes_recent_days_that_changed_or_do_not_agree() -> None:
    rows = [compared("2011-01-01", "missing"), compared("2011-02-01", "different")]
    rows.append(compared("2011-02-02", "equal"))
    assert unsettled(rows, ["2011-02-03"], date(2011, 1, 31)) == ["2011-02-01", "2011-02-03"]


def sensed(installation: Installation, cursor: str | None = None) -> Any:
    sensor = installation.definitions.get_sensor_def("takings_upstream_changes")
    context = dg.build_sensor_context(
        instance=installation.instance,
        repository_def=installation.definitions.get_repository_def(),
        cursor=cursor,
        resources={"store": installation.store, "company": installation.company},
    )
    return sensor.evaluate_tick(context)


def asked_for(tick: Any, day: str) -> list[dg.RunRequest]:
    return [request for request in tick.run_requests or () if request.partition_key == day]


def test_the_sensor_asks_for_a_new_and_for_a_changed_file_and_then_is_quiet(
    installation: Installation,
) -> None:
    day = "2011-02-10"
    installation.export(day)
    first = sensed(installation)
    assert len(asked_for(first, day)) == 1
    assert asked_for(sensed(installation, first.cursor), day) == []
    assert installation.run(day).success
    assert asked_for(sensed(installation), day) == []
    installation.export(day, b"x,y")
    assert len(asked_for(sensed(installation), day)) == 1
    assert installation.run(day).success


def test_the_schedule_asks_for_what_the_sensor_missed(installation: Installation) -> None:
    day = "2011-02-14"
    installation.export(day)
    schedule = installation.definitions.get_schedule_def("takings_in_accounting_catch_up")

    def asked(at: datetime) -> list[str | None]:
        context = dg.build_schedule_context(
            instance=installation.instance,
            repository_def=installation.definitions.get_repository_def(),
            scheduled_execution_time=at,
            resources={"store": installation.store, "company": installation.company},
        )
        tick = schedule.evaluate_tick(context)
        return [request.partition_key for request in tick.run_requests or ()]

    at = datetime(2011, 2, 15, 5, 30, tzinfo=UTC)
    assert day in asked(at)
    assert installation.run(day).success
    assert day not in asked(at)
