"""Recognises JSON records that certainly keep their contract, while they are being decoded.

The contract becomes a type that msgspec decodes into, bounds and patterns included, so that the
judging costs next to nothing. What is not recognised may still be good: `json_check` tells exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from accord.contracts import text_forms
from accord.contracts.model import Column, Contract
from accord.contracts.text_forms import NEVER

Certain = Callable[[bytes], str]
"""Returns the name of a record that certainly keeps its contract, else ""."""

_NUL = rb"\u0000"


def compiled(contract: Contract, *, key: str) -> Certain:
    """Prepare for a contract whose required column `key` is a text that names each record."""
    named = [column for column in contract.columns if column.name == key]
    if not named or not named[0].required or named[0].logical_type != "string":
        return lambda _: ""
    record = msgspec.defstruct(
        "Record",
        [_member(place, column) for place, column in enumerate(contract.columns)],
        kw_only=True,
        forbid_unknown_fields=contract.schema_mode in ("freeze", "discard_row"),
    )
    decode = msgspec.json.Decoder(record).decode
    name = _attribute(contract.column_names.index(key))

    def certain(payload: bytes) -> str:
        if _NUL in payload:
            return ""
        try:
            found: str = getattr(decode(payload), name)
        except ValueError:  # a breach, perhaps; or bytes that are no JSON
            return ""
        return found

    return certain


def _attribute(place: int) -> str:
    return f"column_{place}"


def _member(place: int, column: Column) -> tuple[Any, ...]:
    """Describe a column to msgspec; a column may be missing or null unless it is required."""
    kind = _kind(column)
    if column.required:
        return _attribute(place), kind, msgspec.field(name=column.name)
    return _attribute(place), kind | None, msgspec.field(name=column.name, default=None)


def _kind(column: Column) -> Any:
    match column.logical_type:
        case "boolean":
            return bool
        case "integer":
            form = text_forms.of(column)
            return Annotated[int, Meta(ge=ceil(form.lowest), le=floor(form.highest))]
        case "number":
            return _number(column)
        case _:
            return _text(column)


def _number(column: Column) -> Any:
    """Only whole numbers are certain, since decimals cannot be counted in a float."""
    form = text_forms.of(column)
    lowest, highest = (max(-(2**63), ceil(form.lowest)), min(2**63 - 1, floor(form.highest)))
    return Annotated[int, Meta(ge=lowest, le=highest)]


def _text(column: Column) -> Any:
    if column.valid_values:
        return Literal[_allowed(column)]
    certain = text_forms.of(column).certain
    if column.logical_type == "string" and not column.pattern:
        return Annotated[
            str, Meta(min_length=1 if column.required else 0, max_length=column.max_length)
        ]
    more = "" if column.required else "?"
    return Annotated[str, Meta(pattern=rf"\A(?a:{certain}){more}\Z")]


def _allowed(column: Column) -> tuple[str, ...]:
    return column.valid_values
