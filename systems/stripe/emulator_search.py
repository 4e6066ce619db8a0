"""The emulator's search: Stripe's query language for the fields that the sandbox has.

https://docs.stripe.com/search#search-query-language; what it finds is as old as its lag.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from systems.stripe.emulator_answers import Refused, shown
from systems.stripe.emulator_store import Books

_CLAUSE = re.compile(
    r"""(?P<negated>-)?(?P<field>name|email|phone|metadata\[(?P<q>['"])(?P<key>.+?)(?P=q)\])"""
    r"""(?P<operator>[:~])(?P<v>['"])(?P<value>(?:\\.|(?!(?P=v)).)*)(?P=v)"""
)
_BETWEEN = re.compile(r"\s+(?:(AND|OR)\s+)?", re.IGNORECASE)
_MOST_CLAUSES = 10


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition of a query."""

    field: str
    operator: str
    value: str
    negated: bool

    def holds(self, customer: Mapping[str, Any]) -> bool:
        """Tell whether a customer meets it; letters' case does not matter."""
        top, _, key = self.field.partition(".")
        told = customer["metadata"].get(key) if key else customer[top]
        value = (told or "").lower()
        met = value == self.value if self.operator == ":" else self.value in value
        return met is not self.negated


@dataclass(frozen=True, slots=True)
class Query:
    """Conditions of which all or any have to be met."""

    clauses: Sequence[Clause]
    is_any: bool

    def holds(self, customer: Mapping[str, Any]) -> bool:
        """Tell whether a customer is found."""
        met = (clause.holds(customer) for clause in self.clauses)
        return any(met) if self.is_any else all(met)

    @property
    def terms(self) -> list[tuple[str, str]] | None:
        """Terms one of which every customer found must have had; None where none can be said."""
        exact = [it for it in self.clauses if it.operator == ":" and not it.negated]
        if self.is_any and len(exact) < len(self.clauses):
            return None
        chosen = exact if self.is_any else exact[:1]
        return [(clause.field, clause.value) for clause in chosen] or None


def parsed(text: str) -> Query:
    """Read a query. Raises Refused for what Stripe would not understand."""
    clauses, words, at = [], set(), 0
    while True:
        match = _CLAUSE.match(text, at)
        if match is None:
            raise Refused(400, "We were unable to parse your search query.", param="query")
        value = re.sub(r"\\(.)", r"\1", match["value"]).lower()
        field = f"metadata.{match['key']}" if match["key"] else match["field"]
        clauses.append(Clause(field, match["operator"], value, bool(match["negated"])))
        at = match.end()
        if at == len(text):
            break
        between = _BETWEEN.match(text, at)
        if between is None:
            raise Refused(400, "We were unable to parse your search query.", param="query")
        words.add((between[1] or "AND").upper())
        at = between.end()
    if len(words) > 1:
        raise Refused(400, "AND and OR cannot be used in one query.", param="query")
    if len(clauses) > _MOST_CLAUSES:
        raise Refused(400, "The query has too many clauses.", param="query")
    return Query(clauses, words == {"OR"})


def found(books: Books, asked: Mapping[str, Any], *, until: float, limit: int) -> dict[str, Any]:
    """Return one page of what a query finds among what was so at `until`."""
    query = parsed(str(asked.get("query", "")))
    page = str(asked.get("page", "0"))
    if not page.isdigit():
        raise Refused(400, "Invalid page", param="page")
    customers = [
        customer
        for customer in books.searchable(query.terms, until=until)
        if not customer.get("deleted") and query.holds(customer)
    ]
    customers.sort(key=lambda customer: (customer["created"], customer["id"]), reverse=True)
    start = int(page)
    has_more = start + limit < len(customers)
    return {
        "object": "search_result",
        "data": [shown(customer) for customer in customers[start : start + limit]],
        "has_more": has_more,
        "next_page": str(start + limit) if has_more else None,
        "url": "/v1/customers/search",
    }
