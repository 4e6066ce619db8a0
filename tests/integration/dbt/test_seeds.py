"""The rules a person can change are checked before they are believed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

import pytest

from tests.support.warehouse import Warehouse

RULE: LiteralString = (
    "insert into intermediate.sale_rules (rule_order, category, quantity_sign, price_sign,"
    " has_customer, why, description_pattern) values "
)


@pytest.fixture
def seeded(project: Warehouse) -> Iterator[Warehouse]:
    yield project
    assert project.dbt("seed").success


def broken(warehouse: Warehouse) -> set[str]:
    answer = warehouse.dbt("test", "--select", "sale_rules", "sale_categories", "product_codes")
    return {item.node.name.split("__")[0] for item in answer.result if item.status != "pass"}


def test_the_seeds_as_they_are_hold(project: Warehouse) -> None:
    assert broken(project) == set()


def test_mistakes_in_the_rules_are_noticed(seeded: Warehouse) -> None:
    seeded.query(
        RULE + "(999, 'freebie', 'any', 'any', 'any', 'new', null),"
        " (5, 'sale', 'minus', 'any', 'any', 'new', '(lost)?'),"
        " (5, 'sale', 'any', 'any', 'any', null, null),"
        " (1000, 'sale', 'any', 'positive', 'any', 'not all', null)"
    )
    assert broken(seeded) == {
        "accepted_values_sale_rules_category",
        "accepted_values_sale_rules_quantity_sign",
        "every_line_finds_a_category",
        "not_null_sale_rules_why",
        "patterns_do_not_fit_the_empty_text",
        "relationships_sale_rules_category",
        "unique_sale_rules_rule_order",
    }


def test_a_category_that_moves_stock_must_say_how(seeded: Warehouse) -> None:
    seeded.query(
        "update intermediate.sale_categories set stock_factor = null where category = 'return'"
    )
    assert broken(seeded) == {"categories_that_move_stock_say_how"}
