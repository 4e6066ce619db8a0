"""Why a pair has the score it has, in parts that a person can weigh; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from accord.golden.desk import Field
from accord.golden.identity import bits
from accord.store.desk import Review

MOST = 15.0
"""Bits that fill a bar; what says more is drawn no longer."""


@dataclass(frozen=True, slots=True)
class Reason:
    """What one comparison found; `bits` double, or below zero halve, the odds each."""

    column: str
    level: str
    bits: float

    @property
    def share(self) -> float:
        """How long its bar is, of 1."""
        return min(abs(self.bits) / MOST, 1.0)


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute of two records, and what comparing it found."""

    field: Field
    reason: Reason | None

    @property
    def likeness(self) -> Literal["same", "alike", "apart", "unsaid"]:
        """How alike the two are: by the comparison, where there was one."""
        left, right = self.field.left, self.field.right
        if left is None or right is None:
            return "unsaid"
        if left.casefold() == right.casefold() or (self.reason and self.reason.level == "exact"):
            return "same"
        return "alike" if self.reason and self.reason.bits > 0 else "apart"


def reasons(review: Review) -> dict[str, Reason]:
    """What each comparison found, by its attribute."""
    return {
        str(it["column"]): Reason(str(it["column"]), str(it["level"]), float(it["weight"]))
        for it in review.evidence
    }


def beforehand(review: Review) -> float:
    """The odds in bits before anything was compared: how rarely two records are the same."""
    return bits(review.probability) - sum(it.bits for it in reasons(review).values())


def rows(fields: Iterable[Field], found: Mapping[str, Reason]) -> list[Row]:
    """The attributes side by side, each with its evidence; what decides most comes first."""
    made = [Row(field, found.get(field.name)) for field in fields]
    return sorted(made, key=lambda row: -abs(row.reason.bits) if row.reason else 0.0)


def in_words(found: Mapping[str, Reason], *, most: int = 3) -> list[Reason]:
    """The reasons that decide most, the weightiest first."""
    return sorted(found.values(), key=lambda it: -abs(it.bits))[:most]
