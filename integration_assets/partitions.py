"""Business days: the one partitioning there is, and which days a run is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import dagster as dg

from accord.records import Window
from accord.store.builds import Span

WHOLE = Span("", "")
"""What a flow without days is about."""

BACKFILL = dg.BackfillPolicy.multi_run(max_partitions_per_run=7)
DAY_TAG = "dagster/partition"
FIRST_TAG = "dagster/asset_partition_range_start"
LAST_TAG = "dagster/asset_partition_range_end"


def business_days(first_day: date, timezone: str) -> dg.DailyPartitionsDefinition:
    """Every day from the first one ever landed; today belongs to it, as its export may be early."""
    return dg.DailyPartitionsDefinition(
        start_date=first_day.isoformat(), timezone=timezone, end_offset=1
    )


@dataclass(frozen=True, slots=True)
class Days:
    """The business days of a run, `first` to `last`, both included."""

    first: date
    last: date

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> Days:
        """Read them from a run's tags: one partition, or a range of them."""
        one = tags.get(DAY_TAG)
        return cls(
            date.fromisoformat(one or tags[FIRST_TAG]), date.fromisoformat(one or tags[LAST_TAG])
        )

    @classmethod
    def asked(cls, tags: Mapping[str, str]) -> Days | None:
        """The same, or None for a run of a flow without days."""
        return cls.of(tags) if DAY_TAG in tags or FIRST_TAG in tags else None

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags of a run about these days."""
        return {FIRST_TAG: self.first.isoformat(), LAST_TAG: self.last.isoformat()}

    @property
    def keys(self) -> list[str]:
        """Each day as a partition key."""
        count = (self.last - self.first).days + 1
        return [(self.first + timedelta(days=offset)).isoformat() for offset in range(count)]

    @property
    def title(self) -> str:
        """The days in words."""
        first, last = self.first.isoformat(), self.last.isoformat()
        return first if first == last else f"{first} to {last}"

    @property
    def window(self) -> Window:
        """The same days for a connector."""
        return Window(self.first, self.last)

    @property
    def span(self) -> Span:
        """The same days for the store."""
        return Span(self.first.isoformat(), self.last.isoformat())
