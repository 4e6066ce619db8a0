"""A changed source shape is noticed, named, and allowed or not by the contract's mode."""

from __future__ import annotations

import pytest

from accord.contracts.checker import shape_change
from accord.contracts.model import Column, SchemaMode
from tests.support.contracts import a_contract

COLUMNS = (Column("code", "string", required=True), Column("note", "string"))


@pytest.mark.parametrize("mode", ["evolve", "freeze", "discard_row", "discard_value"])
def test_the_agreed_columns_in_any_order_are_welcome(mode: SchemaMode) -> None:
    same = shape_change(a_contract(*COLUMNS, mode=mode), ["code", "note"])
    turned = shape_change(a_contract(*COLUMNS, mode=mode), ["note", "code"])
    assert (bool(same), same.acceptable) == (False, True)
    assert (turned.reordered, turned.acceptable) == (True, True)
    assert turned.sentence == "shop.orders arrived with its columns in another order"


@pytest.mark.parametrize(
    ("mode", "acceptable", "extras"),
    [
        ("evolve", True, "keep"),
        ("discard_value", True, "ignore"),
        ("discard_row", True, "reject_record"),
        ("freeze", False, "ignore"),
    ],
)
def test_a_new_column_is_treated_as_the_mode_says(
    mode: SchemaMode, acceptable: bool, extras: str
) -> None:
    change = shape_change(a_contract(*COLUMNS, mode=mode), ["code", "note", "Discount"])
    assert (change.acceptable, change.extras, change.added) == (acceptable, extras, ("Discount",))
    assert change.sentence == "shop.orders arrived with the new column Discount"


@pytest.mark.parametrize("mode", ["evolve", "freeze", "discard_row", "discard_value"])
def test_a_lost_column_is_refused_in_every_mode(mode: SchemaMode) -> None:
    change = shape_change(a_contract(*COLUMNS, mode=mode), ["code", "notes"])
    assert not change.acceptable
    assert change.sentence == (
        "shop.orders arrived with the new column notes and without the column note"
    )
    assert change.remedy.startswith("send it again with the agreed columns")


def test_a_doubled_column_is_refused() -> None:
    change = shape_change(a_contract(*COLUMNS), ["code", "note", "note"])
    assert (change.acceptable, change.doubled) == (False, ("note",))
    assert change.sentence == "shop.orders arrived with a second column note"


def test_a_record_in_place_of_the_header_is_not_repeated_anywhere() -> None:
    change = shape_change(a_contract(*COLUMNS), ["A-1", "for Mrs Miller"])
    assert not change.acceptable
    assert change.sentence == "shop.orders arrived without any of the agreed column names"
    assert "Miller" not in repr(change)
