"""Finds customers under our keys, and those that are certainly the same under none.

Stripe's search is the only way to ask for a key of ours, and it lags: usually by less than a
minute, after an outage by up to an hour (https://docs.stripe.com/search#data-freshness). So what
was touched within that hour is told by the lists of new customers and of events, which do not lag,
and by our own writes; and where those leave a doubt, the customer is read by itself.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from accord.errors import Retry
from accord.records import Found, Write
from systems.stripe.customers import digest_of, is_live, kind_of, our_id
from systems.stripe.reading import CUSTOMERS, DELETED, Event, customer_path, event_pages
from systems.stripe.remote import LARGEST_PAGE, Account

WINDOW = 65 * 60
_CLAUSES = 10
_OVERLAP = 1
_UNSURE = 10

_KEPT = ("id", "deleted", "name", "email", "phone", "metadata")

Customer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Touch:
    """What is known of a customer that was touched: when last, and every key it carried then.

    `shown` is how it was left; none where that cannot be told from what was told.
    """

    second: int
    keys: frozenset[str]
    shown: Customer | None

    def and_then(self, later: Touch) -> Touch:
        """Add another touch; of two in one second that differ nobody knows which came last."""
        keys = self.keys | later.keys
        if later.second == self.second:
            alike = self.shown and later.shown and _shows(self.shown) == _shows(later.shown)
            return Touch(self.second, keys, later.shown if alike else None)
        newest = later if later.second > self.second else self
        return Touch(newest.second, keys, newest.shown)


@dataclass(slots=True)
class Recent:
    """The customers that the search may not know as they are.

    It is asked for anew each time, from where it left off. It is only a shortcut: whatever is
    forgotten in a crash is told again by Stripe.
    """

    account: Account
    clock: Callable[[], float]
    _touched: dict[str, Touch] = field(default_factory=dict)
    _written: dict[str, Touch] = field(default_factory=dict)
    _by_key: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _seen: dict[str, int] = field(default_factory=dict)
    _since: int = 0
    _swept: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def lately(self, keys: Collection[str], names: Collection[str]) -> dict[str, Customer | None]:
        """Of the customers with these keys or ids those touched lately; None for one just now."""
        with self._lock:
            now = int(self.clock())
            for customer_id, touch in self._told(max(self._since - _OVERLAP, now - WINDOW)):
                self._add(customer_id, touch)
                self._since = max(self._since, touch.second)
            if now - self._swept >= _UNSURE:
                self._sweep(now)
            asked = {*names, *(name for key in keys for name in self._by_key.get(key, ()))}
            return {
                name: self._shown(name, now)
                for name in asked
                if name in self._touched or name in self._written
            }

    def note(self, customer_id: str, key: str) -> None:
        """Remember that we are about to write to a customer, or have just made it."""
        with self._lock:
            self._written[customer_id] = Touch(int(self.clock()), frozenset({key}), None)
            self._by_key[key].add(customer_id)

    def doubt(self) -> None:
        """Go back to the beginning: something may yet appear that should have been seen."""
        with self._lock:
            self._since = 0
            self._seen.clear()

    def _told(self, since: int) -> list[tuple[str, Touch]]:
        """What Stripe tells of since then. Nothing is taken for seen before all of it is there."""
        made = [
            _decoded(raw)
            for page in self.account.pages(
                CUSTOMERS, {"created[gte]": str(since), "limit": str(LARGEST_PAGE)}
            )
            for raw in page
        ]
        told = self._fresh(since)
        seen = {name: second for name, second in self._seen.items() if second >= since}
        self._seen = {**seen, **{event.id: event.created for event in told}}
        return [
            *((customer["id"], _touch(customer, customer["created"])) for customer in made),
            *(
                (event.customer, _touch(_left_by(event), event.created))
                for event in told
                if event.customer == event.shown.id
            ),
        ]

    def _fresh(self, since: int) -> list[Event]:
        """The events not seen before; the newest come first, so behind known ones all are known."""
        found: list[Event] = []
        for page in event_pages(self.account, since=since):
            fresh = [event for event in page if event.id not in self._seen]
            if not fresh:
                break
            found += fresh
        return found

    def _add(self, customer_id: str, touch: Touch) -> None:
        before = self._touched.get(customer_id)
        self._touched[customer_id] = before.and_then(touch) if before else touch
        for key in touch.keys:
            self._by_key[key].add(customer_id)

    def _shown(self, customer_id: str, now: int) -> Customer | None:
        """How a customer was left; None where that was too lately to be sure."""
        told = self._touched.get(customer_id)
        is_sure = told is not None and told.second < now - _UNSURE
        return told.shown if told and is_sure and customer_id not in self._written else None

    def _sweep(self, now: int) -> None:
        """Forget what the search knows by now."""
        self._swept = now
        self._touched = _from(now - WINDOW, self._touched)
        self._written = _from(now - _UNSURE, self._written)
        known = self._touched.keys() | self._written.keys()
        left = {key: names & known for key, names in self._by_key.items()}
        self._by_key = defaultdict(set, {key: names for key, names in left.items() if names})


@dataclass(frozen=True, slots=True)
class Looking:
    """Looks customers up by our keys, and matches those that carry none."""

    account: Account
    recent: Recent

    def look_up(self, keys: Sequence[str]) -> dict[str, Found]:
        """Find the live customers that carry these keys."""
        if not keys:
            return {}
        wanted = frozenset(keys)
        searched = {str(found["id"]): found for found in self._searched(sorted(wanted))}
        lately = self.recent.lately(wanted, searched)
        unsure = [name for name, shown in lately.items() if shown is None]
        lately.update(zip(unsure, self.account.each(self.one, unsure), strict=True))
        searched.update({name: shown or {} for name, shown in lately.items()})
        by_key: dict[str, list[Customer]] = defaultdict(list)
        for customer in searched.values():
            if customer and is_live(customer) and our_id(customer) in wanted:
                by_key[our_id(customer)].append(customer)
        return {key: _found(customers) for key, customers in by_key.items()}

    def match(self, writes: Sequence[Write]) -> dict[str, Found]:
        """Find what is the same under no key of ours: by its id, else by its e-mail address."""
        matches = self.account.each(self._matching, writes)
        pairs = zip(writes, matches, strict=True)
        return {write.key: _found(customers) for write, customers in pairs if customers}

    def one(self, customer_id: str) -> Customer:
        """Read a customer as it is now; an empty one where there is none."""
        body = self.account.find(customer_path(customer_id))
        return _decoded(body) if body else {}

    def _searched(self, keys: Sequence[str]) -> Iterator[Customer]:
        for start in range(0, len(keys), _CLAUSES):
            clauses = [_clause(key) for key in keys[start : start + _CLAUSES]]
            for raw in self.account.search(f"{CUSTOMERS}/search", " OR ".join(clauses)):
                yield _decoded(raw)

    def _matching(self, write: Write) -> list[Customer]:
        if write.destination_id:
            customer = self.one(write.destination_id)
            if _is_free(customer, write):
                return [customer]
        email = write.content.get("email")
        pages = self.account.pages(CUSTOMERS, {"email": str(email)}) if email else ()
        listed: list[Customer] = [_decoded(raw) for page in pages for raw in page]
        free = [it for it in listed if _is_free(it, write) and _is_same_kind(it, write)]
        # One that was put aside comes back under its own key only, or one merged into it.
        for key in (write.key, *write.former):
            if ours := [customer for customer in free if our_id(customer) == key]:
                return ours
        return [customer for customer in free if is_live(customer)]


def _shows(customer: Customer) -> tuple[bool, str]:
    return bool(customer.get("deleted")), digest_of(customer)


def _left_by(event: Event) -> Customer:
    """The customer as an event left it: one of a deletion tells it as it was before."""
    customer = {name: getattr(event.shown, name) for name in _KEPT}
    return {**customer, "deleted": True} if event.type == DELETED else customer


def _touch(customer: Customer, second: int) -> Touch:
    """Keep of a customer only what look-ups need; there may be many."""
    kept = {name: customer.get(name) for name in _KEPT}
    return Touch(second, frozenset({our_id(customer)} - {""}), kept)


def _from(second: int, touches: Mapping[str, Touch]) -> dict[str, Touch]:
    return {name: touch for name, touch in touches.items() if touch.second >= second}


def _found(customers: Sequence[Customer]) -> Found:
    ids = tuple(sorted(str(customer["id"]) for customer in customers))
    return Found(ids, digest_of(customers[0]) if len(ids) == 1 else "")


def _is_free(customer: Customer, write: Write) -> bool:
    """Tell whether a customer is there and is not another key's."""
    return bool(customer) and not customer.get("deleted") and write.may_take(our_id(customer))


def _is_same_kind(customer: Customer, write: Write) -> bool:
    """A person and the company they write for may share an address."""
    kinds = {kind_of(customer), write.seed.get("kind") or ""} - {""}
    return len(kinds) < 2


def _clause(key: str) -> str:
    escaped = key.replace("\\", "\\\\").replace("'", "\\'")
    return f"metadata['accord_id']:'{escaped}'"


def _decoded(raw: msgspec.Raw | bytes) -> dict[str, Any]:
    """Decode a customer. Raises Retry when it is not whole."""
    try:
        return _customer.decode(raw)
    except ValueError as error:
        raise Retry(
            "Stripe's answer about a customer is not whole",
            remedy="run again; if it stays, look at the system or a proxy in between",
        ) from error


_customer = msgspec.json.Decoder(dict[str, Any])
