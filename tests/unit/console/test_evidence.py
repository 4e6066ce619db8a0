"""Why a pair has its score, as pages show it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from accord.console.desk import shown_share
from accord.console.evidence import Row, beforehand, in_words, reasons, rows
from accord.golden.desk import Field
from accord.store.desk import Review

EVIDENCE = [
    {"column": "email", "level": "exact", "weight": 10.0},
    {"column": "last_name", "level": "misspelt", "weight": 5.5},
    {"column": "street", "level": "different", "weight": -6.5},
    {"column": "city", "level": "exact", "weight": 1.0},
]


def a_review(evidence: list[dict[str, Any]], probability: float = 0.5) -> Review:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    return Review(1, probability, evidence, "m", "open", at, None, None, None, 1, 2, "a", "b")


def a_field(name: str, left: str | None = None, right: str | None = None) -> Field:
    return Field(name, left, right, left, right)


def test_what_was_there_beforehand_and_the_reasons_add_up_to_the_score() -> None:
    review = a_review(EVIDENCE, probability=0.8)
    assert beforehand(review) + sum(it.bits for it in reasons(review).values()) == pytest.approx(2)
    assert beforehand(a_review([], probability=0.5)) == pytest.approx(0)


def test_the_weightiest_reasons_are_told_first() -> None:
    found = reasons(a_review(EVIDENCE))
    assert [it.column for it in in_words(found)] == ["email", "street", "last_name"]
    fields = [a_field(name) for name in ("kind", "city", "street", "email", "status")]
    told = [row.field.name for row in rows(fields, found)]
    assert told == ["email", "street", "city", "kind", "status"]


def test_a_bar_is_never_longer_than_its_place() -> None:
    (found,) = reasons(a_review([{"column": "a", "level": "exact", "weight": -99}])).values()
    assert found.share == 1.0


@pytest.mark.parametrize(
    ("left", "right", "column", "likeness"),
    [
        ("Hale", None, "email", "unsaid"),
        ("HALE", "Hale", "name", "same"),
        ("a b", "b a", "email", "same"),
        ("aHle", "Hale", "last_name", "alike"),
        ("x", "y", "street", "apart"),
        ("x", "y", "kind", "apart"),
    ],
)
def test_how_alike_two_values_are_is_what_comparing_them_found(
    left: str, right: str | None, column: str, likeness: str
) -> None:
    found = reasons(a_review(EVIDENCE))
    assert Row(a_field(column, left, right), found.get(column)).likeness == likeness


@pytest.mark.parametrize(
    ("probability", "shown"),
    [(1.0, "> 99.9 %"), (0.9989, "99.9 %"), (0.5, "50.0 %"), (0.001, "0.1 %"), (0.0, "< 0.1 %")],
)
def test_no_probability_is_shown_as_certain(probability: float, shown: str) -> None:
    assert shown_share(probability) == shown
