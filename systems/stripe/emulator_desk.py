"""What happens to the emulator's customers: each deed, its effect, and the events that tell it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from systems.stripe.emulator_answers import missing, shown
from systems.stripe.emulator_forms import applied, new_customer, tax_id
from systems.stripe.emulator_store import Books

API_VERSION = "2023-08-16"


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that a deed comes from; none for what happens in the dashboard."""

    request_id: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """Carries out deeds, inside the caller's transaction. `lag` is how late the search is."""

    books: Books
    clock: Callable[[], float]
    lag: float

    def create(self, form: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
        """Make a customer. Raises Refused."""
        told = dict(form)
        tax_ids = (told.pop("tax_id_data", None) or {}).items()
        checked = [tax_id(item, where=f"tax_id_data[{place}]") for place, item in tax_ids]
        customer_id = self.books.new_id("cus_", self.books.next_number("customers"))
        customer = applied(new_customer(customer_id, int(self.clock())), told)
        customer["tax_ids"] = [
            self._tax_id(customer_id, place, kind, value)
            for place, (kind, value) in enumerate(checked)
        ]
        self._keep("created", customer, asked)
        self.tell("customer.created", shown(customer), asked)
        for item in customer["tax_ids"]:
            self.tell("customer.tax_id.created", item, asked)
        return customer

    def update(self, customer_id: str, form: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
        """Change a customer; where nothing changes no event tells of it. Raises Refused."""
        before = self.live(customer_id)
        customer = applied(before, form)
        self._keep("updated", customer, asked)
        previous = {name: value for name, value in before.items() if customer[name] != value}
        if "metadata" in previous:
            names = {*before["metadata"], *customer["metadata"]}
            previous["metadata"] = {
                name: before["metadata"].get(name)
                for name in sorted(names)
                if before["metadata"].get(name) != customer["metadata"].get(name)
            }
        if previous:
            self.tell("customer.updated", shown(customer), asked, previous)
        return customer

    def delete(self, customer_id: str, asked: Asked) -> dict[str, Any]:
        """Delete a customer for good; only its id stays. Raises Refused."""
        customer = self.live(customer_id)
        gone = {**customer, "deleted": True}
        self._keep("deleted", gone, asked)
        self.tell("customer.deleted", shown(customer), asked)
        return gone

    def add_tax_id(self, customer_id: str, form: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
        """Give a customer a tax id. Raises Refused."""
        customer = self.live(customer_id)
        kind, value = tax_id(form)
        number = self.books.next_number("events")
        added = self._tax_id(customer_id, number, kind, value)
        changed = {**customer, "tax_ids": [*customer["tax_ids"], added]}
        self._keep("tax_id_created", changed, asked)
        self.tell("customer.tax_id.created", added, asked)
        return added

    def drop_tax_id(self, customer_id: str, tax_id_id: str, asked: Asked) -> dict[str, Any]:
        """Take a tax id from a customer. Raises Refused."""
        customer = self.live(customer_id)
        dropped = next((it for it in customer["tax_ids"] if it["id"] == tax_id_id), None)
        if dropped is None:
            raise missing(tax_id_id)
        left = [item for item in customer["tax_ids"] if item is not dropped]
        self._keep("tax_id_deleted", {**customer, "tax_ids": left}, asked)
        self.tell("customer.tax_id.deleted", dropped, asked)
        return {"id": tax_id_id, "object": "tax_id", "deleted": True}

    def live(self, customer_id: str) -> dict[str, Any]:
        """Return a customer that is not deleted. Raises Refused."""
        customer = self.books.customer(customer_id)
        if customer is None or customer.get("deleted"):
            raise missing(customer_id)
        return customer

    def tell(
        self,
        kind: str,
        about: Mapping[str, Any],
        asked: Asked,
        previous: Mapping[str, Any] | None = None,
    ) -> None:
        """Tell in an event what an object is now and, of what changed, what it was."""
        told = {"object": about, **({"previous_attributes": previous} if previous else {})}
        self.books.tell(
            {
                "id": self.books.new_id("evt_", self.books.next_number("events")),
                "object": "event",
                "api_version": API_VERSION,
                "created": int(self.clock()),
                "data": told,
                "livemode": False,
                "pending_webhooks": 0,
                "request": {"id": asked.request_id or None, "idempotency_key": asked.key or None},
                "type": kind,
            }
        )

    def _keep(self, effect: str, customer: Mapping[str, Any], asked: Asked) -> None:
        now = self.clock()
        self.books.keep(customer, at=now, lag=self.lag)
        self.books.note(effect, customer, at=now, key=asked.key)

    def _tax_id(self, customer_id: str, number: int, kind: str, value: str) -> dict[str, Any]:
        return {
            "id": self.books.new_id("txi_", customer_id, number),
            "object": "tax_id",
            "country": value[:2] if value[:2].isalpha() else None,
            "created": int(self.clock()),
            "customer": customer_id,
            "livemode": False,
            "type": kind,
            "value": value,
            "verification": None,
        }
