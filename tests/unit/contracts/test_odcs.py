"""Contract files become values, or a sentence that says what to mend."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from accord.contracts.model import Comparison
from accord.contracts.odcs import entities, load
from accord.errors import Stop
from tests.support.contracts import a_document, a_table, write


def with_property(**more: Any) -> dict[str, Any]:
    properties = [*a_table()["properties"], {"name": "amount", "logicalType": "number", **more}]
    return a_document(schema=[a_table(properties=properties)])


def with_rule(**rule: Any) -> dict[str, Any]:
    return a_document(schema=[a_table(quality=[rule])])


def test_a_contract_is_read_into_plain_values(tmp_path: Path) -> None:
    contract = load(write(tmp_path, a_document()))
    assert (contract.name, contract.version, contract.table) == (
        "order",
        "1.0.0",
        "canonical.orders",
    )
    assert (contract.key_column, contract.partition_column) == ("order_id", "ordered_on")
    assert contract.owner == "a@company.example"
    assert contract.schema_mode == "freeze"
    assert contract.reject_budget == Decimal("0.01")
    assert contract.freshness == timedelta(hours=26)
    assert contract.column_names == ("order_id", "ordered_on")
    assert len(contract.digest) == 64


def test_a_contract_may_be_at_home_in_a_country(tmp_path: Path) -> None:
    assert load(write(tmp_path, a_document())).home_country is None
    home = [{"property": "homeCountry", "value": "GB"}]
    assert load(write(tmp_path, a_document(customProperties=home))).home_country == "GB"


def test_a_key_is_required_and_unique_without_saying_so(tmp_path: Path) -> None:
    key = load(write(tmp_path, a_document())).column("order_id")
    assert (key.required, key.unique) == (True, True)


def test_limits_and_privacy_of_a_column_are_kept(tmp_path: Path) -> None:
    limits = {"minimum": 0.1, "maximum": 9.95}
    document = with_property(classification="confidential", logicalTypeOptions=limits)
    column = load(write(tmp_path, document)).column("amount")
    assert (column.minimum, column.maximum) == (Decimal("0.1"), Decimal("9.95"))
    assert column.privacy == "confidential"


def test_valid_values_come_from_the_quality_rule(tmp_path: Path) -> None:
    rule = {
        "metric": "invalidValues",
        "mustBe": 0,
        "arguments": {"validValues": ["NO", "SE"]},
    }
    contract = load(write(tmp_path, with_property(logicalType="string", quality=[rule])))
    assert contract.column("amount").valid_values == ("NO", "SE")
    assert contract.rules[0].name == "amount_invalid_values"


def test_a_row_condition_and_a_query_are_kept_as_rules(tmp_path: Path) -> None:
    rules = [
        {
            "name": "positive",
            "type": "custom",
            "engine": "accord",
            "implementation": {"rowCondition": "amount > 0"},
            "customProperties": [{"property": "remedy", "value": "look"}],
        },
        {
            "name": "enough",
            "type": "sql",
            "query": "select 1",
            "mustBeBetween": [0.5, 2],
            "severity": "warning",
        },
    ]
    condition, query = load(write(tmp_path, a_document(schema=[a_table(quality=rules)]))).rules
    assert (condition.row_condition, condition.remedy) == ("amount > 0", "look")
    assert query.severity == "warning"
    assert query.comparison == Comparison("mustBeBetween", (Decimal("0.5"), Decimal(2)))


@pytest.mark.parametrize(
    ("operator", "operands", "holds", "fails"),
    [
        ("mustBe", (0,), 0, 1),
        ("mustNotBe", (0,), 1, 0),
        ("mustBeGreaterThan", (0,), 1, 0),
        ("mustBeGreaterOrEqualTo", (0,), 0, -1),
        ("mustBeLessThan", (0,), -1, 0),
        ("mustBeLessOrEqualTo", (0,), 0, 1),
        ("mustBeBetween", (0, 2), 2, 3),
        ("mustNotBeBetween", (0, 2), 3, 2),
    ],
)
def test_each_comparison_means_what_the_standard_says(
    operator: str, operands: tuple[int, ...], holds: int, fails: int
) -> None:
    comparison = Comparison(operator, tuple(Decimal(value) for value in operands))
    assert comparison.holds(Decimal(holds))
    assert not comparison.holds(Decimal(fails))
    assert not comparison.holds(None)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("- just a list", "breaks ODCS"),
        (a_document(colour="red"), "breaks ODCS at colour"),
        (a_document(apiVersion="v2.2.2"), "does not say that it is an ODCS v3 contract"),
        (a_document(schema=[]), "does not describe exactly one table"),
        (with_property(clasification="public"), "clasification, which ODCS does not know"),
        (with_property(classification="secret"), "classifies amount as nothing we know"),
        (with_property(logicalType="array"), "gives 'amount' no usable logicalType"),
        (with_property(logicalTypeOptions={"multipleOf": 2}), "multipleOf, which is not enforced"),
        (with_property(logicalTypeOptions={"minimum": "low"}), "a text where a number belongs"),
        (with_property(primaryKey=True), "at most one primaryKey"),
        (with_property(name="order_id"), "order_id twice"),
        (
            with_property(logicalType="string", logicalTypeOptions={"pattern": "^\\d+$"}),
            "tools read differently",
        ),
        (
            with_property(logicalType="string", logicalTypeOptions={"pattern": "(("}),
            "a broken pattern for amount",
        ),
        (
            with_property(
                quality=[
                    {
                        "metric": "invalidValues",
                        "mustBe": 0,
                        "arguments": {"validValues": [False]},
                    }
                ]
            ),
            "no texts",
        ),
        (with_rule(name="x", type="sql", query="select 1"), "does not say what x must be"),
        (with_rule(name="x", metric="rowCount", mustBe=1, unit="percent"), "counts x in percent"),
        (with_rule(name="x", type="text", description="ask Ann"), "only people can check"),
        (with_rule(name="x", type="custom", engine="soda"), "for another engine"),
        (with_rule(name="x", metric="rowCount", mustBe=1, severity="huge"), "rates x oddly"),
        (with_rule(name="x", mustBe=1), "without content"),
        (
            a_document(customProperties=[{"property": "schemaMode", "value": "loose"}]),
            "unknown schemaMode",
        ),
        (
            a_document(customProperties=[{"property": "rejectBudget", "value": 5}]),
            "no sensible rejectBudget",
        ),
        (
            a_document(customProperties=[{"property": "homeCountry", "value": "Britain"}]),
            "odd homeCountry",
        ),
        (
            a_document(slaProperties=[{"property": "latency", "value": 2, "unit": "moons"}]),
            "unclear latency",
        ),
    ],
)
def test_a_contract_that_cannot_be_kept_is_refused_with_a_remedy(
    tmp_path: Path, document: Any, said: str
) -> None:
    with pytest.raises(Stop) as refusal:
        load(write(tmp_path, document))
    text = str(refusal.value)
    assert said in text
    assert text.startswith("The contract order.v1.odcs.yaml ")
    assert "Remedy: " in text


def test_broken_yaml_is_refused_by_line(tmp_path: Path) -> None:
    path = tmp_path / "order.v1.odcs.yaml"
    path.write_text("kind: DataContract\nschema: [\n", encoding="utf-8")
    with pytest.raises(Stop, match="is no YAML near line 3"):
        load(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="cannot be read"):
        load(tmp_path / "order.v1.odcs.yaml")


def test_the_highest_version_of_an_entity_counts(tmp_path: Path) -> None:
    write(tmp_path, a_document(version="9.0.0"), name="order.v9.odcs.yaml")
    write(tmp_path, a_document(version="10.0.0"), name="order.v10.odcs.yaml")
    found = entities(tmp_path)
    assert {name: contract.version for name, contract in found.items()} == {"order": "10.0.0"}


def test_an_entity_needs_a_key(tmp_path: Path) -> None:
    columns = [{"name": "note", "logicalType": "string"}]
    write(tmp_path, a_document(schema=[a_table(properties=columns)]))
    with pytest.raises(Stop, match="names no key"):
        entities(tmp_path)


def test_an_entity_file_has_to_name_its_version(tmp_path: Path) -> None:
    write(tmp_path, a_document(), name="order.odcs.yaml")
    with pytest.raises(Stop, match="call it <entity>.v1.odcs.yaml"):
        entities(tmp_path)
