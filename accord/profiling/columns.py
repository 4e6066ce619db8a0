"""One column of a table, counted value by value: how full, how valid, how alike, how odd."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from statistics import median
from typing import Any

_DIGIT, _BLANKS, _LETTER = re.compile(r"\d"), re.compile(r"\s+"), re.compile(r"[^\W\d_]")
_WORD, _NUMBER = re.compile(r"[Xx]{5,}"), re.compile(r"9{7,}")

MOST_DISTINCT = 200_000
"""Different values that are told apart; a column with more says so."""

MOST_FORMATS = 500
SAMPLE = 20_000
"""Numbers that are kept to find what lies far from the others; of more, a random sample."""

FAR = Decimal("3.5")
"""Far from the median: so many scaled median deviations (Iglewicz and Hoaglin, 1993)."""

SHAPED = 0.5
"""The share of the values that the two commonest formats must have for others to be odd."""

RARE = 0.05
"""The share of the values below which a format is rare."""


@dataclass(frozen=True, slots=True)
class Format:
    """A shape that values have, with digits as 9 and letters as X or x, and how many have it."""

    shape: str
    values: int


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What a column holds, as counts; `distinct` is None above MOST_DISTINCT.

    `invalid` are filled values that cannot be what the column says. `odd` are values in a format
    that few others have, where most values share one or two; `far` are numbers outside `usual`.
    """

    name: str
    records: int
    filled: int
    invalid: int
    distinct: int | None
    formats: tuple[Format, ...]
    odd: int
    far: int
    usual: str = ""

    @property
    def completeness(self) -> float:
        """The share of records that have a value."""
        return self.filled / self.records if self.records else 1.0

    @property
    def validity(self) -> float:
        """The share of the values that can be what the column says."""
        return 1 - self.invalid / self.filled if self.filled else 1.0

    @property
    def consistency(self) -> float:
        """The share of the values that are written like most others."""
        return 1 - self.odd / self.filled if self.filled else 1.0


@dataclass(slots=True)
class Tally:
    """Counts the values of one column; memory stays bounded however many there are."""

    name: str
    filled: int = 0
    invalid: int = 0
    _kinds: Counter[str] = field(default_factory=Counter)
    _kinds_filled: set[str] = field(default_factory=set)
    _seen: set[int] = field(default_factory=set)
    _formats: Counter[str] = field(default_factory=Counter)
    _numbers: list[Decimal] = field(default_factory=list)
    _numeric: int = 0
    _draw: Random = field(default_factory=lambda: Random(7))  # noqa: S311 - a sample

    def add(self, value: Any, *, valid: bool = True, kind: str = "") -> None:
        """Count one record's value; None and blank text are no value, whatever `valid` says.

        Where no record of a `kind` has a value, the column is not meant for that kind.
        """
        self._kinds[kind] += 1
        if value is None or (isinstance(value, str) and not value.strip()):
            return
        self.filled += 1
        self._kinds_filled.add(kind)
        self.invalid += not valid
        if len(self._seen) <= MOST_DISTINCT:
            self._seen.add(hash(value))
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            self._sampled(Decimal(str(value)))
        else:
            shape = shape_of(str(value))
            if shape in self._formats or len(self._formats) < MOST_FORMATS:
                self._formats[shape] += 1

    @property
    def records(self) -> int:
        """The records that the column is meant for."""
        meant = self._kinds_filled or self._kinds
        return sum(count for kind, count in self._kinds.items() if kind in meant)

    def profile(self) -> ColumnProfile:
        """What was counted."""
        far, usual = _far(self._numbers)
        scale = self._numeric / len(self._numbers) if self._numbers else 1
        return ColumnProfile(
            name=self.name,
            records=self.records,
            filled=self.filled,
            invalid=self.invalid,
            distinct=len(self._seen) if len(self._seen) <= MOST_DISTINCT else None,
            formats=tuple(Format(*item) for item in self._formats.most_common(5)),
            odd=_odd(self._formats, self.filled),
            far=round(far * scale),
            usual=usual,
        )

    def _sampled(self, number: Decimal) -> None:
        self._numeric += 1
        if len(self._numbers) < SAMPLE:
            self._numbers.append(number)
        elif (place := self._draw.randrange(self._numeric)) < SAMPLE:
            self._numbers[place] = number


def shape_of(text: str) -> str:
    """Return the shape of a text, runs of letters shortened: `AB12 3cd` is `XX99 9x`.

    Up to four letters in a row are told one by one, so that codes and postcodes keep their shape;
    longer runs are one word.
    """
    shape = _DIGIT.sub("9", _BLANKS.sub(" ", text.strip()))
    shape = _LETTER.sub(lambda found: "X" if found[0].isupper() else "x", shape)
    shape = _WORD.sub(lambda found: _word(found[0]), shape)
    return _NUMBER.sub(lambda found: f"9×{len(found[0])}", shape)[:40]


def _word(letters: str) -> str:
    if letters.isupper() or letters.islower():
        return f"{letters[0]}…"
    return "Xx…"


def _odd(formats: Counter[str], filled: int) -> int:
    """Count the values in rare formats, of a column whose values are numbers, dates or codes.

    Names and addresses of people are written as they come; nothing there is odd.
    """
    shared = sum(count for _, count in formats.most_common(2))
    with_digits = sum(count for shape, count in formats.items() if "9" in shape)
    if not filled or shared < SHAPED * filled or with_digits < SHAPED * filled:
        return 0
    return filled - sum(count for _, count in formats.items() if count >= RARE * filled)


def _far(numbers: list[Decimal]) -> tuple[int, str]:
    """Count the numbers far from the median, and say between which bounds the others lie."""
    if not numbers:
        return 0, ""
    middle = median(numbers)
    spread = median([abs(number - middle) for number in numbers])
    limit = FAR * spread / Decimal("0.6745")
    if not limit:
        return 0, ""
    far = sum(abs(number - middle) > limit for number in numbers)
    return far, f"{middle - limit:,.0f} to {middle + limit:,.0f}"
