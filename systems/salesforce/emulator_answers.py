"""How the emulator answers queries: pages with locators, deletions, descriptions."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from systems.salesforce.emulator_objects import SObject
from systems.salesforce.emulator_soql import Query, Refused, parsed
from systems.salesforce.emulator_store import Records

_CURSORS = 10
_CURSOR_SECONDS = 2 * 86_400
_LOG_SECONDS = 15 * 86_400
_MOST_DELETED = 600_000
_TYPES = {"id": "id", "string": "string", "email": "email", "phone": "phone"}


@dataclass(frozen=True, slots=True)
class _Cursor:
    query: Query
    ids: list[str]
    size: int
    opened_at: float


class Answers:
    """Answers to questions about records; it remembers where queries go on, and no more of them."""

    def __init__(self, records: Records, *, page_records: int, clock: Callable[[], float]) -> None:
        self._records, self._largest, self._clock = records, page_records, clock
        self._lock = threading.Lock()
        self._cursors: OrderedDict[str, _Cursor] = OrderedDict()
        self._opened = 0

    def query(self, text: str, *, deleted: bool, size: int, base: str) -> dict[str, Any]:
        """The first page of what a query finds. Raises Refused."""
        query = parsed(text)
        if query.is_aggregate:
            counted = self._records.counted(query, deleted=deleted)
            if query.is_count:
                return {"totalSize": counted[""], "done": True, "records": []}
            record = {"attributes": {"type": "AggregateResult"}, **counted}
            return {"totalSize": 1, "done": True, "records": [record]}
        ids = self._records.chosen(query, deleted=deleted)
        cursor = _Cursor(query, ids, min(size, self._largest), self._clock())
        return self._page(cursor, self._remembered(cursor), 0, base)

    def more(self, locator: str, base: str) -> dict[str, Any]:
        """A further page. Raises Refused when its query is forgotten."""
        name, _, start = locator.partition("-")
        with self._lock:
            cursor = self._cursors.get(name)
        if cursor is None or cursor.opened_at < self._clock() - _CURSOR_SECONDS:
            raise Refused("INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(cursor, name, int(start), base)

    def forget_queries(self) -> None:
        """Forget where every query goes on."""
        with self._lock:
            self._cursors.clear()

    def deleted(self, sobject: SObject, start: str, end: str) -> dict[str, Any]:
        """What was deleted in a span of minutes. Raises Refused for one that is not kept."""
        first, last = (_minute(text) for text in (start, end))
        now = self._clock()
        earliest = now - _LOG_SECONDS
        if last - first < 60:
            told = "startDate must precede endDate by more than a minute"
            raise Refused("INVALID_REPLICATION_DATE", told)
        if first < now - 2 * _LOG_SECONDS:
            raise Refused("INVALID_REPLICATION_DATE", "startDate before 30 days ago")
        if first < earliest:
            raise Refused("INVALID_REPLICATION_DATE", "the log of deletions begins later")
        found = self._records.deletions(sobject, first, last)
        if len(found) > _MOST_DELETED:
            raise Refused("EXCEEDED_ID_LIMIT", "exceeded the limit of ids")
        return {
            "deletedRecords": [{"id": item, "deletedDate": moment} for item, moment in found],
            "earliestDateAvailable": _shown(earliest),
            "latestDateCovered": _shown(min(last, now - now % 60)),
        }

    def _remembered(self, cursor: _Cursor) -> str:
        with self._lock:
            self._opened += 1
            name = f"01gAc{self._opened:010}AAA"
            if len(cursor.ids) > cursor.size:
                self._cursors[name] = cursor
            while len(self._cursors) > _CURSORS:
                self._cursors.popitem(last=False)
        return name

    def _page(self, cursor: _Cursor, name: str, start: int, base: str) -> dict[str, Any]:
        end = start + cursor.size
        names = [label for label, _ in cursor.query.columns]
        chosen = cursor.ids[start:end]
        done = end >= len(cursor.ids)
        more = {} if done else {"nextRecordsUrl": f"{base}/query/{name}-{end}"}
        shown = self._records.shown(cursor.query.sobject, names, chosen, base=base)
        return {"totalSize": len(cursor.ids), "done": done, **more, "records": shown}


def described(sobject: SObject) -> dict[str, Any]:
    """What the API tells of a kind of object; of its fields, what clients go by."""
    return {
        "name": sobject.name,
        "keyPrefix": sobject.prefix,
        "queryable": True,
        "fields": [
            {
                "name": field.name,
                "type": field.type,
                "length": field.length if field.type in _TYPES else 0,
                "custom": field.name.endswith("__c"),
                "externalId": field.external,
                "unique": field.external,
                "nillable": not field.required,
                "createable": field.writable,
                "updateable": field.writable,
            }
            for field in sobject.fields.values()
        ],
    }


def _minute(text: str) -> float:
    try:
        seconds = datetime.fromisoformat(text.replace(" ", "+")).timestamp()
    except ValueError:
        raise Refused("INVALID_REPLICATION_DATE", "no such date") from None
    return seconds - seconds % 60


def _shown(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
