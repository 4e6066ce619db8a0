"""Who is in the sandbox company's Stripe account before anybody connects to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from accord.emulation.population import Party, known_to
from systems.stripe.emulator_desk import Asked, Desk
from systems.stripe.emulator_store import Books


def fill(books: Books, *, seed: int, today: date) -> None:
    """Enter the company's customers, each at the moment it was last changed, once."""
    if books.settings().get("filled"):
        return
    with books.transaction():
        for party in sorted(known_to("stripe", seed, today), key=lambda party: party.changed_at):
            desk = Desk(books, clock=party.changed_at.timestamp, lag=0)
            customer = desk.create(_form(party), Asked())
            if party.currency:
                # What a customer is charged in follows from the first invoice, not from us.
                charged = {**customer, "currency": party.currency.lower()}
                books.keep(charged, at=party.changed_at.timestamp(), lag=0)
        books.set("filled", "yes")


def _form(party: Party) -> dict[str, Any]:
    address = {
        "line1": party.billing_street,
        "city": party.billing_city,
        "postal_code": party.billing_postcode,
        "country": party.billing_country,
    }
    form: dict[str, Any] = {
        "name": party.name,
        "email": party.email,
        "phone": party.phone,
        "address": address,
        "metadata": dict(_metadata(party)),
    }
    if party.tax_id:
        form["tax_id_data"] = {"0": {"type": "gb_vat", "value": party.tax_id}}
    return form


def _metadata(party: Party) -> Iterator[tuple[str, str]]:
    yield "kind", party.kind
    if party.payment_terms_days:
        yield "payment_terms_days", str(party.payment_terms_days)
