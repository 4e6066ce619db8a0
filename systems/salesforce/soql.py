"""Writes queries in SOQL, with every value quoted and no query longer than an address may be.

https://developer.salesforce.com/docs/atlas.en-us.soql_sosl.meta/soql_sosl/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote_plus

LONGEST_LIST = 6000
"""Characters of an address that a list of values may take; with its headers it may have 16,384."""

_ESCAPES = str.maketrans(
    {
        "\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t",
        "\b": "\\b", "\f": "\\f",
    }
)  # fmt: skip
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


def text(value: str) -> str:
    """A text as a literal, whatever is in it."""
    return f"'{value.translate(_ESCAPES)}'"


def moment(value: datetime) -> str:
    """A point in time as a literal; such literals sort like what they mean."""
    told = value.astimezone(UTC).isoformat(timespec="milliseconds")
    return told.removesuffix("+00:00") + "Z"


def read_moment(literal: str) -> datetime:
    """The point in time that a literal or an answer of the API means. Raises ValueError."""
    return datetime.fromisoformat(literal.replace("+0000", "+00:00"))


def is_moment(literal: str) -> bool:
    """Tell whether a text is such a literal, and so safe to stand in a query."""
    try:
        return bool(_MOMENT.fullmatch(literal)) and bool(read_moment(literal))
    except ValueError:
        return False


def select(fields: Iterable[str], sobject: str, *, where: str, order: Sequence[str] = ()) -> str:
    """A query for fields of one kind of object."""
    query = f"SELECT {', '.join(fields)} FROM {sobject}"  # noqa: S608 - names from objects.py
    query += f" WHERE {where}" if where else ""
    return query + (f" ORDER BY {', '.join(order)}" if order else "")


def lists(values: Iterable[str]) -> Iterator[str]:
    """Lists of quoted values to stand behind IN, each short enough for an address."""
    chosen: list[str] = []
    length = 0
    for value in values:
        literal = text(value)
        cost = len(quote_plus(f"{literal},"))
        if chosen and length + cost > LONGEST_LIST:
            yield f"({','.join(chosen)})"
            chosen, length = [], 0
        chosen.append(literal)
        length += cost
    if chosen:
        yield f"({','.join(chosen)})"
