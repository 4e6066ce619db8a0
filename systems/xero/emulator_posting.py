"""How the emulator's books change when documents are posted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from systems.xero.emulator_rules import GONE, Kind, complaints, merged, refused, shown
from systems.xero.emulator_store import Books


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One request's terms: whose books, which kind, when, and under which idempotency key.

    `create_only` is PUT's meaning: a number that exists is an error, where POST updates it.
    `refuse_some` is a fault: every second document of the request gets a validation error.
    """

    books: Books
    kind: Kind
    now: float
    key: str
    create_only: bool = False
    refuse_some: bool = False

    def post(
        self, sent: Sequence[Mapping[str, Any]], *, all_or_nothing: bool
    ) -> list[dict[str, Any]]:
        """Post documents and return each as the API shows it, refused ones with their errors.

        With `all_or_nothing` one refusal leaves everything as it was.
        """
        with self.books.attempt() as attempt:
            results = [
                self._refusal(item, ["The fault of this request is to refuse some"])
                if self.refuse_some and place % 2
                else self.post_one(item)
                for place, item in enumerate(sent)
            ]
            attempt.undone = all_or_nothing and any(item.get("HasErrors") for item in results)
        return results

    def post_one(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Post one document: to the one with its id, else its number, else as a new one."""
        kind, number = self.kind, sent.get(self.kind.number_field)
        stored = self._meant(sent)
        namesakes = [] if number is None else self.books.numbered(kind.name, number)
        if self.create_only and namesakes:
            return self._refusal(sent, [f"{kind.title} # must be unique."])
        if stored and any(other["id"] != stored["id"] for other in namesakes):
            return self._refusal(sent, [f"{kind.title} # must be unique."])
        wanted = merged(kind, stored or {}, sent)
        locked_until = self.books.setting("locked_until")
        wrong = complaints(
            kind,
            wanted,
            status=(stored or {}).get("Status", ""),
            is_paid=Decimal((stored or {}).get("paid", 0)) != 0,
            locked_until=date.fromisoformat(locked_until) if locked_until else None,
        )
        return self._refusal(sent, wrong) if wrong else self._stored(stored or {}, wanted)

    def _meant(self, sent: Mapping[str, Any]) -> dict[str, Any] | None:
        if document_id := sent.get(self.kind.id_field):
            return self.books.document(self.kind.name, document_id)
        number = sent.get(self.kind.number_field)
        namesakes = [] if number is None else self.books.numbered(self.kind.name, number)
        live = [item for item in namesakes if item["Status"] not in GONE]
        return next(iter(live or namesakes), None)

    def _stored(self, stored: Mapping[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
        kind = self.kind
        wanted[kind.number_field] = wanted[kind.number_field] or self._next_number()
        number = wanted[kind.number_field]
        body = {
            "paid": "0.00",
            **stored,
            **wanted,
            "contact_id": self.books.contact(wanted["Contact"]["Name"]),
            "updated": self.now,
            "revision": stored.get("revision", 0) + 1,
        }
        if stored:
            self.books.replace(number, body)
            effect = "voided" if wanted["Status"] in GONE else "updated"
        else:
            body = self.books.create(kind.name, number, body)
            effect = "created"
        self.books.note(effect, kind.name, number, body["id"], at=self.now, key=self.key)
        return {**shown(kind, body), "StatusAttributeString": "OK"}

    def _next_number(self) -> str:
        prefix = "INV" if self.kind.name == "invoice" else "CN"
        return f"{prefix}-{len(self.books.documents(self.kind.name)) + 1:04d}"

    def _refusal(self, sent: Mapping[str, Any], messages: Sequence[str]) -> dict[str, Any]:
        return refused(self.kind, sent, messages)
