"""What each endpoint of the emulator answers; keys, limits and repetition are seen to before."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accord.emulation.server import Request
from systems.stripe.emulator_answers import Refused, listing, missing, shown
from systems.stripe.emulator_desk import API_VERSION, Asked, Desk
from systems.stripe.emulator_forms import expanded, opened
from systems.stripe.emulator_search import found
from systems.stripe.emulator_store import Books, Range

EVENT_SECONDS = 30 * 86_400
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}(\.[a-z]+)?")
_COMPARED = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_LISTED = {
    "customers": {"created", "email", "limit", "starting_after", "ending_before", "expand"},
    "events": {"created", "type", "types", "limit", "starting_after", "ending_before"},
}


@dataclass(frozen=True, slots=True)
class Call:
    """One request, with its form."""

    request: Request
    form: Mapping[str, str]
    asked: Asked

    @property
    def query(self) -> dict[str, Any]:
        """What the query asks for, nested."""
        return opened(self.request.query.items())

    @property
    def values(self) -> dict[str, Any]:
        """What the form says, nested."""
        return opened(self.form.items())

    @property
    def name(self) -> str:
        """The id in the path."""
        return self.request.named["id"]


@dataclass(frozen=True, slots=True)
class Account:
    """The account's endpoints."""

    books: Books
    desk: Desk
    clock: Callable[[], float]
    _requests: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def new_request_id(self) -> str:
        """Return an id for a request."""
        return self.books.new_id("req_", self.clock(), next(self._requests))

    def version(self, request: Request) -> str:
        """Return the version that an answer is said to be of."""
        told = request.headers.get("stripe-version", API_VERSION)
        return told if _VERSION.fullmatch(told) else API_VERSION

    def everybody(self) -> list[dict[str, Any]]:
        """Return all customers that are not deleted, with their tax ids as a plain list."""
        return self.books.listed("customers", Range(limit=-1))

    def create(self, call: Call) -> dict[str, Any]:
        """Make a customer."""
        values = call.values
        with_tax_ids = expanded(values, "tax_ids")
        return shown(self.desk.create(values, call.asked), with_tax_ids=with_tax_ids)

    def update(self, call: Call) -> dict[str, Any]:
        """Change a customer."""
        values = call.values
        with_tax_ids = expanded(values, "tax_ids")
        return shown(self.desk.update(call.name, values, call.asked), with_tax_ids=with_tax_ids)

    def retrieve(self, call: Call) -> dict[str, Any]:
        """Show a customer; of a deleted one, that it is deleted."""
        customer = self.books.customer(call.name)
        if customer is None:
            raise missing(call.name)
        return shown(customer, with_tax_ids=expanded(call.query, "tax_ids"))

    def delete(self, call: Call) -> dict[str, Any]:
        """Delete a customer for good."""
        return shown(self.desk.delete(call.name, call.asked))

    def add_tax_id(self, call: Call) -> dict[str, Any]:
        """Give a customer a tax id."""
        return self.desk.add_tax_id(call.name, call.values, call.asked)

    def drop_tax_id(self, call: Call) -> dict[str, Any]:
        """Take a tax id from a customer."""
        return self.desk.drop_tax_id(call.name, call.request.named["tax_id"], call.asked)

    def list_tax_ids(self, call: Call) -> dict[str, Any]:
        """List a customer's tax ids."""
        customer = self.desk.live(call.name)
        told: dict[str, Any] = shown(customer, with_tax_ids=True)["tax_ids"]
        return told

    def list_customers(self, call: Call) -> dict[str, Any]:
        """List customers, newest first."""
        query = call.query
        with_tax_ids = expanded(query, "data.tax_ids")
        conditions = [("email = ?", query["email"])] if "email" in query else []
        customers, has_more = self._page("customers", query, conditions)
        told = (shown(customer, with_tax_ids=with_tax_ids) for customer in customers)
        return listing("/v1/customers", told, has_more=has_more)

    def search(self, call: Call) -> dict[str, Any]:
        """Find customers as the search knows them, which is as they were a while ago."""
        query = call.query
        until = self.clock() - self.desk.lag
        return found(self.books, query, until=until, limit=_limit(query))

    def list_events(self, call: Call) -> dict[str, Any]:
        """List events of the last 30 days, newest first."""
        query = call.query
        types = list((query.get("types") or {}).values()) or [query.get("type", "*")]
        if len(types) > 20:
            raise Refused(400, "At most 20 types can be asked for", param="types")
        patterns = [str(name).replace("*", "%") for name in types]
        liked = " or ".join("type like ?" for _ in patterns)
        kept: list[tuple[str, Any]] = [("created >= ?", int(self.clock()) - EVENT_SECONDS)]
        events, has_more = self._page("events", query, kept, any_of=(liked, patterns))
        return listing("/v1/events", events, has_more=has_more)

    def retrieve_event(self, call: Call) -> dict[str, Any]:
        """Show an event that is not too old."""
        event = self.books.event(call.name)
        if event is None or event["created"] < self.clock() - EVENT_SECONDS:
            raise Refused(404, f"No such event: '{call.name}'", code="resource_missing", param="id")
        return event

    def _page(
        self,
        table: str,
        query: Mapping[str, Any],
        conditions: list[tuple[str, Any]],
        *,
        any_of: tuple[str, list[str]] = ("", []),
    ) -> tuple[list[dict[str, Any]], bool]:
        """Return the part of a list that a query asks for, and whether more follows."""
        for name in query:
            if name not in _LISTED[table]:
                raise Refused(400, f"Received unknown parameter: {name}", param=name)
        limit = _limit(query)
        after, before = (
            self._place(table, query, name) for name in ("starting_after", "ending_before")
        )
        asked = Range(
            (*conditions, *_created(query.get("created"))), after, before, limit + 1, *any_of
        )
        items = self.books.listed(table, asked)
        has_more = len(items) > limit
        kept = items[-limit:] if before else items[:limit]
        return kept, has_more

    def _place(self, table: str, query: Mapping[str, Any], name: str) -> tuple[int, int] | None:
        if name not in query:
            return None
        place = self.books.place(table, str(query[name]))
        if place is None:
            raise missing(str(query[name]), param=name, status=400)
        return place


def _created(asked: Any) -> list[tuple[str, Any]]:
    """Return the conditions of a range of seconds, or of one second."""
    ranges = asked if isinstance(asked, dict) else {"": asked} if asked is not None else {}
    conditions = []
    for name, second in ranges.items():
        sign = _COMPARED.get(name, "=" if not name else "")
        if not sign or not str(second).lstrip("-").isdigit():
            raise Refused(400, "Invalid timestamp", param="created")
        conditions.append((f"created {sign} ?", int(second)))
    return conditions


def _limit(query: Mapping[str, Any]) -> int:
    told = str(query.get("limit", "10"))
    if not (told.isdigit() and 1 <= int(told) <= 100):
        raise Refused(400, "Limit must be from 1 to 100", param="limit")
    return int(told)
