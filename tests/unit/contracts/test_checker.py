"""Single records are judged by their contract, with stable causes and no values told."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.contracts import json_check
from accord.contracts.checker import Check, compiled
from accord.contracts.model import Column
from tests.support.contracts import a_contract
from tests.support.texts import COLUMNS, dirty_record


def check(column: Column, text: str) -> str | None:
    found = compiled(a_contract(column))([text])
    return found.cause if found else None


TEXT = Column("code", "string", required=True, max_length=5)
WHOLE = Column("quantity", "integer", minimum=Decimal(-500), maximum=Decimal(500))
MONEY = Column("amount", "number", "numeric(7,3)")
DAY = Column("day", "date")
MOMENT = Column("at", "timestamp")
ZONED = Column("at", "timestamp", "timestamp with time zone")
FLAG = Column("is_open", "boolean")
COUNTRY = Column("country", "string", valid_values=("NO", "SE"))
POSTCODE = Column("postcode", "string", pattern="^[A-Z]{2}|[0-9]{3}$")


@pytest.mark.parametrize(
    ("column", "text"),
    [
        (TEXT, "Ünïc."),
        (WHOLE, ""),
        (WHOLE, "-500"),
        (WHOLE, "6.0"),
        (WHOLE, "007"),
        (Column("n", "integer"), "9223372036854775807"),
        (Column("n", "integer", minimum=Decimal(1)), "1"),
        (MONEY, "-9999.999"),
        (MONEY, ".5"),
        (MONEY, "1.2500000"),
        (DAY, "2012-02-29"),
        (DAY, "0001-01-01"),
        (MOMENT, "2010-12-01 08:26"),
        (MOMENT, "2010-12-01T23:59:59.123456"),
        (ZONED, "2010-12-01T23:59:59Z"),
        (ZONED, "2010-12-01 23:59:59+05:30"),
        (FLAG, "False"),
        (COUNTRY, "NO"),
        (POSTCODE, "AB"),
        (POSTCODE, "123"),
    ],
)
def test_what_is_as_agreed_passes(column: Column, text: str) -> None:
    assert check(column, text) is None


@pytest.mark.parametrize(
    ("column", "text", "cause"),
    [
        (TEXT, "", "missing_value"),
        (TEXT, "a\0b", "broken_text"),
        (TEXT, "a\udcffb", "broken_text"),
        (TEXT, "longer", "too_long"),
        (WHOLE, "501", "out_of_range"),
        (WHOLE, "6.5", "not_an_integer"),
        (WHOLE, "1e2", "not_an_integer"),
        (WHOLE, "1_0", "not_an_integer"),
        (WHOLE, " 6", "not_an_integer"),
        (WHOLE, "٣", "not_an_integer"),
        (WHOLE, "6\n", "not_an_integer"),
        (WHOLE, "0x10", "not_an_integer"),
        (Column("n", "integer"), "9223372036854775808", "out_of_range"),
        (Column("n", "integer", "integer"), "2147483648", "out_of_range"),
        (Column("n", "integer", minimum=Decimal(1)), "0", "out_of_range"),
        (MONEY, "NaN", "not_a_number"),
        (MONEY, "Infinity", "not_a_number"),
        (MONEY, "1,5", "not_a_number"),
        (MONEY, "1e3", "not_a_number"),
        (MONEY, "10000", "out_of_range"),
        (MONEY, "1.2345", "too_many_decimals"),
        (DAY, "2011-02-29", "not_a_date"),
        (DAY, "2011-04-31", "not_a_date"),
        (DAY, "0000-01-01", "not_a_date"),
        (DAY, "20110401", "not_a_date"),
        (DAY, "infinity", "not_a_date"),
        (MOMENT, "2011-02-30 10:00", "not_a_timestamp"),
        (MOMENT, "2011-02-03 24:00", "not_a_timestamp"),
        (MOMENT, "2011-02-03", "not_a_timestamp"),
        (MOMENT, "2011-02-03 10:00Z", "not_a_timestamp"),
        (ZONED, "2011-02-03 10:00", "not_a_timestamp"),
        (FLAG, "yes", "not_a_boolean"),
        (COUNTRY, "DK", "not_in_list"),
        (POSTCODE, "ABC", "wrong_pattern"),
        (POSTCODE, "AB\n", "wrong_pattern"),
    ],
)
def test_what_is_not_as_agreed_is_named_by_its_cause(column: Column, text: str, cause: str) -> None:
    assert check(column, text) == cause


def test_a_breach_tells_the_field_and_the_remedy_but_never_the_value() -> None:
    found = compiled(a_contract(WHOLE))(["87654321"])
    assert found is not None
    assert found.field == "quantity"
    assert found.detail == "quantity lies outside its limits"
    assert found.remedy == "keep it within -500 to 500, or widen the contract"
    assert "87654321" not in repr(found)


def test_a_cut_off_record_is_told_by_its_number_of_fields() -> None:
    found = compiled(a_contract(TEXT, WHOLE))(["A"])
    assert found is not None
    assert found.cause == "wrong_field_count"
    assert found.detail == "the record has 1 fields, agreed are 2"


def test_a_separator_inside_a_field_moves_no_other_field() -> None:
    judge = compiled(a_contract(Column("a", "string"), Column("b", "string"), WHOLE))
    assert judge(["x\x1fy", "z", "1"]) is None
    assert judge(["x\x1fy", "1"]) is not None


def test_a_required_text_is_missing_when_empty_though_its_pattern_would_allow_it() -> None:
    empty_allowed = Column("a", "string", required=True, pattern="[A-Z]*")
    judge = compiled(a_contract(TEXT, empty_allowed))
    found = judge(["A", ""])
    assert found is not None
    assert found.cause == "missing_value"


@given(dirty_record())
def test_the_fast_way_never_passes_what_the_exact_way_refuses(record: list[str]) -> None:
    judge: Check = compiled(a_contract(*COLUMNS))
    assert judge(record) == judge._exactly(record)


@given(st.lists(st.text(max_size=3), max_size=9))
def test_any_list_of_texts_gets_an_answer(record: list[str]) -> None:
    found = compiled(a_contract(*COLUMNS))(record)
    assert found is None or found.remedy


@pytest.mark.parametrize(
    ("record", "cause"),
    [
        ({"code": "A", "quantity": 5, "amount": 1.5}, None),
        ({"code": "A", "quantity": 5.0, "amount": Decimal("1.250"), "more": []}, None),
        ({"code": "A", "quantity": None}, None),
        ({"code": 5}, "not_a_text"),
        ({"code": None}, "missing_value"),
        ({"code": "A", "quantity": True}, "not_an_integer"),
        ({"code": "A", "quantity": "5"}, "not_an_integer"),
        ({"code": "A", "quantity": 5.5}, "not_an_integer"),
        ({"code": "A", "quantity": 501}, "out_of_range"),
        ({"code": "A", "amount": 1e-7}, "too_many_decimals"),
        ({"code": "A", "amount": {"value": 1}}, "not_a_number"),
        ({"code": "A", "is_open": 1}, "not_a_boolean"),
        ({"code": "A", "is_open": True}, None),
    ],
)
def test_decoded_json_is_judged_with_the_same_causes(
    record: dict[str, object], cause: str | None
) -> None:
    found = json_check.compiled(a_contract(TEXT, WHOLE, MONEY, FLAG))(record)
    assert (found.cause if found else None) == cause
