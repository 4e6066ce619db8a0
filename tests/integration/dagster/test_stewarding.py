"""Stewards in the Dagster UI: jobs by run config, and the sensors that tell and carry on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from accord.store import alerts
from accord.store.alerts import Listed
from accord.store.database import Role, Store
from integration_assets.partitions import business_days
from integration_assets.stewarding import discard_dead_letters, replay_dead_letters
from sensors.dead_letters import after_replays, dead_letters
from tests.support import engine
from tests.support.day_files import DAY, a_client, a_file, a_line
from tests.support.letters import deliver, discard, edit, letters, live, take, the_letter

GOOD = a_line(InvoiceNo="540009")


@pytest.fixture
def store(installed: Store, tmp_path: Path) -> Store:
    """A store with a day of one good line and one that was torn."""
    emptied = engine.emptied(installed)
    deliver(tmp_path, a_file(a_line(), b"torn"))
    take(emptied, tmp_path)
    return emptied


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


class Tills:
    """A company that has only its tills."""

    def client(self, system: str) -> object:
        return a_client(Path("/nowhere"))


def run(
    job: dg.JobDefinition, store: Store, instance: dg.DagsterInstance, **config: Any
) -> dg.ExecuteInProcessResult:
    """Run a steward's job with this config."""
    name = job.name.partition("_")[0]
    return job.execute_in_process(
        run_config={"ops": {name: {"config": {"who": "ann", **config}}}},
        resources={"store": store, "company": Tills()},
        instance=instance,
        raise_on_error=False,
    )


def test_a_steward_replays_from_the_ui(store: Store, instance: dg.DagsterInstance) -> None:
    edit(store, GOOD)
    done = run(replay_dead_letters, store, instance, cause="wrong_field_count", why="mended")
    assert done.success
    assert GOOD in live(store).values()
    assert letters(store)[0].replayed_run_id == f"replay-{done.run_id}"
    (event,) = [it for it in done.all_events if it.event_type is dg.DagsterEventType.STEP_OUTPUT]
    assert event.step_output_data.metadata["landed"].value == 1


def test_a_steward_discards_from_the_ui(store: Store, instance: dg.DagsterInstance) -> None:
    letter = the_letter(store).dead_letter_id
    assert run(discard_dead_letters, store, instance, ids=[letter[-12:]], why="no sale").success
    assert (letters(store)[0].state, letters(store)[0].discarded_by) == ("discarded", "ann")


@pytest.mark.parametrize(
    ("job", "config"),
    [
        (replay_dead_letters, {}),
        (replay_dead_letters, {"cause": "nothing like it"}),
        (replay_dead_letters, {"ids": ["ffffffff-ffff"]}),
        (replay_dead_letters, {"since": "yesterday"}),
        (discard_dead_letters, {"everything": True}),
        (discard_dead_letters, {"why": "of no letter in particular"}),
    ],
)
def test_a_config_that_does_not_say_enough_changes_nothing(
    store: Store, instance: dg.DagsterInstance, job: dg.JobDefinition, config: Mapping[str, Any]
) -> None:
    before = engine.everything_stored(store)
    done = run(job, store, instance, **config)
    assert not done.success
    (failed,) = [it for it in done.all_events if it.is_step_failure]
    failure = failed.step_failure_data.user_failure_data
    assert failure is not None
    assert "Remedy: " in str(failure.description)
    assert engine.everything_stored(store) == before


def sense(store: Store, *, growth: int = 5) -> list[Listed]:
    """Let the sensor look once; return the alerts as they are then."""
    with dg.build_sensor_context(resources={"store": store}) as context:
        dead_letters({"pos.sales_lines": "finance@company.example"}, growth=growth)(context)
    with store.session(Role.READER) as connection:
        return alerts.listed(connection, recovered=True)


def notices(store: Store) -> list[str]:
    """What people were told, in order."""
    rows = engine.rows(store, "select kind from ops.alert_notices order by notice_id")
    return [row["kind"] for row in rows]


def test_people_are_told_once_of_a_new_cause_of_growth_and_of_recovery(
    store: Store, tmp_path: Path
) -> None:
    (alert,) = sense(store)
    assert (alert.severity, alert.owner) == ("warning", "finance@company.example")
    sense(store)
    assert notices(store) == ["raised"]
    deliver(tmp_path, a_file(a_line(), *[b"torn"] * 7))
    take(store, tmp_path)
    (alert,) = sense(store)
    assert alert.severity == "error"
    sense(store)
    assert notices(store) == ["raised", "changed"]
    discard(store, *letters(store))
    (alert,) = sense(store)
    sense(store)
    assert alert.state == "recovered"
    assert notices(store) == ["raised", "changed", "recovered"]


def test_an_alert_holds_no_value_of_a_record(store: Store) -> None:
    assert "torn" not in str(sense(store))


def test_after_a_replay_the_day_is_run_once(store: Store, tmp_path: Path) -> None:
    days = business_days(date.fromisoformat(DAY), "Europe/London")
    sensor = after_replays("takings", ["pos.sales_lines"], days)

    def asked() -> list[tuple[str | None, str | None]]:
        with dg.build_sensor_context(resources={"store": store}) as context:
            found: Any = list(sensor(context))  # type: ignore[call-overload]
        return [(it.partition_key, it.run_key) for it in found if isinstance(it, dg.RunRequest)]

    assert asked() == []
    edit(store, GOOD)
    with dg.DagsterInstance.ephemeral() as instance:
        run(replay_dead_letters, store, instance, everything=True)
    ((day, run_key),) = asked()
    assert day == DAY
    assert asked() == [(day, run_key)]
    take(store, tmp_path)
    assert asked() == []
