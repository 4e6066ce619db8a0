"""Values of records: as given, in the entity's columns, and normalised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from accord.store.golden import Known


class Normalise(Protocol):
    """Writes one value the canonical way, such as `accord.matching.normalise.normalised`."""

    def __call__(
        self, entity: str, column: str, value: Any, *, country: str | None = None
    ) -> str | None:
        """Return the canonical text, or None where the value cannot be read as its column."""


def given(row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, str]:
    """What a record says, as text; what it does not say is left out."""
    return {name: _text(row[name]) for name in columns if row.get(name) not in (None, "")}


def normal(
    normalise: Normalise,
    entity: str,
    columns: Sequence[str],
    said: Mapping[str, str],
    *,
    home: str | None = None,
    before: Known | None = None,
) -> dict[str, str]:
    """What a record says, normalised; what cannot be read as what it should be is left out.

    A name that is only told in parts is put together. What is written as in a country, such as a
    telephone number, is read in the record's own, and in that of `home` where it names none. What
    the record said `before` is not worked out again, unless it is read in another country now.
    """
    told = country_told(said, home)
    country = normalise(entity, "country", told) if told else None
    known = before if before and country_told(before.given, home) == told else None
    found: dict[str, str] = {}
    for name, text in said.items():
        if known and known.given.get(name) == text:
            value = known.normal.get(name)
        else:
            value = normalise(entity, name, text, country=country)
        if value:
            found[name] = value
    return _named(found, columns)


def country_told(said: Mapping[str, Any], home: str | None) -> str | None:
    """The country that a record's numbers are read in, as given."""
    return said.get("country") or said.get("billing_country") or home


def _named(found: dict[str, str], columns: Sequence[str]) -> dict[str, str]:
    if "name" not in columns or "name" in found:
        return found
    parts = [found[part] for part in ("first_name", "last_name") if part in found]
    name = " ".join(parts) or found.get("organisation")
    return {**found, "name": name} if name else found


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
