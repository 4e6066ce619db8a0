"""Reads a kind of object from Salesforce: all of it, or what changed since a position.

A position is a point in time of the org's own clock. All of it is read in the order of the ids,
so that no record is met twice, whatever changes meanwhile; changes in the order of (SystemModstamp,
Id), up to the newest that there is when the reading begins. A query that the org forgets is made
anew from the last record it gave. Records of one second share their SystemModstamp, and one may
show late when its transaction takes long: a reading goes back some time behind its position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from accord.contracts.json_pages import JsonPages
from accord.errors import Stop
from accord.records import Page, Reading
from systems.salesforce import soql
from systems.salesforce.remote import LocatorGone, Org

OVERLAP = timedelta(minutes=2)
"""How far behind its position a reading of changes begins."""

REMEMBERED = timedelta(days=15)
"""How long Salesforce tells what was deleted (the recycle bin, and the log behind getDeleted)."""

_QUIET = timedelta(days=1)
_Where = Callable[["_Seen | None"], str]


class _Seen(msgspec.Struct):
    """What places a record in a reading."""

    Id: str
    SystemModstamp: str
    IsDeleted: bool

    @property
    def moment(self) -> str:
        """When it last changed, as a literal."""
        return soql.moment(soql.read_moment(self.SystemModstamp))


@dataclass(frozen=True, slots=True)
class Listing:
    """One kind of object, the fields to read of it, and the contract that its records keep."""

    org: Org
    sobject: str
    fields: Sequence[str]
    records: JsonPages
    clock: Callable[[], datetime]

    def newest(self) -> datetime | None:
        """When anything last changed or was deleted, to the second."""
        query = f"SELECT MAX(SystemModstamp) newest FROM {self.sobject}"  # noqa: S608 - our name
        newest = self._one(query, deleted=True).get("newest")
        return soql.read_moment(newest) if newest else None

    def signature(self) -> str:
        """What changes whenever a record changes, is added or is deleted.

        Two changes within one second look alike, so it changes once more when the newest is over.
        """
        query = f"SELECT COUNT(Id) records FROM {self.sobject}"  # noqa: S608 - our name
        newest, records = self.newest(), self._one(query, deleted=False).get("records")
        is_over = newest is None or self.clock() - newest > OVERLAP
        return f"{newest} {records} {'over' if is_over else 'moving'}"

    def _one(self, query: str, *, deleted: bool) -> Mapping[str, Any]:
        return next(iter(self.org.records(query, deleted=deleted)), {})

    def whole(self) -> Reading:
        """Read all there is."""
        reading = Reading(digest="", partitions=[""], pages=iter(()))
        reading.pages = self._whole(reading)
        return reading

    def changes(self, since: str) -> Reading:
        """Read what changed or was deleted since a position. Raises Stop for one too old."""
        if not soql.is_moment(since):
            raise Stop(
                f"There is no position in {self.sobject} to read on from",
                remedy="let the stream be read whole; it happens by itself in the next run",
            )
        start = soql.read_moment(since)
        if start - OVERLAP < self.clock() - REMEMBERED:
            raise Stop(
                f"Salesforce tells of deleted records for {REMEMBERED.days} days only",
                remedy="let the stream be read whole; it happens by itself in the next run",
            )
        reading = Reading(digest="", partitions=[""], pages=iter(()), complete=False)
        reading.pages = self._changes(reading, start)
        return reading

    def _whole(self, reading: Reading) -> Iterator[Page]:
        begun = self._position(self.newest(), self.clock())

        def beyond(last: _Seen | None) -> str:
            return f"Id > {soql.text(last.Id)}" if last else ""

        for raws in self._pages(beyond, ["Id"], deleted=False):
            yield self.records.page(raws)
        reading.position = soql.moment(begun)

    def _changes(self, reading: Reading, since: datetime) -> Iterator[Page]:
        now = self.clock()
        newest = self.newest()
        first, last = soql.moment(since - OVERLAP), soql.moment(newest or since)

        def beyond(seen: _Seen | None) -> str:
            begin = f"SystemModstamp >= {first}"
            if seen:
                same = f"(SystemModstamp = {seen.moment} AND Id > {soql.text(seen.Id)})"
                begin = f"(SystemModstamp > {seen.moment} OR {same})"
            return f"{begin} AND SystemModstamp <= {last}"

        told: set[str] = set()
        for raws in self._pages(beyond, ["SystemModstamp", "Id"], deleted=True):
            fresh = [(raw, seen) for raw in raws if (seen := _seen(raw)).Id not in told]
            told.update(seen.Id for _, seen in fresh)
            page = self.records.page(raw for raw, seen in fresh if not seen.IsDeleted)
            removed = [seen.Id for _, seen in fresh if seen.IsDeleted]
            yield Page(page.records, page.rejected, removed)
        gone, covered = self._purged(since, now)
        yield Page(removed=[record_id for record_id in gone if record_id not in told])
        reach = self._position(newest, now)
        reading.position = soql.moment(max(since, min(reach, covered)))

    def _pages(
        self, beyond: _Where, order: Sequence[str], *, deleted: bool
    ) -> Iterator[list[msgspec.Raw]]:
        """Yield all pages; a query that was forgotten goes on behind the last record it gave."""
        last: _Seen | None = None
        while True:
            query = soql.select(self.fields, self.sobject, where=beyond(last), order=order)
            before = last
            try:
                for raws in self.org.pages(query, deleted=deleted):
                    yield raws
                    last = _seen(raws[-1]) if raws else last
            except LocatorGone:
                if last is before:
                    raise
                continue
            return

    def _purged(self, since: datetime, now: datetime) -> tuple[list[str], datetime]:
        """What the log of deletions tells, which knows of purged records too; and how far it goes.

        It looks at minutes only, and wants more than one of them.
        """
        end = max(now, since) + timedelta(minutes=1)
        start = since - OVERLAP
        told = self.org.deleted(self.sobject, _minute(start), _minute(end))
        if told.earliestDateAvailable > start:
            raise Stop(
                "Salesforce no longer tells what was deleted since then",
                remedy="let the stream be read whole; it happens by itself in the next run",
            )
        return [item.id for item in told.deletedRecords], told.latestDateCovered

    def _position(self, newest: datetime | None, now: datetime) -> datetime:
        """Where the next reading begins: where nothing happens it moves on, or it grew too old."""
        quiet = now - _QUIET
        return max(newest, quiet) if newest else quiet


def _seen(raw: msgspec.Raw) -> _Seen:
    return msgspec.json.decode(raw, type=_Seen)


def _minute(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(second=0, microsecond=0).isoformat()
