"""Delivery: documents through the courier, to the sandbox's emulator or to nowhere at all."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from psycopg.types.json import Jsonb

from accord import catalog
from accord.connector import Destination
from accord.delivery.courier import Approved, Courier
from accord.records import Found, Receipt, Write
from accord.sandbox.company import Company
from accord.settings import load
from accord.store.database import Connection, Role, Store
from accord.store.outbox import Outbox
from bench.ground import store_at

_CATEGORIES = ("Sales", "Returns", "Postage and fees", "Discounts", "Adjustments")
_ANY_PACE = 1_000_000


class Timed:
    """A destination that notes how long its callers waited for it."""

    def __init__(self, destination: Destination) -> None:
        self._destination, self.seconds = destination, 0.0

    def look_up(self, kind: str, keys: Sequence[str]) -> Mapping[str, Found]:
        """Look up, timed."""
        started = perf_counter()
        found = self._destination.look_up(kind, keys)
        self.seconds += perf_counter() - started
        return found

    def deliver(self, kind: str, writes: Sequence[Write]) -> Sequence[Receipt]:
        """Deliver, timed."""
        started = perf_counter()
        receipts = self._destination.deliver(kind, writes)
        self.seconds += perf_counter() - started
        return receipts


class Nowhere:
    """A destination that takes everything at once and keeps nothing."""

    def look_up(self, kind: str, keys: Sequence[str]) -> Mapping[str, Found]:  # noqa: ARG002
        """Find nothing."""
        return {}

    def deliver(self, kind: str, writes: Sequence[Write]) -> Sequence[Receipt]:  # noqa: ARG002
        """Take everything."""
        return [Receipt(write.write_id, "delivered", write.key) for write in writes]


def deliver(options: dict[str, Any]) -> dict[str, Any]:
    """Deliver so many new documents; `to` says whether to the emulator or to nowhere."""
    store = store_at(options["store"])
    days = _published(store, options["documents"])
    settings = replace(load({}), home=Path(options["home"]))
    delivery = next(it for it in catalog.deliveries(catalog.discover()) if it.system == "xero")
    with Company(settings, today=datetime.now(UTC).date()) as company:
        destination = Timed(
            Nowhere() if options["to"] == "nowhere" else _unhurried(company, delivery.system)
        )
        outbox = Outbox(delivery, "sandbox", "bench")
        started = perf_counter()
        done = Courier(store, outbox, destination).deliver(days, _approve)
        seconds = perf_counter() - started
    delivered = sum(counts["delivered"] for counts in done.counts.values())
    if done.trouble or delivered != len(days):
        raise AssertionError(f"{delivered} of {len(days)} documents arrived: {done.trouble}")
    return {"seconds": seconds, "records": delivered, "outside": destination.seconds}


def _unhurried(company: Company, system: str) -> Destination:
    """The system's own client, without the vendor's limit of calls a minute."""
    connection = company.connection(system)
    told: Any = copy.deepcopy(dict(connection.settings))
    told["limits"]["calls_per_minute"] = _ANY_PACE
    client = company.systems[system].connect(replace(connection, settings=told, turns=None))
    if not isinstance(client, Destination):
        raise TypeError(f"{system} cannot be written to")
    return client


def _approve(_: Connection, days: Sequence[str]) -> Approved:
    return Approved(dict.fromkeys(days, "as it is"), basis="bench")


def _published(store: Store, documents: int) -> list[str]:
    days = [str(date(1990, 1, 1) + timedelta(days=age)) for age in range(documents)]
    with store.transaction(Role.MODELER) as connection:
        connection.execute(
            "create table publish.pub_xero__documents"
            " (object_key text primary key, business_date date not null, content jsonb not null)"
        )
        copy_in = "copy publish.pub_xero__documents from stdin"
        with connection.cursor() as cursor, cursor.copy(copy_in) as rows:
            for day in days:
                rows.write_row((f"POS-{day}", day, Jsonb(_document(day))))
    return days


def _document(day: str) -> dict[str, Any]:
    lines = [
        {"description": title, "account": "200", "amount": f"{100 + place}.25"}
        for place, title in enumerate(_CATEGORIES)
    ]
    return {
        "number": f"POS-{day}", "date": day, "kind": "invoice", "currency": "GBP",
        "contact": "Till takings", "lines": lines, "total": "511.25",
    }  # fmt: skip
