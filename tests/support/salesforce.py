"""Builders for tests about Salesforce: writes, connections, and a running emulator."""

from __future__ import annotations

import ssl
import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from accord.connector import Connection
from accord.emulation import Setup
from accord.emulation.faults import Choosing, Fault
from accord.http import Turns
from accord.records import Found, Write, content_digest
from accord.secrets import Secrets
from systems.salesforce.client import SalesforceClient, connect
from systems.salesforce.emulator import Emulator, Limits, start

SYSTEM = Path(__file__).resolve().parents[2] / "systems" / "salesforce"
SECRET = "a-secret-only-tests-know"  # noqa: S105
TODAY = date(2026, 3, 9)


@dataclass(slots=True)
class Clock:
    """The org's clock and ours, which stands still unless it is told to go on."""

    now: float = datetime(2026, 3, 9, 12, tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now

    def moment(self) -> datetime:
        """The same as a point in time."""
        return datetime.fromtimestamp(self.now, UTC)


def contact(key: str = "C-1", **columns: Any) -> dict[str, Any]:
    """What Salesforce shall hold of a person."""
    nothing = dict.fromkeys(
        ("birth_date", "consent", "loyalty_code", "loyalty_tier", "loyalty_points")
    )
    return {"accord_id": key, **nothing, **columns}


def account(key: str = "C-1", **columns: Any) -> dict[str, Any]:
    """What Salesforce shall hold of an organisation."""
    nothing = dict.fromkeys(
        (
            "tax_id", "billing_street", "billing_city", "billing_postcode", "billing_country",
            "payment_terms_days", "consent", "loyalty_code", "loyalty_tier", "loyalty_points",
        )
    )  # fmt: skip
    return {"accord_id": key, **nothing, **columns}


def write(
    content: Mapping[str, Any],
    *,
    seed: Mapping[str, Any] | None = None,
    found: Found | None = None,
    destination_id: str = "",
) -> Write:
    """An intended write of this content; a new record starts with a last name at least."""
    return Write(
        write_id=str(uuid4()),
        key=content["accord_id"],
        content=content,
        digest=content_digest(content),
        found=found,
        seed={"last_name": "Tester"} if seed is None else seed,
        destination_id=destination_id,
    )


def connection(url: str, *, turns: Turns | None = None, **limits: Any) -> Connection:
    """A connection with the settings of system.toml and no speed limit of our own."""
    settings = tomllib.loads((SYSTEM / "system.toml").read_text(encoding="utf-8"))
    settings["limits"].update({"calls_per_minute": 60_000, **limits})
    names = ("ACCORD_SALESFORCE_CLIENT_ID", "ACCORD_SALESFORCE_CLIENT_SECRET")
    secrets = Secrets(dict.fromkeys(names, SECRET))
    token_url = f"{url}/services/oauth2/token"
    return Connection("salesforce", url, settings, secrets, token_url, turns)


@contextmanager
def emulator(
    folder: Path,
    *,
    faults: Iterable[Fault] | Choosing | None = None,
    limits: Limits | None = None,
    clock: Callable[[], float] = time.time,
    tls: ssl.SSLContext | None = None,
    today: date = TODAY,
) -> Iterator[Emulator]:
    """A running emulator; fails the test when the emulator itself had a bug."""
    setup = Setup(folder, 7, today, SECRET)
    running = start(setup, faults=faults, limits=limits, clock=clock, tls=tls)
    try:
        yield running
    finally:
        running.stop()
    assert running.failures == []


@contextmanager
def client(
    emulator: Emulator,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    turns: Turns | None = None,
    **limits: Any,
) -> Iterator[SalesforceClient]:
    """A client of a running emulator."""
    made = connect(connection(emulator.url, turns=turns, **limits), clock=clock)
    try:
        yield made
    finally:
        made.close()
