"""A cause leads to its page; one of a column to the page of all columns, an unknown one nowhere."""

from __future__ import annotations

import pytest

from accord.cli import runbook


@pytest.mark.parametrize(
    ("cause", "page"),
    [
        ("period_locked", "docs/runbook/period_locked.md"),
        ("unit_price_in_range", "docs/runbook/column_in_range.md"),
        ("currency_in_list", "docs/runbook/currency_in_list.md"),
        ("country_in_list", "docs/runbook/column_in_list.md"),
        ("nobody_knows", ""),
    ],
)
def test_a_cause_leads_to_its_page(cause: str, page: str) -> None:
    assert runbook.page(cause) == page
