"""What run history holds: nothing of a customer, and of old runs only what the data needs."""

from __future__ import annotations

import re
from typing import Any

import dagster as dg
import psycopg
import pytest
from psycopg import sql

from sensors.history import KEEP_DAYS
from tests.support.day_files import a_line
from tests.support.installation import TOO_MANY, Installation

pytestmark = pytest.mark.filterwarnings("ignore")

CUSTOMER = "98765432"
PRICE = "77.654321"
BUYER_NOTE = "for Ada Lovelace"


def everything_dagster_stored(installation: Installation) -> str:
    """All rows of all tables of Dagster's own database, as text."""
    with psycopg.connect(installation.store.address.dagster.conninfo) as connection:
        tables = connection.execute(
            "select tablename from pg_tables where schemaname = 'public'"
        ).fetchall()
        assert len(tables) > 20
        return "\n".join(
            row[0]
            for (table,) in tables
            for row in connection.execute(
                sql.SQL("select t::text from {} as t").format(sql.Identifier(table))
            )
        )


def everything_written(installation: Installation) -> str:
    """All files below the home folder, but for what the sandbox and dbt's own sources hold."""
    files = (path for path in installation.settings.home.rglob("*") if path.is_file())
    return "\n".join(path.read_bytes().decode("utf-8", "replace") for path in files)


def test_nothing_of_a_record_is_in_run_history_or_logs(installation: Installation) -> None:
    day = "2011-03-01"
    told = {"CustomerID": f"{CUSTOMER}.0", "UnitPrice": PRICE, "Description": BUYER_NOTE}
    installation.export(day, a_line(day, **told), a_line(day, **told, Quantity=TOO_MANY), b"x,y")
    assert not installation.run(day).success
    installation.export(day, a_line(day, **told), a_line(day, **{**told, "Quantity": "2.5"}))
    assert installation.run(day).success
    stored = everything_dagster_stored(installation) + everything_written(installation)
    assert f"POS-{day}" not in stored
    assert day in stored
    for value in (CUSTOMER, PRICE, BUYER_NOTE):
        assert not re.search(re.escape(value), stored, re.IGNORECASE), value


def events(installation: Installation, run_id: str) -> set[Any]:
    with psycopg.connect(installation.store.address.dagster.conninfo) as connection:
        return {
            row[0]
            for row in connection.execute(
                "select dagster_event_type from event_logs where run_id = %s", (run_id,)
            )
        }


def test_every_day_is_announced_before_the_first_step(installation: Installation) -> None:
    day = "2011-03-04"
    installation.export(day)
    run_id = installation.run(day).run_id
    planned = installation.instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
    ).records
    built = installation.instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
    ).records
    assert len(built) > 5
    assert {item.asset_key for item in planned} == {item.asset_key for item in built}
    assert day in {item.partition_key for item in planned}
    keys = [item.asset_key for item in planned if item.asset_key]
    latest = installation.instance.event_log_storage.get_asset_records(keys)
    assert {item.asset_entry.last_run_id for item in latest} == {run_id}


def test_the_chatter_of_old_runs_goes_and_the_history_of_the_data_stays(
    installation: Installation,
) -> None:
    old, young = "2011-03-02", "2011-03-03"
    installation.export(old)
    installation.export(young)
    runs = [installation.run(day, only=["landing/pos__sales_lines"]).run_id for day in (old, young)]
    before = [events(installation, run) for run in runs]
    with psycopg.connect(installation.store.address.dagster.conninfo) as connection:
        connection.execute(
            "update event_logs set timestamp = timestamp - make_interval(days => %s)"
            " where run_id = %s",
            (KEEP_DAYS + 1, runs[0]),
        )
    job = installation.definitions.resolve_job_def("run_history_retention")
    assert job.execute_in_process(instance=installation.instance).success
    after = [events(installation, run) for run in runs]
    assert after[1] == before[1]
    assert {"STEP_START", "STEP_SUCCESS", "RESOURCE_INIT_SUCCESS"} <= before[0] - after[0]
    kept = {"ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION", "PIPELINE_SUCCESS"}
    assert kept <= after[0]
    assert installation.metadata("landing/pos__sales_lines", old)["read"] == 1
    assert isinstance(installation.instance.get_run_by_id(runs[0]), dg.DagsterRun)
