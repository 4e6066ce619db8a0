"""A contract as the engine sees it: plain values, free of the file format it was read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal

LogicalType = Literal["string", "integer", "number", "date", "timestamp", "boolean"]
SchemaMode = Literal["evolve", "freeze", "discard_row", "discard_value"]
Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its type, what it may hold and how private it is.

    `privacy` is the ODCS classification: public, internal, confidential or restricted. `custom` are
    the column's own customProperties, such as its authority.
    """

    name: str
    logical_type: LogicalType
    physical_type: str = ""
    required: bool = False
    primary_key: bool = False
    unique: bool = False
    pattern: str | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    max_length: int | None = None
    valid_values: tuple[str, ...] = ()
    privacy: str = "internal"
    description: str = ""
    custom: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a measured number must be: one of the ODCS `mustBe…` operators with its operands."""

    operator: str
    operands: tuple[Decimal, ...]

    def holds(self, measured: Decimal | None) -> bool:
        """Tell whether `measured` is as it must be; nothing measured never is."""
        if measured is None:
            return False
        first, last = self.operands[0], self.operands[-1]
        return {
            "mustBe": measured == first,
            "mustNotBe": measured != first,
            "mustBeGreaterThan": measured > first,
            "mustBeGreaterOrEqualTo": measured >= first,
            "mustBeLessThan": measured < first,
            "mustBeLessOrEqualTo": measured <= first,
            "mustBeBetween": first <= measured <= last,
            "mustNotBeBetween": not first <= measured <= last,
        }[self.operator]


@dataclass(frozen=True, slots=True)
class Quality:
    """One entry of an ODCS `quality` section, on a column or on the whole table.

    `metric` is set for library rules, `query` for SQL, `row_condition` for conditions that each
    row has to meet (`type: custom`, `engine: accord`).
    """

    name: str
    column: str | None
    metric: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    query: str = ""
    row_condition: str = ""
    comparison: Comparison | None = None
    severity: Severity = "error"
    description: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Contract:
    """The agreement about one stream or entity.

    `table` is where it lives (`canonical.sales`), `grain` what one row stands for. `reject_budget`
    is the share of a partition's rows that may be rejected before all of it is held back. What a
    record without a country says is read in `home_country`, as ISO 3166-1 alpha-2, if there is one.
    `digest` identifies the file's content.
    """

    name: str
    version: str
    table: str
    grain: str
    description: str
    owner: str
    schema_mode: SchemaMode
    partition_column: str | None
    key_column: str | None
    reject_budget: Decimal
    columns: tuple[Column, ...]
    rules: tuple[Quality, ...]
    freshness: timedelta | None
    digest: str
    home_country: str | None = None

    def column(self, name: str) -> Column:
        """Return the column called `name`. Raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns, in the agreed order."""
        return tuple(column.name for column in self.columns)
