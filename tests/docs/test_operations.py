"""docs/operations.md knows every cause by which a record can end in the dead letters."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from accord.contracts import text_forms
from accord.contracts.odcs import entities
from accord.quality.gate import BUDGET, NO_PARTITION
from accord.quality.rules import Rule, rules_of
from accord.settings import CHECKOUT
from tests.support import documents

TEXT = (documents.DOCS / "operations.md").read_text(encoding="utf-8")
KNOWN = frozenset(documents.first_column(documents.sections(TEXT)["All causes"]))

_CODE = re.compile(r"[a-z]+(_[a-z]+)*")
_WITH_CAUSES = re.compile(r"systems/[a-z0-9_]+/(faults|refusals)\.py")


def rules() -> Iterator[Rule]:
    for contract in entities(CHECKOUT / "contracts").values():
        yield from rules_of(contract)


def in_code() -> set[str]:
    """Each `cause=…`, causes of what is refused or told of, and all codes in faults.py and such."""
    found: set[str] = set()
    for path in documents.code(".py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                found.update(_said(node))
            elif _WITH_CAUSES.fullmatch(documents.named(path)) and isinstance(node, ast.Constant):
                found.update(_code(node, least="_"))
    return found


def _said(call: ast.Call) -> Iterator[str]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    place = {"Refusal": 0, "Receipt": 3, "Rejected": 3}.get(name)
    given = [keyword.value for keyword in call.keywords if keyword.arg == "cause"]
    if place is not None and len(call.args) > place:
        given.append(call.args[place])
    for value in given:
        yield from _code(value)


def _code(value: ast.AST, *, least: str = "") -> Iterator[str]:
    text = value.value if isinstance(value, ast.Constant) else None
    if isinstance(text, str) and _CODE.fullmatch(text) and least in text:
        yield text


def test_the_search_for_causes_finds_the_known_kinds() -> None:
    known = {"empty_file", "truncated_line", "period_locked", "doubled_at_destination"}
    assert known | {"not_an_object", "missing_key"} <= in_code()


def test_every_cause_in_the_code_is_explained() -> None:
    assert in_code() - KNOWN == set()


def test_every_cause_of_a_field_is_explained() -> None:
    assert set(text_forms.SAYINGS) - KNOWN == set()


@pytest.mark.parametrize("name", sorted({BUDGET, NO_PARTITION, *(rule.name for rule in rules())}))
def test_every_rule_of_a_gate_is_explained(name: str) -> None:
    columns = {rule.column for rule in rules() if rule.name == name and rule.column}
    assert KNOWN & {name, *(name.replace(column, "<column>", 1) for column in columns)}


def test_no_cause_is_explained_that_does_not_exist() -> None:
    named = {rule.name for rule in rules()} | {BUDGET, NO_PARTITION}
    general = {rule.name.replace(rule.column, "<column>", 1) for rule in rules() if rule.column}
    assert KNOWN - in_code() - set(text_forms.SAYINGS) - named - general == set()
