"""Reads the customers of a Stripe account: all of them, or those that events tell of.

A list and a single answer show a customer alike but for white space, which is why payloads are kept
without it; otherwise the same customer would land anew each time it is read the other way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import quote

import msgspec

from accord.contracts.json_pages import JsonPages
from accord.errors import Retry, Stop
from accord.records import Page, Reading
from systems.stripe.remote import LARGEST_PAGE, Account, name_of

CUSTOMERS, EVENTS = "/v1/customers", "/v1/events"
TYPES = tuple(
    f"{noun}.{deed}"
    for noun in ("customer", "customer.tax_id")
    for deed in ("created", "updated", "deleted")
)
DELETED = "customer.deleted"
EVENT_DAYS = 30
_HORIZON = EVENT_DAYS * 86_400 - 3600
_LATE = 10
_MANY, _WORTH = 200, 10
_WHOLE = {"expand[0]": "data.tax_ids"}
_ONE = {"expand[0]": "tax_ids"}


class Shown(msgspec.Struct):
    """What we need of the customer, or of the part of one, that an event tells of."""

    object: Any = None
    id: Any = None
    customer: Any = None
    deleted: Any = None
    name: Any = None
    email: Any = None
    phone: Any = None
    metadata: Any = None


class _Data(msgspec.Struct):
    object: Shown | None = None


class Event(msgspec.Struct):
    """What we need of an event; what it shows is as it was then."""

    id: str
    type: str
    created: int
    data: _Data

    @property
    def shown(self) -> Shown:
        """What it is about."""
        return self.data.object or Shown()

    @property
    def customer(self) -> str:
        """The id of the customer it is about."""
        is_itself = self.shown.object == "customer"
        return str((self.shown.id if is_itself else self.shown.customer) or "")


_event = msgspec.json.Decoder(Event)


def customer_path(customer_id: str) -> str:
    """Return the path of one customer."""
    return f"{CUSTOMERS}/{quote(customer_id, safe='')}"


def events(account: Account, *, since: int) -> Iterator[Event]:
    """Yield the events about customers from a second on, newest first."""
    for page in event_pages(account, since=since):
        yield from page


def event_pages(account: Account, *, since: int) -> Iterator[list[Event]]:
    """Yield the same events page by page, as far as they are asked for."""
    asked = {"created[gte]": str(since), "limit": str(LARGEST_PAGE), **_types()}
    for page in account.pages(EVENTS, asked):
        yield [event_of(raw) for raw in page]


def newest_event(account: Account) -> Event | None:
    """Return the newest event about customers, if it is not too old to be kept."""
    raw = account.newest(EVENTS, _types())
    return None if raw is None else event_of(raw)


def event_of(raw: msgspec.Raw | bytes) -> Event:
    """Decode an event. Raises Retry when it is none."""
    try:
        return _event.decode(raw)
    except ValueError as error:
        raise Retry(
            "Stripe told of an event that cannot be read",
            remedy="run again; if it stays, compare the version in system.toml with Stripe's",
        ) from error


@dataclass(frozen=True, slots=True)
class Position:
    """How far the events were seen: the newest second, and which of the last seconds' events.

    Several events share a second, and one may be shown a little after a newer one.
    """

    second: int
    seen: frozenset[str] = field(default_factory=frozenset)

    def __str__(self) -> str:
        return f"{self.second}:{','.join(sorted(self.seen))}"

    @property
    def since(self) -> int:
        """From which second on events are to be asked for."""
        return self.second - _LATE

    def after(self, told: Sequence[Event]) -> Position:
        """The position once these, all since `since`, were seen."""
        newest = max([self.second, *(event.created for event in told)])
        late = {event.id for event in told if event.created >= newest - _LATE}
        return Position(newest, frozenset(late))

    @classmethod
    def parsed(cls, text: str) -> Position:
        """Read what `str` gave. Raises Stop for anything else."""
        second, colon, seen = text.partition(":")
        if not (colon and second.isascii() and second.isdigit()):
            raise Stop("The position is none of Stripe's events", remedy="read the stream whole")
        return cls(int(second), frozenset(seen.split(",")) - {""})


@dataclass(frozen=True, slots=True)
class Customers:
    """The stream of customers."""

    account: Account
    pages: JsonPages
    clock: Callable[[], float]

    def whole(self) -> Reading:
        """Read all customers; changes made meanwhile come after the reading's position."""
        reading = Reading(digest="", partitions=[""], pages=iter(()))
        reading.pages = self._whole(reading)
        return reading

    def changes(self, since: str) -> Reading:
        """Read the customers that events since a position tell of, as they are now.

        Raises Stop when the position is older than the events that Stripe keeps.
        """
        position = Position.parsed(since)
        if position.second < self.clock() - _HORIZON:
            raise Stop(
                f"Stripe keeps events for {EVENT_DAYS} days, and the position is older",
                remedy="read the stream whole",
            )
        reading = Reading(digest="", partitions=[""], pages=iter(()), complete=False)
        reading.pages = self._changed(reading, position)
        return reading

    def _whole(self, reading: Reading) -> Iterator[Page]:
        newest = newest_event(self.account)
        # Without any event for so long, a day is more than clocks can be apart.
        position = Position(int(self.clock()) - 86_400)
        if newest:
            position = Position(newest.created, frozenset({newest.id}))
        for raws in self.account.pages(CUSTOMERS, _WHOLE):
            yield self.pages.page(map(_compact, raws))
        reading.position = str(position)

    def _changed(self, reading: Reading, position: Position) -> Iterator[Page]:
        told = list(events(self.account, since=position.since))
        fresh = [event for event in told if event.id not in position.seen]
        # Ids are never given again, so what was deleted once stays so.
        gone = {event.customer for event in fresh if event.type == "customer.deleted"}
        ids = dict.fromkeys(event.customer for event in fresh if event.customer not in gone | {""})
        if gone:
            yield Page(removed=sorted(gone))
        yield from self._listed(ids)
        left = list(ids)
        for start in range(0, len(left), self.account.page_size):
            yield self._page(left[start : start + self.account.page_size])
        reading.position = str(position.after(told))

    def _listed(self, ids: dict[str, None]) -> Iterator[Page]:
        """Take many customers out of the list, as long as that is less work than one by one."""
        pages = self.account.pages(CUSTOMERS, _WHOLE) if len(ids) >= _MANY else iter(())
        for raws in islice(pages, len(ids) // _WORTH):
            named = ((name_of(raw), raw) for raw in raws)
            wanted = [(name, raw) for name, raw in named if name in ids]
            for name, _ in wanted:
                del ids[name]
            yield self.pages.page(_compact(raw) for _, raw in wanted)
            if not ids:
                return

    def _page(self, ids: Sequence[str]) -> Page:
        found = dict(zip(ids, self.account.each(self._one, ids), strict=True))
        page = self.pages.page(payload for payload in found.values() if payload)
        return Page(page.records, page.rejected, [name for name in ids if not found[name]])

    def _one(self, customer_id: str) -> bytes:
        """Read a customer as it is now; b"" when it is gone."""
        body = self.account.find(customer_path(customer_id), _ONE)
        if body is None or is_deleted(body):
            return b""
        return _compact(body)


class _Standing(msgspec.Struct):
    deleted: bool = False


_standing = msgspec.json.Decoder(_Standing)


def is_deleted(body: bytes) -> bool:
    """Tell whether what was read is only the trace of a deleted customer. Raises Retry."""
    try:
        return _standing.decode(body).deleted
    except ValueError as error:
        raise Retry(
            "Stripe's answer about a customer is not whole",
            remedy="run again; if it stays, look at the system or a proxy in between",
        ) from error


def _compact(raw: msgspec.Raw | bytes) -> bytes:
    return msgspec.json.format(bytes(raw), indent=-1)


def _types() -> dict[str, str]:
    return {f"types[{place}]": name for place, name in enumerate(TYPES)}
