"""Finds customers under our keys, and those that are certainly the same under none.

Stripe's search is the only way to ask for a key of ours, and it lags: usually by less than a
minute, after an outage by up to an hour (https://docs.stripe.com/search#data-freshness). So what
was touched within that hour is told by the lists of new customers and of events, which do not lag,
and by our own writes; and each of those that matters is read by itself.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import msgspec

from accord.errors import Retry
from accord.records import Found, Write
from systems.stripe.customers import digest_of, is_live, kind_of, our_id
from systems.stripe.reading import CUSTOMERS, customer_path, events
from systems.stripe.remote import Account

WINDOW = 65 * 60
_CLAUSES = 10
_OVERLAP = 5

Customer = Mapping[str, Any]


@dataclass(slots=True)
class Recent:
    """The customers that the search may not know as they are, each with the keys it carried.

    It is asked for anew each time, from where it left off. It is only a shortcut: whatever is
    forgotten in a crash is told again by Stripe.
    """

    account: Account
    clock: Callable[[], float]
    _touched: dict[str, tuple[int, set[str]]] = field(default_factory=dict)
    _since: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def touched(self) -> dict[str, frozenset[str]]:
        """The ids of customers touched lately, with every key of ours they carried then."""
        with self._lock:
            oldest = int(self.clock()) - WINDOW
            since = max(self._since - _OVERLAP, oldest)
            for customer, second in self._told(since):
                self._add(str(customer["id"]), our_id(customer), second)
                self._since = max(self._since, second)
            self._touched = {
                name: (second, keys)
                for name, (second, keys) in self._touched.items()
                if second >= oldest
            }
            return {name: frozenset(keys) for name, (_, keys) in self._touched.items()}

    def note(self, customer_id: str, key: str) -> None:
        """Remember that we are about to write to a customer, or have just made it."""
        with self._lock:
            self._add(customer_id, key, int(self.clock()))

    def doubt(self) -> None:
        """Go back to the beginning: something may yet appear that should have been seen."""
        with self._lock:
            self._since = 0

    def _told(self, since: int) -> Iterator[tuple[Customer, int]]:
        for page in self.account.pages(CUSTOMERS, {"created[gte]": str(since), "limit": "100"}):
            for raw in page:
                customer = _decoded(raw)
                yield customer, customer["created"]
        for event in events(self.account, since=since):
            if event.customer:
                told = event.data["object"]
                known = told if told.get("object") == "customer" else {}
                yield {**known, "id": event.customer}, event.created

    def _add(self, customer_id: str, key: str, second: int) -> None:
        before, keys = self._touched.get(customer_id, (second, set()))
        self._touched[customer_id] = (max(before, second), keys | ({key} if key else set()))


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
        touched = self.recent.touched()
        doubtful = [
            name for name, carried in touched.items() if carried & wanted or name in searched
        ]
        searched.update(zip(doubtful, self._each(self.one, doubtful), strict=True))
        by_key: dict[str, list[Customer]] = defaultdict(list)
        for customer in searched.values():
            if customer and is_live(customer) and our_id(customer) in wanted:
                by_key[our_id(customer)].append(customer)
        return {key: _found(customers) for key, customers in by_key.items()}

    def match(self, writes: Sequence[Write]) -> dict[str, Found]:
        """Find what is the same under no key of ours: by its id, else by its e-mail address."""
        matches = self._each(self._matching, writes)
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
        ours = [customer for customer in free if our_id(customer)]
        # One that was put aside comes back under its own key only.
        return ours or [customer for customer in free if is_live(customer)]

    def _each(self, ask: Callable[[Any], Any], about: Sequence[Any]) -> Iterable[Any]:
        if len(about) < 2:
            return [ask(item) for item in about]
        with ThreadPoolExecutor(self.account.concurrent) as pool:
            return list(pool.map(ask, about))


def _found(customers: Sequence[Customer]) -> Found:
    ids = tuple(sorted(str(customer["id"]) for customer in customers))
    return Found(ids, digest_of(customers[0]) if len(ids) == 1 else "")


def _is_free(customer: Customer, write: Write) -> bool:
    """Tell whether a customer is there and is not another key's."""
    return bool(customer) and not customer.get("deleted") and our_id(customer) in ("", write.key)


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
