"""What one day's file means: what lands and passes, what arrives, what waits for a person."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from tests.chaos import models
from tests.chaos.tills import BARRED, DayFile, Line


@dataclass(frozen=True, slots=True)
class Meant:
    """What one day's file means."""

    file: DayFile

    @property
    def landed(self) -> list[Line]:
        """The lines that keep their contract."""
        return [line for line in self.file.lines if line.poison != "at landing"]

    @property
    def passed(self) -> list[Line]:
        """The lines that may go out."""
        return [line for line in self.landed if line.poison != "at the gate"]

    @property
    def is_closed(self) -> bool:
        """Whether so many lines break a rule that the whole day is held back."""
        rejected = len(self.landed) - len(self.passed)
        return rejected > models.TAKINGS.reject_budget * len(self.landed)

    @property
    def is_barred(self) -> bool:
        """Whether the destinations refuse the day."""
        return any(line.article == BARRED for line in self.passed)

    @property
    def arrives(self) -> bool:
        """Whether the destinations are to hold it in the end."""
        return not self.is_closed and not self.is_barred

    @property
    def number(self) -> str:
        """What its document is called."""
        return f"POS-{self.file.day}"

    @property
    def reference(self) -> str:
        """What its entry is called."""
        return f"TILL {self.file.day}"

    @property
    def amounts(self) -> Mapping[str, Decimal]:
        """The takings by article."""
        found: dict[str, Decimal] = defaultdict(Decimal)
        for line in self.passed:
            found[line.article] += line.amount
        return found

    def letters(self) -> Iterator[tuple[str, str, str, str]]:
        """The dead letters it leaves: stage, name, record and cause."""
        day = self.file.day
        for line in self.file.lines:
            if line.poison == "at landing":
                key = hashlib.sha256(line.raw(day)).hexdigest()[:16]
                yield "landing", models.STREAM, f"{key}|1", "not_an_integer"
            if line.poison == "at the gate":
                key = f"{day}|{line.receipt}|{line.article}|1"
                yield "gate", models.TAKINGS.name, key, "unit_price_in_range"
        if self.is_barred and not self.is_closed:
            yield "delivery", "takings", self.number, "account_unknown"
            yield "delivery", "petty_takings", self.reference, "refused"
