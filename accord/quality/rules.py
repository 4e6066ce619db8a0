"""The rules a contract implies, each with a stable name and a remedy.

Missing values: a null breaks `not_null` and nothing else. No other rule looks at rows whose column
is null, and a row condition that cannot be decided, because something in it is null, holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from accord.contracts.model import Column, Comparison, Contract, Quality, Severity
from accord.errors import Stop

RowKind = Literal[
    "not_null", "in_list", "not_in_list", "pattern", "length", "range", "row_condition"
]
BatchKind = Literal["unique", "sql", "row_count"]
_NAME = re.compile(r"[a-z][a-z0-9_]{0,54}")
_TEXT_ONLY = ("in_list", "not_in_list", "pattern", "length")
_SUFFIX = {
    "not_null": "not_null",
    "in_list": "in_list",
    "pattern": "as_agreed",
    "length": "not_too_long",
    "range": "in_range",
    "unique": "unique",
}
_REMEDY = {
    "not_null": "fill {column} at the source, or correct the model that derives it",
    "in_list": "correct {column} at the source, or add the value to the contract",
    "not_in_list": "replace the placeholder in {column} at the source",
    "pattern": "correct how {column} is written at the source, or widen its pattern",
    "length": "shorten {column} at the source, or raise maxLength in the contract",
    "range": "correct {column} at the source, or widen its range in the contract",
    "unique": "find out why {column} repeats, and correct the model that builds it",
    "row_condition": "correct the record at the source, or the model that derives it",
    "sql": "compare the table with what was landed, and build it again",
    "row_count": "look whether all of the source's records have arrived",
}


@dataclass(frozen=True, slots=True)
class RowRule:
    """A rule each row keeps or breaks by itself. `column` is "" for conditions over several."""

    name: str
    kind: RowKind
    severity: Severity
    remedy: str
    column: str = ""
    values: tuple[str, ...] = ()
    pattern: str = ""
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    condition: str = ""


@dataclass(frozen=True, slots=True)
class BatchRule:
    """A rule that only a whole partition keeps or breaks.

    `unique` is judged against the whole table and blames rows of the asked partitions. A `sql`
    query returns (partition, measured) for each of `${partitions}` (`${partition_keys}` are the
    same as text), or one measured number where the table has no partitions; a partition that it
    is silent about breaks the rule.
    """

    name: str
    kind: BatchKind
    severity: Severity
    remedy: str
    column: str = ""
    query: str = ""
    comparison: Comparison | None = None


Rule = RowRule | BatchRule


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules of a contract, row rules apart from those of the batch."""

    rows: tuple[RowRule, ...]
    batches: tuple[BatchRule, ...]

    def __iter__(self) -> Iterator[Rule]:
        yield from self.rows
        yield from self.batches

    def named(self, name: str) -> Rule:
        """Return the rule called `name`. Raises KeyError."""
        for rule in self:
            if rule.name == name:
                return rule
        raise KeyError(name)


def rules_of(contract: Contract) -> Rules:
    """Return the rules that columns imply, then those of the quality sections.

    A quality entry about what its column already implies only names it, and sets its severity and
    remedy. Raises Stop for what cannot be judged.
    """
    stated = [rule for quality in contract.rules for rule in _stated(contract, quality)]
    about = {(rule.kind, rule.column) for rule in stated if rule.column}
    implied = [
        rule
        for column in contract.columns
        for rule in _implied(column)
        if (rule.kind, rule.column) not in about
    ]
    rules = [*implied, *stated]
    names = [rule.name for rule in rules]
    for rule in rules:
        if not _NAME.fullmatch(rule.name) or names.count(rule.name) > 1:
            _refuse(contract, rule.name, "give every rule its own lower_snake_case name")
        if rule.kind in _TEXT_ONLY and contract.column(rule.column).logical_type != "string":
            _refuse(contract, rule.name, "lists, patterns and lengths are for string columns")
    return Rules(
        rows=tuple(rule for rule in rules if isinstance(rule, RowRule)),
        batches=tuple(rule for rule in rules if isinstance(rule, BatchRule)),
    )


def _refuse(contract: Contract, rule: str, remedy: str) -> None:
    raise Stop(f"The rule {rule!r} of contract {contract.name} cannot be judged", remedy=remedy)


