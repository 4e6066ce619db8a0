"""Who is in a table more than once, and who is in two: by keys that name somebody almost surely.

A share of an e-mail address, a telephone number, a tax number, or a name at a postcode is a hint
and not a match; deciding is the business of `accord.matching`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

KEYS: Mapping[str, tuple[str, ...]] = {
    "email": ("email",),
    "phone": ("phone",),
    "tax_id": ("tax_id",),
    "name and postcode": ("name", "postcode"),
}


@dataclass(frozen=True, slots=True)
class Repeated:
    """How many records of a table share a key with another one of it."""

    key: str
    records: int


@dataclass(frozen=True, slots=True)
class Shared:
    """How many records of one table have a key that a record of the other has too."""

    left: str
    right: str
    records: int
    of: int


@dataclass(slots=True)
class Repeats:
    """Collects the keys of tables; keys are kept as numbers, so that no value stays in memory."""

    _seen: dict[str, dict[str, Counter[int]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Counter))
    )
    _records: dict[str, list[frozenset[int]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, table: str, record: Mapping[str, Any]) -> None:
        """Count one record, given by normalised values."""
        found = set()
        for key, columns in KEYS.items():
            values = [record.get(column) for column in columns]
            if all(values):
                code = hash((key, *(str(value).casefold() for value in values)))
                self._seen[table][key][code] += 1
                found.add(code)
        self._records[table].append(frozenset(found))

    def within(self, table: str) -> list[Repeated]:
        """The records of one table that share a key, by kind of key."""
        return [
            Repeated(key, sum(count for count in counts.values() if count > 1))
            for key, counts in sorted(self._seen[table].items())
        ]

    def any_within(self, table: str) -> int:
        """How many records of one table share any key with another."""
        twice = {
            code for counts in self._seen[table].values() for code, n in counts.items() if n > 1
        }
        return sum(bool(codes & twice) for codes in self._records[table])

    def between(self) -> list[Shared]:
        """For each two tables, how many records of the smaller are in the other as well."""
        return [_shared(left, right, self._records) for left, right in self._pairs()]

    def _pairs(self) -> Iterable[tuple[str, str]]:
        return combinations(
            sorted(self._records, key=lambda name: (len(self._records[name]), name)), 2
        )


def _shared(left: str, right: str, records: Mapping[str, list[frozenset[int]]]) -> Shared:
    known = frozenset().union(*records[right]) if records[right] else frozenset()
    return Shared(
        left, right, sum(bool(codes & known) for codes in records[left]), len(records[left])
    )
