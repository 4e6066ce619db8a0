"""Recognises JSON records that certainly keep their contract, while they are being decoded.

The contract becomes a type that msgspec decodes into, bounds included, and one regular expression
for all that has to be written in a certain way, so that the judging costs next to nothing. What is
not recognised may still be good: `json_check` tells exactly.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import ceil, floor
from operator import attrgetter
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from accord.contracts import text_forms
from accord.contracts.model import Column, Contract

Certain = Callable[[bytes], str]
"""Returns the name of a record that certainly keeps its contract, else ""."""

_ESCAPE, _NUL = b"\\", rb"\u0000"
_SEPARATOR = "\x1f"
_ABSENT = msgspec.Raw(b"null")
_INT64 = 2**63


def compiled(contract: Contract, *, key: str) -> Certain:
    """Prepare for a contract whose required text column `key` names each record."""
    attributes = {f"column_{place}": column for place, column in enumerate(contract.columns)}
    names = [attribute for attribute, column in attributes.items() if _is_name(column, key)]
    if not names:
        return lambda _: ""
    decode = msgspec.json.Decoder(_type(contract, attributes)).decode
    name = attrgetter(names[0])
    are_written = _written(attributes)
    numbers = [
        (attribute, _number(column).fullmatch)
        for attribute, column in attributes.items()
        if column.logical_type == "number"
    ]

    def certain(payload: bytes) -> str:
        if _ESCAPE in payload and _NUL in payload:
            return ""
        try:
            record = decode(payload)
            if not payload.isascii():
                payload.decode()  # what the type does not name was passed over unread
        except (ValueError, RecursionError):  # a breach, perhaps; or no JSON that can be read
            return ""
        if not are_written(record):
            return ""
        for attribute, fits in numbers:
            if not fits(bytes(getattr(record, attribute))):
                return ""
        return str(name(record))

    return certain


def _written(attributes: dict[str, Column]) -> Callable[[Any], bool]:
    """Return what tells whether all texts of a certain form have it, in one look."""
    columns = {name: column for name, column in attributes.items() if _has_form(column)}
    if not columns:
        return lambda _: True
    fits = re.compile(_SEPARATOR.join(map(_form, columns.values())), re.ASCII).fullmatch
    first, get, between = next(iter(columns)), attrgetter(*columns), len(columns) - 1

    def written(record: Any) -> bool:
        texts = get(record) if between else (getattr(record, first),)
        joined = _SEPARATOR.join([text or "" for text in texts] if None in texts else texts)
        return joined.count(_SEPARATOR) == between and fits(joined) is not None

    return written


def _has_form(column: Column) -> bool:
    if column.logical_type == "string":
        return bool(column.pattern or column.valid_values)
    return column.logical_type in ("date", "timestamp")


def _form(column: Column) -> str:
    return f"(?:{text_forms.of(column).certain}){'' if column.required else '?'}"


def _is_name(column: Column, key: str) -> bool:
    return column.name == key and column.required and column.logical_type == "string"


def _type(contract: Contract, attributes: dict[str, Column]) -> Any:
    members = []
    for attribute, column in attributes.items():
        kind = _kind(column)
        if column.required:
            members.append((attribute, kind, msgspec.field(name=column.name)))
        elif column.logical_type == "number":
            members.append((attribute, kind, msgspec.field(name=column.name, default=_ABSENT)))
        else:
            members.append((attribute, kind | None, msgspec.field(name=column.name, default=None)))
    closed = contract.schema_mode in ("freeze", "discard_row")
    return msgspec.defstruct("Recognised", members, kw_only=True, forbid_unknown_fields=closed)


def _kind(column: Column) -> Any:
    form = text_forms.of(column)
    match column.logical_type:
        case "boolean":
            return bool
        case "integer":
            lowest, highest = max(-_INT64, ceil(form.lowest)), min(_INT64 - 1, floor(form.highest))
            return Annotated[int, Meta(ge=lowest, le=highest)]
        case "number":  # a float would have lost its decimals
            return msgspec.Raw
        case _ if _has_form(column):
            return str
        case _:
            least = 1 if column.required else 0
            return Annotated[str, Meta(min_length=least, max_length=column.max_length)]


def _number(column: Column) -> re.Pattern[bytes]:
    missing = "" if column.required else "|null"
    return re.compile(f"(?:{text_forms.of(column).certain}){missing}".encode())
