"""Contracts become named rules with remedies."""

from __future__ import annotations

from decimal import Decimal

import pytest

from accord.contracts.model import Column, Comparison, Quality
from accord.errors import Stop
from accord.quality.rules import RowRule, rules_of
from tests.support.contracts import a_contract

ZERO = Comparison("mustBe", (Decimal(0),))
KEY = Column("id", "string", required=True, primary_key=True, unique=True)
KIND = Column("kind", "string", valid_values=("a", "b"), max_length=5)
PRICE = Column("price", "number", minimum=Decimal(0))


def test_columns_imply_rules_with_stable_names() -> None:
    rules = rules_of(a_contract(KEY, KIND, PRICE))
    assert [(rule.name, rule.kind) for rule in rules] == [
        ("id_not_null", "not_null"),
        ("kind_in_list", "in_list"),
        ("kind_not_too_long", "length"),
        ("price_in_range", "range"),
        ("id_unique", "unique"),
    ]


def test_a_quality_entry_about_an_implied_rule_replaces_it() -> None:
    stated = Quality(
        "kinds_known",
        "kind",
        metric="invalidValues",
        comparison=ZERO,
        severity="warning",
        remedy="ask the shop",
    )
    rules = rules_of(a_contract(KEY, KIND, rules=(stated,)))
    about_kind = [rule for rule in rules.rows if rule.kind == "in_list"]
    assert [(rule.name, rule.severity, rule.remedy) for rule in about_kind] == [
        ("kinds_known", "warning", "ask the shop")
    ]


def test_placeholders_and_nulls_are_separate_rules() -> None:
    arguments = {"missingValues": [None, "N/A"]}
    stated = Quality(
        "kind_told", "kind", metric="missingValues", arguments=arguments, comparison=ZERO
    )
    rules = rules_of(a_contract(KEY, Column("kind", "string"), rules=(stated,)))
    assert [(rule.name, rule.kind) for rule in rules.rows if rule.column == "kind"] == [
        ("kind_not_null", "not_null"),
        ("kind_told", "not_in_list"),
    ]


def test_a_row_condition_is_a_row_rule_and_a_query_a_batch_rule() -> None:
    stated = (
        Quality("adds_up", None, row_condition="a = b"),
        Quality("sums_up", None, query="select 1", comparison=ZERO),
        Quality("filled", None, metric="rowCount", comparison=Comparison("mustBe", (Decimal(3),))),
    )
    rules = rules_of(a_contract(KEY, rules=stated))
    condition = rules.named("adds_up")
    assert isinstance(condition, RowRule)
    assert condition.condition == "a = b"
    assert [rule.kind for rule in rules.batches] == ["unique", "sql", "row_count"]
    with pytest.raises(KeyError):
        rules.named("unheard_of")


@pytest.mark.parametrize(
    "quality",
    [
        Quality("two words", None, row_condition="a = b"),
        Quality("id_not_null", None, row_condition="a = b"),
        Quality("adds_up", None, row_condition="true; drop table x"),
        Quality("adds_up", None, query="select 1; select 2", comparison=ZERO),
        Quality(
            "some", "kind", metric="nullValues", comparison=Comparison("mustBe", (Decimal(3),))
        ),
        Quality("some", None, metric="duplicateValues", comparison=ZERO),
        Quality("some", "price", metric="invalidValues", comparison=ZERO),
        Quality("some", "kind", metric="luckyValues", comparison=ZERO),
        Quality(
            "some",
            "kind",
            metric="missingValues",
            arguments={"missingValues": [7]},
            comparison=ZERO,
        ),
    ],
)
def test_a_rule_that_cannot_be_judged_is_refused(quality: Quality) -> None:
    with pytest.raises(Stop, match="cannot be judged"):
        rules_of(a_contract(KEY, KIND, PRICE, rules=(quality,)))


def test_lists_are_for_texts_only() -> None:
    with pytest.raises(Stop, match="are for string columns"):
        rules_of(a_contract(KEY, Column("n", "integer", valid_values=("1",))))
