"""Builders for tests about Xero: contents, writes, connections, and a running emulator."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from msgspec.structs import replace

from accord.connector import Connection
from accord.emulation.faults import Choosing, Fault
from accord.records import Found, Receipt, Write, content_digest
from accord.secrets import Secrets
from systems.xero.client import XeroClient, connect
from systems.xero.emulator import Emulator, Limits, start

SYSTEM = Path(__file__).resolve().parents[2] / "systems" / "xero"
SECRET = "a-secret-only-tests-know"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Setup:
    """What the emulator is started with."""

    folder: Path
    seed: int = 0
    secret: str = SECRET


def content(
    day: str = "2010-12-01", *amounts: str, contact: str = "Till takings"
) -> dict[str, Any]:
    """A day's document with these line amounts; a credit note, turned round, when negative."""
    values = [Decimal(amount) for amount in amounts or ("100.00", "-7.45")]
    sign = -1 if sum(values) < 0 else 1
    return {
        "number": f"POS-{day}",
        "date": day,
        "kind": "credit_note" if sign < 0 else "invoice",
        "currency": "GBP",
        "contact": contact,
        "lines": [
            {
                "description": f"Category {place}",
                "account": "200",
                "amount": f"{sign * value + 0:.2f}",
            }
            for place, value in enumerate(values)
        ],
        "total": f"{sign * sum(values) + 0:.2f}",
    }


def write(wanted: Mapping[str, Any], *, write_id: str = "", found: Found | None = None) -> Write:
    """An intended write of this content; another one each time unless it is given an id."""
    return Write(write_id or str(uuid4()), wanted["number"], wanted, content_digest(wanted), found)


def connection(
    url: str,
    *,
    token_url: str = "",
    secret: str = SECRET,
    environment: Mapping[str, str] | None = None,
    limits: Mapping[str, Any] | None = None,
) -> Connection:
    """A connection with the settings of system.toml and no speed limit of our own."""
    settings = tomllib.loads((SYSTEM / "system.toml").read_text(encoding="utf-8"))
    settings["limits"].update({"calls_per_minute": 60_000, **(limits or {})})
    secrets = {"ACCORD_XERO_CLIENT_SECRET": secret} if environment is None else environment
    return Connection("xero", url, settings, Secrets(secrets), token_url or f"{url}/connect/token")


@contextmanager
def emulator(
    folder: Path,
    *,
    faults: Iterable[Fault] | Choosing | None = None,
    limits: Limits | None = None,
    clock: Callable[[], float] | None = None,
) -> Iterator[Emulator]:
    """A running emulator; fails the test when the emulator itself had a bug."""
    running = start(Setup(folder), faults=faults, limits=limits, clock=clock or time.time)
    try:
        yield running
    finally:
        running.stop()
    assert running.failures == []


@contextmanager
def client(emulator: Emulator, **settings: Any) -> Iterator[XeroClient]:
    """A client of a running emulator."""
    made = connect(connection(emulator.url, **settings))
    try:
        yield made
    finally:
        made.close()


def deliver(xero: XeroClient, *writes: Write) -> Sequence[Receipt]:
    """Look the writes up and deliver what is not there yet, as the engine does."""
    found = xero.look_up("documents", [item.key for item in writes])
    absent = [
        replace(item, found=found.get(item.key))
        for item in writes
        if item.key not in found or found[item.key].digest != item.digest
    ]
    return xero.deliver("documents", absent) if absent else []


def live(emulator: Emulator) -> dict[str, tuple[str, Decimal]]:
    """Type and total of every live document by its number; fails when a number is there twice."""
    found: dict[str, tuple[str, Decimal]] = {}
    for item in emulator.documents():
        number = item.get("InvoiceNumber") or item["CreditNoteNumber"]
        if item["Status"] not in ("VOIDED", "DELETED"):
            assert number not in found, "a number is there twice"
            found[number] = (item["Type"], item["Total"])
    return found
