"""Judges records that arrive as text, such as CSV lines, against a stream's contract.

A check is stricter than PostgreSQL's casts: what passes can be cast without an error, integers by
way of numeric since `6.0` is one here. Nothing is converted on the happy path: one regular
expression covers a whole record and accepts only what is certainly good; everything else is
judged field by field, exactly.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from accord.contracts import text_forms
from accord.contracts.model import Column, Contract
from accord.contracts.shapes import ShapeChange, shape_change
from accord.contracts.text_forms import Breach, Form, breach

_SEPARATOR = "\x1f"
_UNENCODABLE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Check:
    """Judges one record's fields, given in the contract's column order."""

    columns: tuple[Column, ...]
    forms: tuple[Form, ...]
    _certain: re.Pattern[str] = field(repr=False)

    def __call__(self, fields: Sequence[str]) -> Breach | None:
        """Return the first breach from the left, or None. `""` is a missing value."""
        if len(fields) == len(self.columns):
            joined = _SEPARATOR.join(fields)
            if self._certain.fullmatch(joined) and not is_broken(joined):
                return None
        return self._exactly(fields)

    def _exactly(self, fields: Sequence[str]) -> Breach | None:
        if len(fields) != len(self.columns):
            return Breach(
                cause="wrong_field_count",
                field="",
                detail=f"the record has {len(fields)} fields, agreed are {len(self.columns)}",
                remedy="look for a missing or unquoted separator, or a line that was cut off",
            )
        for column, form, text in zip(self.columns, self.forms, fields, strict=True):
            if found := check_field(column, form, text):
                return found
        return None


def compiled(contract: Contract) -> Check:
    """Prepare the check of a stream's contract; do so once, it is meant for many records."""
    forms = tuple(text_forms.of(column) for column in contract.columns)
    certain = _SEPARATOR.join(
        f"(?:{form.certain})" if column.required else f"(?:{form.certain})?"
        for column, form in zip(contract.columns, forms, strict=True)
    )
    return Check(contract.columns, forms, re.compile(certain, re.ASCII))


def check_field(column: Column, form: Form, text: str) -> Breach | None:
    """Judge one field exactly."""
    if not text:
        return breach(column, "missing_value") if column.required else None
    if is_broken(text):
        return breach(column, "broken_text")
    if not form.shape.fullmatch(text) or not _in_calendar(column, text):
        return breach(column, form.cause)
    if form.numeric and (cause := _number_fault(form, text)):
        return breach(column, cause)
    if column.max_length is not None and len(text) > column.max_length:
        return breach(column, "too_long")
    if column.valid_values and text not in column.valid_values:
        return breach(column, "not_in_list")
    if form.pattern is not None and not form.pattern.fullmatch(text):
        return breach(column, "wrong_pattern")
    return None


def is_broken(text: str) -> bool:
    """Tell whether a text holds what no text of PostgreSQL can hold."""
    return "\0" in text or not (text.isascii() or _UNENCODABLE.search(text) is None)


def _in_calendar(column: Column, text: str) -> bool:
    if column.logical_type not in ("date", "timestamp"):
        return True
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return True


def _number_fault(form: Form, text: str) -> str | None:
    if not form.lowest <= Decimal(text) <= form.highest:
        return "out_of_range"
    if len(text.partition(".")[2].rstrip("0")) > form.scale:
        return "too_many_decimals"
    return None


__all__ = ["Breach", "Check", "ShapeChange", "compiled", "shape_change"]
