"""Stripe as Accord sees it: customers are read, followed, looked up, matched, written and removed.

`reading` reads them, `looking` finds them, `posting` writes them, `webhooks` trusts messages,
`remote` makes the calls. Vendor's description: https://docs.stripe.com/api/customers
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

from accord.connector import Connection
from accord.contracts import json_pages
from accord.contracts.odcs import load
from accord.errors import AccordError, Park, Retry, Stop
from accord.records import Found, Health, Notice, Reading, Receipt, Slice, Window, Write
from systems.stripe import webhooks
from systems.stripe.looking import Looking, Recent
from systems.stripe.posting import Posting
from systems.stripe.reading import CUSTOMERS, TYPES, Customers, event_of, newest_event
from systems.stripe.remote import Account

OBJECT = "customers"
_CONTRACT = Path(__file__).parent / "contracts" / "customers.v1.odcs.yaml"


def connect(connection: Connection, *, clock: Callable[[], float] = time.time) -> StripeClient:
    """Return a client; nothing is sent and no secret is read before its first use."""
    return StripeClient(connection, clock=clock)


class StripeClient:
    """One Stripe account, as a source and as a destination."""

    def __init__(self, connection: Connection, *, clock: Callable[[], float]) -> None:
        self._connection = connection
        self._account = Account(connection)
        self._clock = clock
        self._looking = Looking(self._account, Recent(self._account, clock))

    def close(self) -> None:
        """Give the connections back."""
        self._account.close()

    def health(self) -> Sequence[Health]:
        """Check key, customers, events and search, in this order, up to a failure."""
        findings: list[Health] = []
        for name, check, detail in self._checks():
            try:
                check()
            except AccordError as error:
                return [*findings, Health(name, False, error.what, error.remedy)]
            findings.append(Health(name, True, detail))
        return findings

    def _checks(self) -> Iterable[tuple[str, Callable[[], object], str]]:
        auth, secrets = self._connection.settings["auth"], self._connection.secrets
        yield "credentials", lambda: secrets.resolve(auth["api_key"]), "the API key is set"
        yield "customers", lambda: self._account.newest(CUSTOMERS, {}), "customers can be read"
        yield "events", lambda: newest_event(self._account), "events can be read"
        yield "search", lambda: self._looking.look_up(["none"]), "customers can be searched"
        secret = secrets.find(auth["webhook_secret"])
        told = "messages are checked" if secret else "no secret is set: changes are asked for"
        yield "webhooks", lambda: None, told

    def slices(self, stream: str, window: Window) -> Iterable[Slice]:  # noqa: ARG002 - undated
        """Return the one piece there is; its signature is the newest event's id."""
        _checked(stream)
        newest = newest_event(self._account)
        return [Slice(OBJECT, "", newest.id if newest else "")]

    def read(self, stream: str, piece: Slice) -> Reading:  # noqa: ARG002 - there is only one
        """Read all customers with their tax ids."""
        _checked(stream)
        return self._customers().whole()

    def changes(self, stream: str, since: str) -> Reading:
        """Read the customers that events after a position tell of."""
        _checked(stream)
        return self._customers().changes(since)

    def notified(
        self, headers: Mapping[str, str], body: bytes, *, now: datetime
    ) -> Sequence[Notice]:
        """Check a webhook's signature and say whether it is about a customer."""
        secret = self._connection.secrets.resolve(
            self._connection.settings["auth"]["webhook_secret"]
        )
        webhooks.check(headers.get(webhooks.HEADER, ""), body, secret, now=now)
        try:
            event = event_of(body)
        except Retry:
            raise Park(
                "A signed message is no event that can be read",
                cause="webhook_unreadable",
                remedy="let the endpoint in Stripe send snapshot events of the declared version",
            ) from None
        return [Notice(event.id, OBJECT)] if event.type in TYPES else []

    def look_up(self, kind: str, keys: Sequence[str]) -> Mapping[str, Found]:
        """Find the live customers that carry these keys; see `Looking`."""
        _checked(kind)
        return self._looking.look_up(keys)

    def match(self, kind: str, writes: Sequence[Write]) -> Mapping[str, Found]:
        """Find customers that are the same under no key of ours; see `Looking`."""
        _checked(kind)
        return self._looking.match(writes)

    def deliver(self, kind: str, writes: Sequence[Write]) -> Sequence[Receipt]:
        """Bring each customer to its desired state; see `Posting`."""
        _checked(kind)
        return Posting(self._account, self._looking).deliver(writes)

    def remove(
        self, kind: str, writes: Sequence[Write], policy: Literal["propagate", "archive"]
    ) -> Sequence[Receipt]:
        """Delete the customers for good, or mark them as put aside in their metadata."""
        _checked(kind)
        return Posting(self._account, self._looking).remove(writes, archive=policy == "archive")

    def _customers(self) -> Customers:
        pages = json_pages.compiled(load(_CONTRACT), key="id")
        return Customers(self._account, pages, self._clock)


def _checked(name: str) -> None:
    if name != OBJECT:
        raise Stop(f"Stripe has no {name!r} here", remedy=f"use {OBJECT!r} in system.toml")
