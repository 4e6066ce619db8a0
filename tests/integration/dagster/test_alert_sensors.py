"""Alerts of runs and outcomes, as the daemon's sensors raise and end them."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg
import pytest

from accord.store import alerts
from accord.store.database import Role
from sensors.failures import raise_run_failure, recover_when_mended
from tests.support.day_files import a_line
from tests.support.installation import TOO_MANY, Installation

pytestmark = pytest.mark.filterwarnings("ignore")

TOPIC = "run_failed:takings"


def standing(installation: Installation) -> Mapping[str, alerts.Standing]:
    with installation.store.session(Role.READER) as connection:
        return alerts.standing(connection)


def sensor(installation: Installation, name: str) -> dg.SensorDefinition:
    return installation.definitions.get_sensor_def(name)


def resources(installation: Installation) -> dict[str, object]:
    return {"store": installation.store}


def failed(installation: Installation, done: dg.ExecuteInProcessResult) -> None:
    """Let the daemon's failure sensor see a run."""
    (event,) = [item for item in done.all_events if item.event_type_value == "PIPELINE_FAILURE"]
    run = installation.instance.get_run_by_id(done.run_id)
    assert run is not None
    context = dg.build_run_status_sensor_context(
        sensor_name="run_failure_alert",
        dagster_event=event,
        dagster_instance=installation.instance,
        dagster_run=run,
        resources=resources(installation),
    )
    sensor(installation, "run_failure_alert")(context.for_run_failure())


def succeeded(installation: Installation, done: dg.ExecuteInProcessResult) -> None:
    """Let the daemon's recovery sensor see a run."""
    run = installation.instance.get_run_by_id(done.run_id)
    assert run is not None
    context = dg.build_run_status_sensor_context(
        sensor_name="run_recovery",
        dagster_event=done.get_run_success_event(),
        dagster_instance=installation.instance,
        dagster_run=run,
        resources=resources(installation),
    )
    sensor(installation, "run_recovery")(context)


def test_a_failed_run_is_raised_to_the_flows_owner_until_its_days_were_run_well(
    installation: Installation,
) -> None:
    bad, good = "2011-02-01", "2011-02-02"
    installation.export(bad, a_line(bad, Quantity=TOO_MANY))
    done = installation.run(bad)
    failed(installation, done)
    assert standing(installation)[TOPIC].severity == "error"
    with installation.store.session(Role.READER) as connection:
        (listed,) = [it for it in alerts.listed(connection) if it.topic == TOPIC]
    assert (listed.owner, listed.run_id) == ("finance@company.example", done.run_id)
    installation.export(good)
    succeeded(installation, installation.run(good))
    assert TOPIC in standing(installation)
    installation.export(bad, a_line(bad, Quantity="3"))
    succeeded(installation, installation.run(bad))
    assert TOPIC not in standing(installation)


def test_a_pass_and_the_daemon_that_tell_of_one_failure_make_one_alert(
    installation: Installation,
) -> None:
    day = "2011-02-03"
    installation.export(day, a_line(day, Quantity=TOO_MANY))
    done = installation.run(day)
    failed(installation, done)
    raise_run_failure(installation.store, "takings", ["It stopped."], owner="x", run_id=done.run_id)
    with installation.store.session(Role.READER) as connection:
        (listed,) = [it for it in alerts.listed(connection) if it.topic == TOPIC]
    assert listed.repeats == 1
    assert not recover_when_mended(installation.store, installation.instance, "takings")
    installation.export(day)
    installation.run(day)
    assert recover_when_mended(installation.store, installation.instance, "takings")


def test_the_alerts_sensor_raises_an_outcome_that_is_missed(installation: Installation) -> None:
    context = dg.build_sensor_context(
        instance=installation.instance, resources=resources(installation)
    )
    tick = sensor(installation, "alerts")(context)
    assert isinstance(tick, dg.SkipReason)
    assert "outcome:takings_in_accounting changed" in str(tick.skip_message)
    assert standing(installation)["outcome:takings_in_accounting"].severity == "error"
