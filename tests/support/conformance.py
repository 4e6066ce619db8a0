"""What the conformance suite knows of any system: its declaration, its samples, its emulator."""

from __future__ import annotations

import importlib
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from accord.catalog import Delivery, Stream, System, discover
from accord.connector import Client, Connection, Destination, Source
from accord.emulation import Setup
from accord.records import Found, Reading, Record, Rejected, Window, Write, content_digest
from accord.sandbox.company import Company
from accord.secrets import Secrets
from accord.settings import Settings

TODAY = date(2026, 3, 9)
SECRET = "a-secret-only-tests-know"  # noqa: S105 - the sandbox's
WRITING = ("POST", "PUT", "PATCH", "DELETE")
SYSTEMS = discover()
STREAMS = [stream for system in SYSTEMS.values() for stream in system.streams]
DELIVERIES = [delivery for system in SYSTEMS.values() for delivery in system.deliveries]
SECRETIVE = [system for system in SYSTEMS.values() if "env:" in str(system.settings.get("auth"))]


def named(item: System | Stream | Delivery) -> str:
    """The words a test's id shows."""
    match item:
        case System():
            return item.name
        case Stream():
            return str(item.name)
        case Delivery():
            return f"{item.system}.{item.kind}"


@dataclass(frozen=True, slots=True)
class Sample:
    """One object as the publish model would give it; one without a day has no partition."""

    object_key: str
    content: Mapping[str, Any]
    partition_key: str = ""
    seed: Mapping[str, Any] = field(default_factory=dict)

    def write(self, number: int, destination: Destination, kind: str) -> Write:
        """An intended write of it, with what a look-up just saw, as the courier does."""
        found = destination.look_up(kind, [self.object_key]).get(self.object_key)
        return self.unseen(number, found=found)

    def unseen(
        self,
        number: int,
        *,
        found: Found | None = None,
        destination_id: str = "",
        former: tuple[str, ...] = (),
    ) -> Write:
        """An intended write of it, without looking."""
        return Write(
            write_id=f"00000000-0000-7000-8000-{number:012}",
            key=self.object_key,
            content=self.content,
            digest=content_digest(self.content),
            found=found,
            partition=self.partition_key,
            seed=self.seed,
            destination_id=destination_id,
            former=former,
        )

    def under(self, key: str) -> Sample:
        """The same object under another key of ours, wherever it names it."""
        told = json.dumps(self.content).replace(json.dumps(self.object_key), json.dumps(key))
        return replace(self, object_key=key, content=json.loads(told))


def samples(delivery: Delivery) -> list[Sample]:
    """The objects in samples/<kind>.json, in the order they are to be delivered."""
    path = SYSTEMS[delivery.system].folder / "samples" / f"{delivery.kind}.json"
    return [Sample(**item) for item in json.loads(path.read_text(encoding="utf-8"))]


def capable(system: System, protocol: type) -> bool:
    """Tell whether the system's client can do what an opt-in protocol asks for."""
    nowhere = Connection(system.name, system.url, system.settings, Secrets({}), system.url)
    client = system.connect(nowhere)
    try:
        return isinstance(client, protocol)
    finally:
        client.close()


@contextmanager
def company(system: System, home: Path) -> Iterator[Company]:
    """The sandbox company with this one system in it, whatever the environment says."""
    settings = Settings(home=home, database_url=None, environment={})
    with Company(settings, today=TODAY, systems={system.name: system}) as opened:
        yield opened


@contextmanager
def emulated(system: System, home: Path) -> Iterator[tuple[Any, Client]]:
    """The system's emulator, to be told what happens there, and a client of it."""
    home.mkdir(parents=True, exist_ok=True)
    running = importlib.import_module(f"systems.{system.name}.emulator").start(
        Setup(home, 7, TODAY, SECRET)
    )
    plain = Connection(system.name, running.url, system.settings, Secrets({}), running.token_url)
    client = system.connect(with_secret(system, plain, SECRET))
    try:
        yield running, client
    finally:
        client.close()
        running.stop()
    assert getattr(running, "failures", []) == []


@contextmanager
def stocked(system: System, home: Path) -> Iterator[Client]:
    """A client of the system in its sandbox, with the samples of its deliveries delivered."""
    with company(system, home) as opened:
        client = opened.client(system.name)
        for delivery in system.deliveries:
            deliver(client, delivery.kind, samples(delivery))
        yield client


def deliver(client: Client, kind: str, wanted: Sequence[Sample], *, first: int = 1) -> None:
    """Deliver one after the other; each has to be delivered."""
    assert isinstance(client, Destination)
    for number, sample in enumerate(wanted, start=first):
        [receipt] = client.deliver(kind, [sample.write(number, client, kind)])
        assert receipt.outcome == "delivered", receipt.detail


@contextmanager
def unreachable(connection: Connection, home: Path) -> Iterator[Connection]:
    """The same connection to an address where nothing is, for as long as the block lasts."""
    if urlsplit(connection.url).scheme == "file":
        yield replace(connection, url=(home / "nowhere").absolute().as_uri())
        return
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # never listens, so every connection is refused
        host = f"http://127.0.0.1:{taken.getsockname()[1]}"
        path = urlsplit(connection.token_url).path
        token_url = host + path if connection.token_url else ""
        yield replace(connection, url=host, token_url=token_url)


def with_secret(system: System, connection: Connection, secret: str) -> Connection:
    """The same connection, with this text for every secret the system asks for."""
    references = [str(value) for value in system.settings.get("auth", {}).values()]
    names = [text.removeprefix("env:") for text in references if text.startswith("env:")]
    return replace(connection, secrets=Secrets(dict.fromkeys(names, secret)))


@dataclass(frozen=True, slots=True)
class Read:
    """Everything a reading gave, and the partitions it said it covers."""

    records: Sequence[Record]
    rejected: Sequence[Rejected]
    partitions: Sequence[str]
    removed: Sequence[str] = ()

    @property
    def everything(self) -> list[tuple[str, str, bytes]]:
        """Partition, key and payload of each record and each rejected one, in order."""
        both = [*self.records, *self.rejected]
        return sorted((item.partition, item.key, item.payload) for item in both)


def taken(reading: Reading) -> Read:
    """Everything a reading gives, read to its end."""
    pages = list(reading.pages)
    return Read(
        records=[record for page in pages for record in page.records],
        rejected=[rejected for page in pages for rejected in page.rejected],
        partitions=list(reading.partitions),
        removed=[key for page in pages for key in page.removed],
    )


def read(client: Client, stream: Stream, window: Window | None = None) -> Read:
    """Read every piece of a stream inside the window (all of it by default)."""
    assert isinstance(client, Source)
    name = stream.name.stream
    pieces = [taken(client.read(name, piece)) for piece in client.slices(name, window or Window())]
    return Read(
        records=[record for piece in pieces for record in piece.records],
        rejected=[rejected for piece in pieces for rejected in piece.rejected],
        partitions=[partition for piece in pieces for partition in piece.partitions],
    )