def _implied(column: Column) -> Sequence[Rule]:
    kinds: dict[RowKind, bool] = {
        "not_null": column.required,
        "in_list": bool(column.valid_values),
        "pattern": column.pattern is not None,
        "length": column.max_length is not None,
        "range": column.minimum is not None or column.maximum is not None,
    }
    rules: list[Rule] = [_on_column(column, kind) for kind, applies in kinds.items() if applies]
    if column.unique:
        rules.append(_unique(column))
    return rules


def _on_column(column: Column, kind: RowKind, quality: Quality | None = None) -> RowRule:
    length = Decimal(column.max_length) if column.max_length is not None else None
    return RowRule(
        name=quality.name if quality else f"{column.name}_{_SUFFIX[kind]}",
        kind=kind,
        severity=quality.severity if quality else "error",
        remedy=_remedy(kind, quality, column.name),
        column=column.name,
        values=column.valid_values if kind == "in_list" else (),
        pattern=column.pattern or "" if kind == "pattern" else "",
        minimum=column.minimum if kind == "range" else None,
        maximum={"range": column.maximum, "length": length}.get(kind),
    )


def _unique(column: Column, quality: Quality | None = None) -> BatchRule:
    return BatchRule(
        name=quality.name if quality else f"{column.name}_{_SUFFIX['unique']}",
        kind="unique",
        severity=quality.severity if quality else "error",
        remedy=_remedy("unique", quality, column.name),
        column=column.name,
    )


def _remedy(kind: str, quality: Quality | None, column: str = "") -> str:
    return (quality.remedy if quality else "") or _REMEDY[kind].format(column=column)


def _stated(contract: Contract, quality: Quality) -> Iterator[Rule]:
    if quality.metric:
        yield from _from_metric(contract, quality)
    elif quality.row_condition:
        if ";" in quality.row_condition:
            _refuse(contract, quality.name, "write one condition, without a semicolon")
        yield RowRule(
            name=quality.name,
            kind="row_condition",
            severity=quality.severity,
            remedy=_remedy("row_condition", quality),
            condition=quality.row_condition,
        )
    else:
        if ";" in quality.query:
            _refuse(contract, quality.name, "write one query, without a semicolon")
        yield _batch(quality, "sql")


def _batch(quality: Quality, kind: BatchKind) -> BatchRule:
    return BatchRule(
        name=quality.name,
        kind=kind,
        severity=quality.severity,
        remedy=_remedy(kind, quality),
        query=quality.query,
        comparison=quality.comparison,
    )


def _from_metric(contract: Contract, quality: Quality) -> Iterator[Rule]:
    if quality.metric == "rowCount" and quality.column is None:
        yield _batch(quality, "row_count")
        return
    zero = Comparison("mustBe", (Decimal(0),))
    if quality.column is None or quality.comparison != zero:
        _refuse(contract, quality.name, "put it on one column and write mustBe: 0")
    column = contract.column(quality.column or "")
    match quality.metric:
        case "nullValues":
            yield _on_column(column, "not_null", quality)
        case "missingValues":
            yield from _missing(contract, column, quality)
        case "invalidValues" if column.valid_values:
            yield _on_column(column, "in_list", quality)
        case "invalidValues" if column.pattern:
            yield _on_column(column, "pattern", quality)
        case "duplicateValues":
            yield _unique(column, quality)
        case _:
            _refuse(contract, quality.name, "use a metric of ODCS with its arguments")


def _missing(contract: Contract, column: Column, quality: Quality) -> Iterator[Rule]:
    """Yield a rule against nulls, where null is listed as missing, and one against placeholders."""
    listed = quality.arguments.get("missingValues", [None])
    placeholders = tuple(value for value in listed if isinstance(value, str))
    if len(placeholders) + (None in listed) != len(listed):
        _refuse(contract, quality.name, "list texts in quotes, and null, as missingValues")
    if None in listed:
        name = f"{column.name}_not_null" if placeholders else quality.name
        yield RowRule(
            name=name,
            kind="not_null",
            severity=quality.severity,
            remedy=_remedy("not_null", quality, column.name),
            column=column.name,
        )
    if placeholders:
        yield RowRule(
            name=quality.name,
            kind="not_in_list",
            severity=quality.severity,
            remedy=_remedy("not_in_list", quality, column.name),
            column=column.name,
            values=placeholders,
        )
