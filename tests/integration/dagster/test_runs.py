"""Runs of a day and of ranges: what they leave in Dagster, and that no gate can be gone around."""

from __future__ import annotations

import dagster as dg
import pytest

from tests.support.day_files import a_line
from tests.support.installation import TOO_MANY, Installation, said

# Backfill policies and freshness are what we use of Dagster that may still change.
pytestmark = pytest.mark.filterwarnings("ignore")

DELIVERED = "xero/documents"
BEFORE_DELIVERY = (
    "landing/pos__sales_lines",
    "canonical/sales",
    "canonical/products",
    "canonical/daily_sales_summaries",
    "canonical/stock_movements",
    "publish/pub_xero__documents",
)


def test_a_day_goes_all_the_way_once_and_leaves_numbers_to_plot(installation: Installation) -> None:
    day = "2011-01-04"
    installation.export(day, a_line(day, Quantity="2", UnitPrice="3.25"), b"x,y")
    assert installation.run(day).success
    assert f"POS-{day}" in installation.posted()
    landed = installation.metadata("landing/pos__sales_lines", day)
    assert (landed["read"], landed["rejected"], landed["completeness"]) == (2, 1, 0.5)
    assert landed["dagster/partition_row_count"] == 1
    assert installation.metadata("canonical/sales", day)["amount"] == 6.5
    assert installation.metadata("publish/pub_xero__documents", day)["amount"] == 6.5
    assert installation.metadata(DELIVERED, day)["delivered"] == 1
    assert installation.metadata(DELIVERED, day)["completeness"] == 1.0
    compared = installation.metadata("reconciliation/rec_takings__pos_vs_xero", day)
    assert (compared["expected"], compared["found"], compared["difference"]) == (6.5, 6.5, 0.0)
    journal = len(installation.xero.journal())
    assert installation.run(day).success
    assert len(installation.xero.journal()) == journal
    assert installation.metadata(DELIVERED, day)["unchanged"] == 1


def test_a_day_without_an_export_is_shown_as_one(installation: Installation) -> None:
    installation.export("2011-01-10")
    done = installation.run("2011-01-10", "2011-01-12")
    assert done.success
    assert installation.metadata("landing/pos__sales_lines", "2011-01-10")["export"] == "read"
    nothing = installation.metadata("landing/pos__sales_lines", "2011-01-11")
    assert (nothing["export"], nothing["dagster/partition_row_count"]) == ("none came", 0)
    assert installation.metadata("canonical/sales", "2011-01-11")["amount"] == 0
    (check,) = [
        item
        for item in done.get_asset_check_evaluations()
        if item.check_name == "every_day_arrived"
    ]
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert check.metadata["which"].value == "2011-01-11, 2011-01-12"


def test_a_closed_gate_stops_the_day_and_says_why_until_its_file_is_corrected(
    installation: Installation,
) -> None:
    day = "2011-01-13"
    installation.export(day, a_line(day, Quantity=TOO_MANY))
    done = installation.run(day)
    assert not done.success
    assert f"POS-{day}" not in installation.posted()
    (check,) = [
        item
        for item in done.get_asset_check_evaluations()
        if item.check_name == "contract_holds" and not item.passed
    ]
    assert check.metadata["days closed, which"].value == day
    assert check.metadata["days closed, by"].value == "reject_budget"
    installation.export(day, a_line(day, Quantity="10"))
    assert installation.run(day).success
    assert f"POS-{day}" in installation.posted()


@pytest.mark.parametrize(("first", "last"), [("2011-01-17", ""), ("2011-01-18", "2011-01-20")])
def test_a_destination_run_alone_refuses_what_has_no_verdict(
    installation: Installation, first: str, last: str
) -> None:
    installation.export(first)
    assert installation.run(first, last, only=BEFORE_DELIVERY, gates=False).success
    for _ in range(2):
        done = installation.run(first, last, only=[DELIVERED])
        assert not done.success
        assert "are held" in said(done)[0]
    assert f"POS-{first}" not in installation.posted()
    assert installation.metadata(DELIVERED, first) == {}


def test_a_destination_run_alone_refuses_data_changed_after_its_verdict(
    installation: Installation,
) -> None:
    day = "2011-01-21"
    installation.export(day, a_line(day, Quantity="1"))
    assert installation.run(day).success
    journal = len(installation.xero.journal())
    installation.export(day, a_line(day, Quantity="2"))
    assert installation.run(day, only=BEFORE_DELIVERY, gates=False).success
    assert not installation.run(day, only=[DELIVERED]).success
    assert len(installation.xero.journal()) == journal


def test_a_held_day_does_not_keep_the_others_of_its_range(installation: Installation) -> None:
    first, last = "2011-01-24", "2011-01-25"
    installation.export(first)
    assert installation.run(first, only=BEFORE_DELIVERY, gates=False).success
    installation.export(last)
    assert installation.run(last, only=BEFORE_DELIVERY).success
    done = installation.run(first, last, only=[DELIVERED])
    assert not done.success
    assert said(done)[0].startswith("1 of 2 documents are held")
    assert {f"POS-{first}", f"POS-{last}"} & installation.posted() == {f"POS-{last}"}


def test_a_refusal_by_the_destination_is_never_retried(installation: Installation) -> None:
    day = "2011-01-26"
    installation.export(day)
    installation.xero.expire_tokens()
    installation.xero.revoke()
    try:
        done = installation.run(day)
    finally:
        installation.xero.revoke(revoked=False)
    assert not done.success
    assert not [event for event in done.all_events if event.is_step_up_for_retry]
    run = installation.instance.get_run_by_id(done.run_id)
    assert run is not None
    assert run.tags["dagster/retry_on_asset_or_op_failure"] == "false"
    assert "Remedy:" in said(done)[0]
    assert installation.run(day, only=[DELIVERED]).success
