"""Judges records that arrive as decoded JSON, with the same causes as text records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accord.contracts import text_forms
from accord.contracts.checker import check_field, is_broken
from accord.contracts.model import Column, Contract
from accord.contracts.text_forms import SAYINGS, Breach, Form, breach

_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "date": (str,),
    "timestamp": (str,),
    "integer": (int, float, Decimal),
    "number": (int, float, Decimal),
    "boolean": (bool,),
}
_CAUSES = {"string": "not_a_text"}


@dataclass(frozen=True, slots=True)
class JsonCheck:
    """Judges one record, a JSON object at whose top the contract's columns are members.

    Where it is `closed`, by schemaMode freeze or discard_row, a member nobody agreed on breaks the
    contract as soon as it holds anything. What PostgreSQL cannot read breaks it wherever it stands:
    it would keep the record from being read, and every model that reads it with others.
    """

    columns: tuple[tuple[Column, Form], ...]
    closed: bool = False

    def __call__(self, record: Mapping[str, Any]) -> Breach | None:
        """Return the first breach in column order, or None."""
        for column, form in self.columns:
            value = record.get(column.name)
            if not _is_kind(column, value):
                cause = _CAUSES.get(column.logical_type, form.cause)
                return breach(column, cause)
            if found := check_field(column, form, _text(value)):
                return found
        if self.closed and (found := self._unagreed(record)):
            return found
        return unreadable(record)

    def _unagreed(self, record: Mapping[str, Any]) -> Breach | None:
        agreed = {column.name for column, _ in self.columns}
        if all(value is None for name, value in record.items() if name not in agreed):
            return None
        return Breach(
            cause="unagreed_column",
            field="",
            detail="the record fills a field that the contract does not have",
            remedy="leave the field out at the source, or agree on a new version of the contract",
        )


def unreadable(record: Mapping[str, Any]) -> Breach | None:
    """Find a member, agreed on or not, with a text at any depth that PostgreSQL cannot hold."""
    for name, value in record.items():
        if any(is_broken(text) for text in _texts({name: value})):
            told = "the name of a member" if is_broken(name) else name
            detail, remedy = SAYINGS["broken_text"][0], "take them out at the source"
            return Breach("broken_text", name, f"{told} {detail}", remedy)
    return None


def _texts(value: Any) -> Iterator[str]:
    """All texts in a JSON value, names of members among them."""
    rest = [value]
    while rest:
        match rest.pop():
            case str(text):
                yield text
            case dict(members):
                yield from members
                rest.extend(members.values())
            case list(items):
                rest.extend(items)


def compiled(contract: Contract) -> JsonCheck:
    """Prepare the check of a JSON stream's contract."""
    return JsonCheck(
        columns=tuple((column, text_forms.of(column)) for column in contract.columns),
        closed=contract.schema_mode in ("freeze", "discard_row"),
    )


def _is_kind(column: Column, value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, bool):
        return column.logical_type == "boolean"
    return isinstance(value, _KINDS[column.logical_type])


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return format(Decimal(repr(value)), "f")
        case Decimal():
            return format(value, "f")
        case _:
            return str(value)
