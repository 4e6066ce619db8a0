"""The project's own contracts are valid ODCS and say what the engine needs."""

from __future__ import annotations

import importlib.resources
import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from accord.contracts.odcs import entities, load
from accord.quality.rules import rules_of

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted(ROOT.glob("contracts/*.odcs.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_contract_is_valid_by_the_official_schema(path: Path) -> None:
    package = importlib.resources.files("open_data_contract_standard")
    schema = json.loads((package / "schema.json").read_text(encoding="utf-8"))
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    faults = list(jsonschema.Draft201909Validator(schema).iter_errors(document))
    assert [f"{fault.json_path}: {fault.message}" for fault in faults] == []
    assert load(path).columns


def test_the_entities_of_all_flows_are_agreed() -> None:
    tables = {name: contract.table for name, contract in entities(ROOT / "contracts").items()}
    assert tables == {
        "customer": "canonical.customers",
        "sale": "canonical.sales",
        "product": "canonical.products",
        "daily_sales_summary": "canonical.daily_sales_summaries",
        "stock_movement": "canonical.stock_movements",
    }


@pytest.mark.parametrize("entity", sorted(entities(ROOT / "contracts")))
def test_every_entity_has_an_owner_a_key_and_rules_with_remedies(entity: str) -> None:
    contract = entities(ROOT / "contracts")[entity]
    assert contract.name == entity
    assert contract.owner.endswith("@company.example")
    rules = list(rules_of(contract))
    assert f"{contract.key_column}_unique" in [rule.name for rule in rules]
    assert all(rule.remedy for rule in rules)


def test_customers_are_confidential_in_sales() -> None:
    sale = entities(ROOT / "contracts")["sale"]
    assert sale.column("customer_code").privacy == "confidential"
    assert [column.name for column in sale.columns if column.privacy == "confidential"] == [
        "customer_code"
    ]
