"""Builders for tests about Mailchimp: contents, writes, a clock, and a running emulator."""

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
from systems.mailchimp.client import MailchimpClient
from systems.mailchimp.emulator import Emulator, start
from systems.mailchimp.members import OUR_KEY
from systems.mailchimp.remote import Audience

SYSTEM = Path(__file__).resolve().parents[2] / "systems" / "mailchimp"
SECRET = "a-key-only-tests-know-us21"  # noqa: S105
TODAY = date(2026, 3, 9)
NOON = 1_773_057_600.0  # on that day
KIND = "members"


@dataclass(slots=True)
class Clock:
    """The time of an emulator; it stands still until it is moved. Waiting on it moves it."""

    now: float = NOON
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def content(key: str = "g-1", **values: Any) -> dict[str, Any]:
    """What a member shall be."""
    usual = {
        "email": f"{key}@post.example",
        "first_name": "Ida",
        "last_name": "Brandt",
        "company": "",
        "tier": "GOLD",
        "points": 5120,
        "opted_out": False,
    }
    return {**usual, **values}


def write(
    key: str = "g-1",
    *,
    found: Found | None = None,
    consent: str = "opted_in",
    destination_id: str = "",
    **values: Any,
) -> Write:
    """An intended write, another one each time."""
    told = content(key, **values)
    seed = {"consent": consent} if consent else {}
    return Write(
        str(uuid4()), key, told, content_digest(told), found, seed=seed,
        destination_id=destination_id,
    )  # fmt: skip


def connection(
    url: str, *, secret: str = SECRET, environment: Mapping[str, str] | None = None, **limits: int
) -> Connection:
    """A connection with the settings of system.toml and no speed limit of our own."""
    settings = tomllib.loads((SYSTEM / "system.toml").read_text(encoding="utf-8"))
    settings["limits"].update({"calls_per_minute": 600_000, **limits})
    secrets = Secrets({"ACCORD_MAILCHIMP_API_KEY": secret, **(environment or {})})
    return Connection("mailchimp", url, settings, secrets)


@contextmanager
def emulator(
    folder: Path,
    clock: Clock,
    *,
    faults: Iterable[Fault] | Choosing | None = None,
    batch_seconds: float = 0.0,
    at_once: int = 50,
) -> Iterator[Emulator]:
    """A running emulator; fails the test when the emulator itself had a bug."""
    running = start(
        Setup(folder, 7, TODAY, SECRET),
        faults=faults,
        batch_seconds=batch_seconds,
        at_once=at_once,
        clock=clock,
    )
    try:
        yield running
    finally:
        running.stop()
    assert running.failures == []


@contextmanager
def client(emulator: Emulator, clock: Clock, **settings: Any) -> Iterator[MailchimpClient]:
    """A client of a running emulator, which waits on its clock; each one is another process."""
    made = MailchimpClient(Audience(connection(emulator.url, **settings)), sleep=clock.sleep)
    try:
        yield made
    finally:
        made.close()


def seen(mailchimp: MailchimpClient, *writes: Write) -> list[Write]:
    """The writes with what looking up and matching finds, as the engine has them."""
    found = dict(mailchimp.look_up(KIND, [item.key for item in writes]))
    found |= mailchimp.match(KIND, [item for item in writes if item.key not in found])
    return [replace(item, found=found.get(item.key)) for item in writes]


def deliver(mailchimp: MailchimpClient, *writes: Write) -> dict[str, Receipt]:
    """Look up, match and deliver, as the engine does; receipts by key."""
    keys = {item.write_id: item.key for item in writes}
    receipts: Sequence[Receipt] = mailchimp.deliver(KIND, seen(mailchimp, *writes))
    return {keys[receipt.write_id]: receipt for receipt in receipts}


def delivered(mailchimp: MailchimpClient, *writes: Write) -> list[str]:
    """Deliver writes, each of which has to be; return the members' ids."""
    receipts = deliver(mailchimp, *writes)
    assert {it.outcome for it in receipts.values()} == {"delivered"}, receipts
    return [receipts[item.key].destination_id for item in writes]


def member(emulator: Emulator, member_id: str) -> dict[str, Any]:
    """One member as it is there now."""
    [found] = [it for it in emulator.members() if it["contact_id"] == member_id]
    return found


def under(emulator: Emulator, key: str) -> list[dict[str, Any]]:
    """The members that carry a key of ours."""
    return [it for it in emulator.members() if it["merge_fields"].get(OUR_KEY) == key]


def effects(emulator: Emulator, key: str) -> list[str]:
    """What was really done by the API to the member under a key."""
    return [it.effect for it in emulator.journal() if it.key == key and it.operation != "by hand"]


@dataclass(slots=True)
class Seen:
    """What a reading came to."""

    payloads: dict[str, bytes] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    position: str = ""
    complete: bool = False


def taken(reading: Reading) -> Seen:
    """Exhaust a reading; fails when it names a member twice."""
    found = Seen()
    for page in reading.pages:
        for record in page.records:
            assert record.key not in found.payloads
            found.payloads[record.key] = record.payload
        found.removed += page.removed
        found.rejected += [item.cause for item in page.rejected]
    assert not set(found.removed) & set(found.payloads)
    found.position, found.complete = reading.position, reading.complete
    return found


def whole(mailchimp: MailchimpClient) -> Seen:
    """Read everybody."""
    [piece] = mailchimp.slices(KIND, Window())
    return taken(mailchimp.read(KIND, piece))


def changes(mailchimp: MailchimpClient, since: str) -> Seen:
    """Read who changed."""
    return taken(mailchimp.changes(KIND, since))
