"""The customers' flow as Dagster runs it: one pass, and a second that has nothing to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import psycopg
import pytest

from accord.contracts.odcs import entities
from accord.golden import desk
from accord.golden.consolidate import Entity
from accord.settings import CHECKOUT
from accord.store.audit import By
from accord.store.database import Role
from sensors.following import Reasons
from tests.support import engine
from tests.support.installation import Installation

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]

DELIVERED = ("salesforce/accounts", "salesforce/contacts", "stripe/customers", "mailchimp/members")
IN_DOUBT = "salesforce/contacts"
"""Where one is held until a steward has said whether it is the customer that is there already."""


@pytest.fixture(scope="module")
def passed(installation: Installation) -> Iterator[dg.ExecuteInProcessResult]:
    done = made(installation)
    assert done.success
    yield done


def made(installation: Installation, job: str = "customers") -> dg.ExecuteInProcessResult:
    return installation.definitions.resolve_job_def(job).execute_in_process(
        instance=installation.instance, raise_on_error=False
    )


def told(done: dg.ExecuteInProcessResult, asset: str) -> Mapping[str, Any]:
    """The metadata of one asset's materialization in a run."""
    key = dg.AssetKey.from_user_string(asset)
    (event,) = [it for it in done.all_events if it.is_step_materialization and it.asset_key == key]
    materialization = event.step_materialization_data.materialization
    return {name: value.value for name, value in materialization.metadata.items()}


def checks(done: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {
        f"{it.asset_key.to_user_string()} {it.check_name}": it.passed
        for it in done.get_asset_check_evaluations()
    }


def test_records_of_four_systems_become_one_of_each_customer(
    passed: dg.ExecuteInProcessResult,
) -> None:
    golden = told(passed, "canonical/customers")
    assert golden["read"] == golden["new"] > golden["dagster/row_count"] > 50
    assert told(passed, "identity/customers_reviews")["waiting"] > 0


def test_every_destination_agrees_afterwards(
    passed: dg.ExecuteInProcessResult,
) -> None:
    for asset in DELIVERED:
        counts = told(passed, asset)
        done = counts["delivered"] + counts["unchanged"]
        assert counts["due"] - counts["held"] == done > 0, asset
    assert {asset for asset in DELIVERED if told(passed, asset)["held"]} == {IN_DOUBT}
    # What a destination knew already may tell of merges, so the first run of all may learn by it.
    found = {name: is_so for name, is_so in checks(passed).items() if not name.endswith(" no_echo")}
    assert all(found.values()), [name for name, is_so in found.items() if not is_so]
    assert len([name for name in found if name.endswith(" both_sides_agree")]) == len(DELIVERED)
    assert told(passed, "outcomes/customers_agree")["state"] == "met"


def test_soon_there_is_nothing_to_do_and_nothing_echoes(
    installation: Installation, passed: dg.ExecuteInProcessResult
) -> None:
    for _ in range(4):  # what the first one learnt at the destinations goes its way
        again = made(installation)
        assert again.success
        left = {asset: told(again, asset)["due"] for asset in DELIVERED}
        if sum(left.values()) == left[IN_DOUBT] == told(again, IN_DOUBT)["held"]:
            break
    assert all(checks(again).values())
    assert told(again, "canonical/customers")["read"] == 0
    assert {asset: due for asset, due in left.items() if due} == {IN_DOUBT: 1}
    assert told(again, IN_DOUBT)["held"] == 1


def test_who_was_held_goes_out_once_a_steward_has_told_them_apart(
    installation: Installation, passed: dg.ExecuteInProcessResult
) -> None:
    entity = Entity.of(entities(CHECKOUT / "contracts")["customer"])
    with installation.store.transaction(Role.STEWARD) as connection:
        (review,) = desk.reviews(connection, entity)
        desk.decide(connection, entity, review.review_id, "apart", By("steward", "two persons"))
    counts = told(made(installation), IN_DOUBT)
    assert (counts["held"], counts["delivered"]) == (0, 1)


def test_profiles_are_assets_with_numbers_and_no_values(
    installation: Installation, passed: dg.ExecuteInProcessResult
) -> None:
    done = made(installation, "profiles")
    assert done.success
    profile = told(done, "profiles/customer")
    assert 0 < profile["completeness"] < 1
    assert profile["twice"] > 0
    assert "@" not in profile["mend first"]


SAID = ("name", "email", "phone", "street", "tax_id", "birth_date", "loyalty_code")
TOLD = ("ledger", "alerts", "alert_notices", "audit", "dead_letters", "cursors", "verdicts")


def test_what_customers_are_called_by_is_in_nothing_that_is_told_of_a_run(
    installation: Installation, passed: dg.ExecuteInProcessResult
) -> None:
    """Not in Dagster's history and metadata, not in what we tell, and in no file of the home."""
    values = [
        str(row[name])
        for row in engine.rows(
            installation.store,
            "select * from canonical.customers"
            " order by (tax_id is null)::int + (birth_date is null)::int, golden_id limit 40",
        )
        for name in SAID
        if row[name] is not None
    ]
    assert len(values) > 100
    history = installation.store.address.dagster.conninfo
    with psycopg.connect(history) as connection:
        texts = [
            row[0]
            for table in ("event_logs", "runs", "run_tags", "kvs")
            for row in connection.execute(f"select t::text from {table} as t".encode())
        ]
    for table in TOLD:
        texts += [str(row) for row in engine.rows(installation.store, f"select * from ops.{table}")]
    files = [it for it in installation.settings.home.rglob("*") if it.is_file()]
    texts += [
        it.read_text(encoding="utf-8", errors="replace")
        for it in files
        if "sandbox" not in it.parts  # where the systems themselves live
    ]
    told = "\n".join(texts)
    assert "customers" in told
    assert [number for number, value in enumerate(values) if value in told] == []


def test_the_same_reasons_ask_for_one_run_and_none_for_no_run() -> None:
    assert Reasons().run_key == ""
    one = Reasons(("contacts 7",), "", "")
    assert one.run_key == Reasons(("contacts 7",), "", "").run_key
    assert one.run_key != Reasons(("contacts 8",), "", "").run_key
    assert "1 streams changed" in one.words
