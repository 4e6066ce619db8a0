"""What the definitions promise a person who looks at them, and what orders the steps of a run."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest
import yaml

from resources.instance import configuration
from tests.support.installation import Installation

pytestmark = pytest.mark.filterwarnings("ignore")

WAY = {
    "pos/sales_lines": "sources",
    "landing/pos__sales_lines": "landing",
    "canonical/sales": "canonical",
    "publish/pub_xero__documents": "publish",
    "xero/documents": "xero",
    "landing/xero__documents": "read_back",
    "reconciliation/rec_takings__pos_vs_xero": "reconciliation",
    "outcomes/takings_in_accounting": "outcomes",
}


@pytest.fixture(scope="module", name="specs")
def _specs(installation: Installation) -> dict[str, dg.AssetSpec]:
    found = installation.definitions.resolve_all_asset_specs()
    return {spec.key.to_user_string(): spec for spec in found}


def test_the_lineage_goes_from_the_tills_to_the_outcome_group_by_group(
    specs: dict[str, dg.AssetSpec],
) -> None:
    assert {name: specs[name].group_name for name in WAY} == WAY
    order = list(dict.fromkeys(WAY.values()))
    groups = {name: str(spec.group_name) for name, spec in specs.items()}
    for name in behind(specs, "outcomes/takings_in_accounting"):
        for dep in specs[name].deps:
            assert order.index(groups[dep.asset_key.to_user_string()]) <= order.index(groups[name])


def behind(specs: dict[str, dg.AssetSpec], name: str) -> set[str]:
    """An asset and everything it comes from."""
    found, waiting = set(), [name]
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += [dep.asset_key.to_user_string() for dep in specs[here].deps]
    return found


def test_every_asset_says_what_it_is_and_who_answers_for_it(
    installation: Installation, specs: dict[str, dg.AssetSpec]
) -> None:
    ours = {
        key.to_user_string()
        for key in installation.definitions.resolve_asset_graph().executable_asset_keys
    }
    for name, spec in specs.items():
        assert len(spec.description or "") > 20, name
        assert spec.owners or name not in ours or spec.group_name == "read_back", name


def test_tables_show_their_columns_with_their_privacy(specs: dict[str, dg.AssetSpec]) -> None:
    for name in ("landing/pos__sales_lines", "canonical/sales", "canonical/products"):
        columns = specs[name].metadata["dagster/column_schema"].columns
        assert all(column.description for column in columns), name
    sales = specs["canonical/sales"].metadata["dagster/column_schema"].columns
    (customer,) = [column for column in sales if column.name == "customer_code"]
    assert customer.tags == {"privacy": "confidential"}


def test_what_an_outcome_promises_has_a_freshness_policy(specs: dict[str, dg.AssetSpec]) -> None:
    policy: Any = specs["xero/documents"].freshness_policy
    assert (policy.deadline_cron, policy.timezone) == ("0 6 * * *", "Europe/London")


def test_each_system_and_the_warehouse_have_a_pool(installation: Installation) -> None:
    nodes = installation.definitions.resolve_job_def("takings").nodes
    pools = {node.name: node.definition.pool for node in nodes}  # type: ignore[attr-defined]
    assert pools["landing__pos__sales_lines"] == "pos"
    assert pools["xero__documents"] == "xero"
    assert {pool for name, pool in pools.items() if name.endswith("_gate")} == {"warehouse"}
    known = installation.instance.event_log_storage.get_concurrency_keys()
    assert set(pools.values()) <= set(known)


def test_within_a_run_a_delivery_waits_for_each_of_its_gates(installation: Installation) -> None:
    job = installation.definitions.resolve_job_def("takings")
    waits = {
        dependency.node
        for definition in job.dependencies[dg.NodeInvocation("xero__documents")].values()
        for dependency in definition.get_node_dependencies()
    }
    assert {"sale_gate", "daily_sales_summary_gate"} <= waits


def test_history_goes_by_weeks(installation: Installation) -> None:
    for asset in installation.definitions.resolve_asset_graph().assets_defs:
        if asset.partitions_def is not None and asset.is_executable:
            assert asset.backfill_policy == dg.BackfillPolicy.multi_run(7)


def test_sensors_and_schedules_are_on_and_ahead_of_the_deadline(
    installation: Installation,
) -> None:
    for sensor in installation.definitions.sensors or ():
        is_on = sensor.default_status is dg.DefaultSensorStatus.RUNNING
        # This installation's tills and accounting are real; the sandbox's customers rest.
        assert is_on == (sensor.name != "customers_upstream_changes"), sensor.name
    schedule = installation.definitions.get_schedule_def("takings_in_accounting_catch_up")
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 5 * * *", "Europe/London")


def test_dagster_tells_nobody_and_forgets_in_time(installation: Installation) -> None:
    written = installation.settings.home / "dagster" / "dagster.yaml"
    told = yaml.safe_load(written.read_text(encoding="utf-8"))
    assert told == configuration(installation.settings)
    assert told["telemetry"] == told["nux"] == {"enabled": False}
    assert told["retention"]["schedule"]["purge_after_days"] == 90
    assert not installation.instance.telemetry_enabled
    assert "password" not in written.read_text(encoding="utf-8")
