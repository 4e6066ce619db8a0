"""What is counted of a column, and that no value is kept."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.profiling.columns import SAMPLE, ColumnProfile, Tally, shape_of


def tallied(*values: object) -> ColumnProfile:
    tally = Tally("column")
    for value in values:
        tally.add(value)
    return tally.profile()


def test_blank_text_and_nothing_are_no_value() -> None:
    found = tallied("a", "", "  ", None)
    assert (found.records, found.filled, found.completeness) == (4, 1, 0.25)


def test_a_column_is_not_missed_in_records_of_a_kind_that_never_has_it() -> None:
    tally = Tally("first_name")
    for value, kind in (("Ann", "person"), (None, "person"), (None, "organisation")):
        tally.add(value, kind=kind)
    assert tally.profile().completeness == 0.5


def test_what_cannot_be_what_the_column_says_is_invalid() -> None:
    tally = Tally("email")
    tally.add("a@b.example")
    tally.add("nobody", valid=False)
    tally.add(None, valid=False)
    assert (tally.profile().invalid, tally.profile().validity) == (1, 0.5)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("BS1 4EF", "XX9 9XX"),
        ("2011-03-08", "9999-99-99"),
        ("Bristol", "Xx…"),
        ("LONDON", "X…"),
        ("07700900123", "9×11"),
        ("a@b", "x@x"),
        ("  two   blanks ", "xxx x…"),
    ],
)
def test_a_shape_keeps_how_a_value_is_written_and_not_what(text: str, shape: str) -> None:
    assert shape_of(text) == shape


@given(st.text(max_size=200))
def test_a_shape_holds_no_letter_and_no_digit_of_its_value(text: str) -> None:
    letters = {letter for letter in shape_of(text) if letter.isalpha()}
    assert letters <= {"X", "x"}
    assert len(shape_of(text)) <= 40


def test_a_few_values_written_unlike_most_are_odd() -> None:
    found = tallied(*["+44 20 7946 0000"] * 97, "020 7946 0000", "(020)79460000", "n/a")
    assert found.odd == 3
    assert found.formats[0].values == 97


def test_names_are_written_as_they_come() -> None:
    assert tallied(*["Ann Hale"] * 97, "ANN HALE", "A. Hale", "Hale, Ann").odd == 0


def test_where_everybody_writes_as_they_like_nothing_is_odd() -> None:
    assert tallied("a", "1 a", "a-1", "A.1", "?", "9!").odd == 0


def test_numbers_far_from_the_others_are_found_and_the_usual_range_is_told() -> None:
    found = tallied(*range(90, 111), 100_000, Decimal("-7000.5"))
    assert found.far == 2
    assert found.usual == "69 to 131"


def test_memory_stays_bounded_and_the_share_of_far_numbers_holds() -> None:
    tally = Tally("points")
    for number in range(3 * SAMPLE):
        tally.add(1_000_000 if number % 100 == 0 else number % 50)
    assert len(tally._numbers) == SAMPLE
    assert 0.005 < tally.profile().far / (3 * SAMPLE) < 0.02
