"""Builders for tests about Stripe: contents, writes, a clock, and a running emulator."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

from msgspec.structs import replace

from accord.connector import Connection
from accord.emulation import Setup
from accord.emulation.faults import Choosing, Fault
from accord.records import Found, Reading, Receipt, Window, Write, content_digest
from accord.secrets import Secrets
from systems.stripe.client import StripeClient, connect
from systems.stripe.emulator import Behaviour, Emulator, start

SYSTEM = Path(__file__).resolve().parents[2] / "systems" / "stripe"
SECRET = "sk-test-only-tests-know"  # noqa: S105
TODAY = date(2026, 3, 9)
NOON = 1_773_057_600.0  # on that day
KIND = "customers"


@dataclass(slots=True)
class Clock:
    """The time of an emulator and of its clients; it stands still until it is moved."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


def content(key: str = "g-1", **values: str) -> dict[str, str]:
    """What a customer shall be."""
    usual = {"name": "Ida Brandt", "email": f"{key}@post.example", "phone": ""}
    return {"accord_id": key, **usual, **values}


def write(
    wanted: Mapping[str, Any] | None = None,
    *,
    write_id: str = "",
    found: Found | None = None,
    seed: Mapping[str, Any] | None = None,
    destination_id: str = "",
) -> Write:
    """An intended write of this content; another one each time unless it is given an id."""
    told = dict(wanted or content())
    return Write(
        write_id or str(uuid4()), told["accord_id"], told, content_digest(told), found,
        seed={"kind": "person", **(seed or {})}, destination_id=destination_id,
    )  # fmt: skip


def connection(
    url: str, *, secret: str = SECRET, webhook_secret: str = SECRET, **limits: int
) -> Connection:
    """A connection with the settings of system.toml and no speed limit of our own."""
    settings = tomllib.loads((SYSTEM / "system.toml").read_text(encoding="utf-8"))
    settings["limits"].update({"calls_per_minute": 600_000, **limits})
    secrets = {"ACCORD_STRIPE_API_KEY": secret, "ACCORD_STRIPE_WEBHOOK_SECRET": webhook_secret}
    return Connection("stripe", url, settings, Secrets(secrets))


@contextmanager
def emulator(
    folder: Path,
    clock: Clock,
    *,
    faults: Iterable[Fault] | Choosing | None = None,
    behaviour: Behaviour | None = None,
) -> Iterator[Emulator]:
    """A running emulator; fails the test when the emulator itself had a bug."""
    setup = Setup(folder, 7, TODAY, SECRET)
    running = start(setup, faults=faults, behaviour=behaviour, clock=clock)
    try:
        yield running
    finally:
        running.stop()
    assert running.failures == []


@contextmanager
def client(emulator: Emulator, clock: Clock, **settings: Any) -> Iterator[StripeClient]:
    """A client of a running emulator; each one is another process."""
    made = connect(connection(emulator.url, **settings), clock=clock)
    try:
        yield made
    finally:
        made.close()


def deliver(stripe: StripeClient, *writes: Write) -> Sequence[Receipt]:
    """Look the writes up, match what is not there, and deliver, as the engine does."""
    found = dict(stripe.look_up(KIND, [item.key for item in writes]))
    found |= stripe.match(KIND, [item for item in writes if item.key not in found])
    due = [replace(item, found=found.get(item.key)) for item in writes]
    return stripe.deliver(KIND, due)


def delivered(stripe: StripeClient, wanted: Mapping[str, Any]) -> str:
    """Deliver one content; return the customer's id."""
    [receipt] = deliver(stripe, write(wanted))
    assert receipt.outcome == "delivered", receipt.detail
    return receipt.destination_id


def under(stripes: Emulator, key: str) -> list[dict[str, Any]]:
    """The customers that carry a key of ours, whatever a search knows."""
    return [it for it in stripes.customers() if it["metadata"].get("accord_id") == key]


def effects(stripes: Emulator, write_id: str) -> list[str]:
    """What a write really did."""
    return [it.effect for it in stripes.journal() if it.idempotency_key.startswith(write_id)]


@dataclass(slots=True)
class Seen:
    """What a reading came to."""

    payloads: dict[str, bytes] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    position: str = ""


def taken(reading: Reading) -> Seen:
    """Exhaust a reading; fails when it names a customer twice."""
    seen = Seen()
    for page in reading.pages:
        for record in page.records:
            assert record.key not in seen.payloads
            seen.payloads[record.key] = record.payload
        seen.removed += page.removed
        seen.rejected += [item.cause for item in page.rejected]
    seen.position = reading.position
    return seen


def whole(stripe: StripeClient) -> Seen:
    """Read everything."""
    [piece] = stripe.slices(KIND, Window())
    return taken(stripe.read(KIND, piece))


def changes(stripe: StripeClient, since: str) -> Seen:
    """Read what changed."""
    return taken(stripe.changes(KIND, since))
