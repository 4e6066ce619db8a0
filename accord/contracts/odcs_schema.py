"""Reads the `schema` part of an ODCS v3 contract: columns and quality rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NoReturn, cast, get_args

from accord.contracts.model import Column, Comparison, LogicalType, Quality, Severity
from accord.errors import Stop

if TYPE_CHECKING:
    from open_data_contract_standard.model import DataQuality, SchemaObject, SchemaProperty

OPERATORS = tuple(
    f"must{verb}"
    for verb in (
        *("Be", "NotBe", "BeGreaterThan", "BeGreaterOrEqualTo"),
        *("BeLessThan", "BeLessOrEqualTo", "BeBetween", "NotBeBetween"),
    )
)
_PRIVACY = ("public", "internal", "confidential", "restricted")
_OPTIONS = {"pattern", "maxLength", "minimum", "maximum", "format"}
# Python, PostgreSQL and ECMA-262 read these differently; explicit ranges mean one thing.
_AMBIGUOUS = re.compile(r"\\[dDwWsSbB]|\(\?(?!:)")


def refuse(file: str, what: str, *, remedy: str, of: Exception | None = None) -> NoReturn:
    """Raise Stop about the contract `file`."""
    raise Stop(f"The contract {file} {what}", remedy=remedy) from of


def decimal(file: str, value: Any) -> Decimal | None:
    """Return a YAML number exactly as written; None stays None. Raises Stop for anything else."""
    if value is None:
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        refuse(file, "has a text where a number belongs", remedy="write a plain number", of=error)


def column(file: str, item: SchemaProperty) -> Column:
    """Return one property as a column. Raises Stop for what could not be enforced."""
    name = item.name or ""
    options = item.logicalTypeOptions or {}
    if item.logicalType not in get_args(LogicalType):
        allowed = ", ".join(get_args(LogicalType))
        refuse(file, f"gives {name!r} no usable logicalType", remedy=f"use one of {allowed}")
    if odd := sorted(set(options) - _OPTIONS):
        remedy = f"use {', '.join(sorted(_OPTIONS))}, or a quality rule"
        refuse(file, f"limits {name} by {odd[0]}, which is not enforced", remedy=remedy)
    if item.logicalType not in ("integer", "number") and {"minimum", "maximum"} & set(options):
        refuse(file, f"sets a range on {name}", remedy="range numbers only; use a quality rule")
    privacy = item.classification or "internal"
    if privacy not in _PRIVACY:
        remedy = f"use one of {', '.join(_PRIVACY)}"
        refuse(file, f"classifies {name} as nothing we know", remedy=remedy)
    limits = [quality.arguments or {} for quality in item.quality or ()]
    pattern = options.get("pattern") or next(filter(None, (x.get("pattern") for x in limits)), None)
    _check_pattern(file, name, pattern)
    return Column(
        name=name,
        logical_type=cast("LogicalType", item.logicalType),
        physical_type=item.physicalType or "",
        required=bool(item.required or item.primaryKey),
        primary_key=bool(item.primaryKey),
        unique=bool(item.unique or item.primaryKey),
        pattern=pattern,
        minimum=decimal(file, options.get("minimum")),
        maximum=decimal(file, options.get("maximum")),
        max_length=options.get("maxLength"),
        valid_values=_valid_values(file, item),
        privacy=privacy,
        description=(item.description or "").strip(),
        custom={entry.property or "": entry.value for entry in item.customProperties or ()},
    )


def _valid_values(file: str, item: SchemaProperty) -> tuple[str, ...]:
    listed: list[Any] = [entry.value for entry in item.enum or ()]
    for quality in item.quality or ():
        listed += (quality.arguments or {}).get("validValues", ())
    if not all(isinstance(value, str) for value in listed):
        remedy = "put each value into quotes: YAML reads a bare NO as false"
        refuse(file, f"lists values of {item.name} that are no texts", remedy=remedy)
    return tuple(dict.fromkeys(listed))


def _check_pattern(file: str, column: str, pattern: str | None) -> None:
    if pattern is None:
        return
    try:
        re.compile(pattern)
    except re.error as error:
        refuse(file, f"has a broken pattern for {column}", remedy="mend the pattern", of=error)
    if _AMBIGUOUS.search(pattern):
        remedy = "write ranges such as [0-9] or [A-Z]; a pattern always covers the whole value"
        refuse(file, f"has a pattern for {column} that tools read differently", remedy=remedy)


def rules(file: str, table: SchemaObject) -> Iterator[Quality]:
    """Yield the quality rules of all columns, then those of the table. Raises Stop."""
    for item in table.properties or ():
        for quality in item.quality or ():
            yield _rule(file, item.name, quality)
    for quality in table.quality or ():
        yield _rule(file, None, quality)


def _rule(file: str, column: str | None, item: DataQuality) -> Quality:
    metric = item.metric or item.rule or ""
    name = item.name or "_".join(filter(None, (column, _snake(metric))))
    if item.severity not in (None, *get_args(Severity)):
        refuse(file, f"rates {name} oddly", remedy="give it severity: error or warning")
    if item.type == "custom" and item.engine != "accord":
        refuse(file, f"has {name} for another engine", remedy="use engine: accord")
    if item.unit == "percent":
        refuse(file, f"counts {name} in percent", remedy="count rows, or set rejectBudget")
    if item.type == "text":
        refuse(file, f"has {name}, which only people can check", remedy="move it to description")
    implementation = item.implementation if isinstance(item.implementation, dict) else {}
    custom = {entry.property: entry.value for entry in item.customProperties or ()}
    rule = Quality(
        name=name,
        column=column,
        metric=metric,
        arguments=item.arguments or {},
        query=(item.query or "").strip(),
        row_condition=str(implementation.get("rowCondition", "")).strip(),
        comparison=_comparison(file, item),
        severity=cast("Severity", item.severity or "error"),
        description=(item.description or "").strip(),
        remedy=str(custom.get("remedy", "")),
    )
    if not (name and (rule.metric or rule.query or rule.row_condition)):
        remedy = "give it a name and a metric, a query or a rowCondition"
        refuse(
            file, f"has a quality rule on {column or 'the table'} without content", remedy=remedy
        )
    if not rule.row_condition and rule.comparison is None:
        refuse(file, f"does not say what {name} must be", remedy="add mustBe: or another operator")
    return rule


def _snake(text: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text).lower()


def _comparison(file: str, item: DataQuality) -> Comparison | None:
    for operator in OPERATORS:
        operand = getattr(item, operator)
        if operand is not None:
            listed: Sequence[Any] = operand if isinstance(operand, list) else (operand,)
            operands = (decimal(file, value) for value in listed)
            return Comparison(operator, tuple(value for value in operands if value is not None))
    return None
