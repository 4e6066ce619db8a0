"""What a person reads of a report in the terminal."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from accord.cli.show import show_alerts, show_report

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LANDED = {
    "stage": "landing", "name": "pos.sales_lines", "systems": ["pos"], "read_back": False,
    "read": 12, "landed": 9, "unchanged": 1, "rejected": 2, "removed": 0, "dead": 2,
    "balanced": True,
}  # fmt: skip
DELIVERED = {
    "stage": "delivery", "name": "takings", "part": "xero.documents", "systems": ["xero"],
    "due": 3, "delivered": 3, "unchanged": 0, "rejected": 0, "held": 0, "waiting": 0,
    "unknown": 0, "dead": 0, "balanced": True,
}  # fmt: skip
GATE = {
    "entity": "sale", "checked": 10, "rejected": 0, "open": 3, "closed": 0, "closed_days": [],
    "closed_by": [], "unusual": 0,
}  # fmt: skip


def a_letter(**changes: Any) -> dict[str, Any]:
    letter = {
        "stage": "landing", "name": "pos.sales_lines", "partition": "2026-11-10", "record": "a|1",
        "cause": "not_a_date", "detail": "line 2: Day is no date", "remedy": "write YYYY-MM-DD",
    }  # fmt: skip
    return {**letter, **changes}


def a_report(**changes: Any) -> dict[str, Any]:
    report = {
        "flows": [LANDED, DELIVERED], "gates": [GATE], "golden": [], "outcomes": [],
        "dead_letters": [],
    }  # fmt: skip
    return {**report, **changes}


def shown(print_it: Callable[[Console], None]) -> str:
    told = io.StringIO()
    print_it(Console(file=told, width=200))
    return told.getvalue()


def told(**changes: Any) -> str:
    return shown(lambda console: show_report(console, a_report(**changes)))


def test_what_was_read_and_what_was_delivered_are_told_apart() -> None:
    text = told()
    assert text.index("Read  read = landed + unchanged + rejected") < text.index("pos.sales_lines")
    assert text.index("Delivered  due = delivered + unchanged") < text.index("takings → xero")
    assert "12       9          1         2     2  balanced" in text


def test_a_stream_that_is_read_back_says_so() -> None:
    assert "pos.sales_lines (read back)" in told(flows=[{**LANDED, "read_back": True}])


def test_deliveries_of_one_flow_are_told_apart_by_system_and_kind() -> None:
    parts = ("crm.accounts", "crm.contacts", "billing.customers")
    flows = [
        {**DELIVERED, "name": "customers", "part": part, "systems": [part.partition(".")[0]]}
        for part in parts
    ]
    text = told(flows=flows)
    for name in ("customers → crm accounts", "customers → crm contacts", "customers → billing "):
        assert name in text


def test_who_is_who_is_told_with_what_waits_for_a_steward() -> None:
    it = {
        "entity": "customer", "golden": 66, "systems": {"crm": 71, "billing": 35}, "reviews": 4,
        "conflicts": 0, "answered": 1,
    }  # fmt: skip
    text = told(golden=[it])
    assert "66 from 106 records: billing 35, crm 71" in text
    assert "4 may be the same as another  accord match review" in text
    assert "held" not in text


def test_what_is_rare_is_shown_and_explained_only_where_there_is_any() -> None:
    assert "tombstones" not in told()
    assert "removed: no longer in the source" in told(flows=[{**LANDED, "removed": 1}])
    assert "rejected + unknown" in told(flows=[{**DELIVERED, "due": 4, "unknown": 1}])


def test_a_flow_that_does_not_balance_cannot_be_overlooked() -> None:
    assert "NOT BALANCED" in told(flows=[{**LANDED, "balanced": False}])


def test_a_closed_gate_names_its_days_and_rules() -> None:
    closed = {**GATE, "closed": 1, "closed_days": ["2026-11-20"], "closed_by": ["reject_budget"]}
    text = told(gates=[closed])
    assert "CLOSED" in text
    assert "sale is closed for 2026-11-20: reject_budget" in text


def test_a_table_without_days_is_closed_as_a_whole() -> None:
    closed = {**GATE, "closed": 1, "closed_days": [""], "closed_by": ["code_unique"]}
    assert "sale is closed for the whole table: code_unique" in told(gates=[closed])


def test_letters_of_one_cause_share_their_remedy() -> None:
    letters = [a_letter(partition=f"2026-11-{day}") for day in range(10, 16)]
    text = told(dead_letters=letters)
    assert "6 records wait for a person" in text
    assert text.count("Remedy: write YYYY-MM-DD") == 1
    assert "… and 3 more" in text


def test_brackets_in_a_remedy_are_not_taken_for_colours() -> None:
    assert "write it as [a-z]{3}" in told(dead_letters=[a_letter(remedy="write it as [a-z]{3}")])


def test_a_row_that_a_gate_rejected_is_named_by_its_key() -> None:
    letter = a_letter(stage="gate", record="2026-11-20|470021|41011|1", detail="the row breaks x")
    assert "2026-11-20|470021|41011|1 the row breaks x" in told(dead_letters=[letter])


def test_before_the_first_pass_a_report_says_how_to_begin() -> None:
    assert "Start with accord demo" in told(flows=[], gates=[])


def test_alerts_of_last_week_are_shown_and_older_ones_are_not() -> None:
    new, old = (
        {
            "at": (NOW - timedelta(days=age)).isoformat(),
            "subject": f"A run failed {age} days ago",
            "message": "why",
            "state": "raised",
        }
        for age in (1, 30)
    )
    text = shown(lambda console: show_alerts(console, [new, old], NOW))
    assert "A run failed 1 days ago: why" in text
    assert "30 days ago" not in text
