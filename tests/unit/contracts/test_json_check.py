"""What becomes of members of a JSON record that nobody agreed on."""

from __future__ import annotations

import pytest

from accord.contracts import json_check
from accord.contracts.model import Column, SchemaMode
from tests.support.contracts import a_contract

CODE = Column("code", "string", required=True)


def cause(mode: SchemaMode, **more: object) -> str | None:
    found = json_check.compiled(a_contract(CODE, mode=mode))({"code": "A1", **more})
    return found.cause if found else None


@pytest.mark.parametrize("mode", ["evolve", "discard_value"])
def test_an_open_contract_lets_further_members_by(mode: SchemaMode) -> None:
    assert cause(mode, shelf="B4") is None


@pytest.mark.parametrize("mode", ["freeze", "discard_row"])
def test_a_closed_contract_rejects_a_record_that_fills_a_further_member(mode: SchemaMode) -> None:
    assert cause(mode, shelf="B4") == "unagreed_column"
    assert cause(mode, shelf=None) is None
    assert cause(mode) is None


def test_what_breaks_the_contract_anyway_is_named_first() -> None:
    check = json_check.compiled(a_contract(CODE, mode="freeze"))
    found = check({"code": "", "shelf": "B4"})
    assert found
    assert (found.cause, found.field) == ("missing_value", "code")
