"""Every system's client and emulator: connecting, telling how it is, keeping secrets, stopping."""

from __future__ import annotations

import importlib
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from accord.catalog import System
from accord.connector import Client, Destination, Source
from accord.emulation import Setup
from accord.errors import AccordError
from accord.records import Health, Window
from accord.secrets import Secret
from tests.support import conformance
from tests.support.conformance import SECRETIVE, SYSTEMS, TODAY, named

every_system = pytest.mark.parametrize("system", SYSTEMS.values(), ids=named)
every_secretive_system = pytest.mark.parametrize("system", SECRETIVE, ids=named)


@every_system
def test_a_client_connects_to_its_emulator_and_is_healthy(system: System, tmp_path: Path) -> None:
    with conformance.company(system, tmp_path) as company:
        client = company.client(system.name)
        assert isinstance(client, Client)
        assert isinstance(client, Source) or not system.streams
        assert isinstance(client, Destination) or not system.deliveries
        findings = client.health()
    assert findings
    assert [item for item in findings if not item.healthy] == []


@every_system
def test_an_unreachable_system_is_unhealthy_with_a_remedy(system: System, tmp_path: Path) -> None:
    with (
        conformance.company(system, tmp_path) as company,
        conformance.unreachable(company.connection(system.name), tmp_path) as nowhere,
    ):
        client = system.connect(nowhere)
        findings = client.health()
        client.close()
    assert_unwell(findings)


@every_system
def test_connecting_touches_nothing_and_closing_twice_is_harmless(
    system: System, tmp_path: Path
) -> None:
    with (
        conformance.company(system, tmp_path) as company,
        conformance.unreachable(company.connection(system.name), tmp_path) as nowhere,
    ):
        client = system.connect(conformance.with_secret(system, nowhere, ""))
        client.close()
        client.close()


@every_secretive_system
def test_a_missing_secret_is_reported_with_its_name(system: System, tmp_path: Path) -> None:
    with conformance.company(system, tmp_path) as company:
        connection = conformance.with_secret(system, company.connection(system.name), "")
        client = system.connect(connection)
        findings = client.health()
        client.close()
    assert_unwell(findings)
    assert any(f"ACCORD_{system.name.upper()}_" in item.remedy for item in findings)


@every_secretive_system
def test_a_refused_secret_is_reported_and_never_shown(system: System, tmp_path: Path) -> None:
    wrong = "a-wrong-secret-that-must-not-be-seen"
    with conformance.company(system, tmp_path) as company:
        connection = conformance.with_secret(system, company.connection(system.name), wrong)
        client = system.connect(connection)
        findings = client.health()
        said = [repr(findings), *held(connection), *held(client), *errors(client, system)]
        client.close()
    assert_unwell(findings)
    assert [text for text in said if wrong in text] == []


@every_secretive_system
def test_a_secret_in_use_is_in_no_text_about_the_client(system: System, tmp_path: Path) -> None:
    with conformance.company(system, tmp_path) as company:
        connection = company.connection(system.name)
        client = company.client(system.name)
        told = [repr(client.health()), *held(connection), *held(client)]
        references = [text for text in system.settings["auth"].values() if "env:" in text]
        secrets = {connection.secrets.resolve(text).reveal() for text in references}
    assert secrets
    assert [text for text in told for secret in secrets if secret in text] == []


@every_system
def test_an_emulator_stops_cleanly_and_starts_again(system: System, tmp_path: Path) -> None:
    module = importlib.import_module(f"systems.{system.name}.emulator")
    threads = threading.active_count()
    for _ in range(2):
        running = module.start(Setup(tmp_path, 7, TODAY, "a-secret-only-tests-know"))
        assert running.url
        assert isinstance(running.token_url, str)
        running.stop()
        assert getattr(running, "failures", []) == []
        assert threading.active_count() == threads
        assert not listens(running.url)


def assert_unwell(findings: Sequence[Health]) -> None:
    """Something is unhealthy, and everything unhealthy says what happened and what to do."""
    unwell = [item for item in findings if not item.healthy]
    assert unwell
    assert all(item.detail and item.remedy for item in unwell)


def errors(client: Client, system: System) -> list[str]:
    """What the client's own calls raise, as text."""
    told = []
    for stream in system.streams:
        assert isinstance(client, Source)
        with pytest.raises(AccordError) as raised:
            for piece in client.slices(stream.name.stream, Window()):
                list(client.read(stream.name.stream, piece).pages)
        told.append(f"{raised.value!r} {raised.value.__cause__!r}")
    for delivery in system.deliveries:
        assert isinstance(client, Destination)
        with pytest.raises(AccordError) as raised:
            client.look_up(delivery.kind, ["nothing"])
        told.append(f"{raised.value!r} {raised.value.__cause__!r}")
    return told


def held(item: Any, seen: set[int] | None = None) -> Iterator[str]:
    """How an object and all that our own code keeps in it print, without a single reveal()."""
    seen = set() if seen is None else seen
    if id(item) in seen or isinstance(item, Secret):
        return
    seen.add(id(item))
    yield repr(item)
    inner: list[Any] = []
    if isinstance(item, dict):
        inner = [*item.keys(), *item.values()]
    elif isinstance(item, list | tuple | set | frozenset):
        inner = list(item)
    elif type(item).__module__.partition(".")[0] in ("accord", "systems", "tests"):
        slots = [getattr(item, name, None) for name in getattr(type(item), "__slots__", ())]
        inner = [*getattr(item, "__dict__", {}).values(), *slots]
    for part in inner:
        yield from held(part, seen)


class Careless:
    def __init__(self, token: object) -> None:
        self.token = token


def test_a_secret_kept_as_plain_text_would_be_seen() -> None:
    assert any("in-plain-text" in text for text in held([Careless("in-plain-text")]))
    assert not any("sealed" in text for text in held([Careless(Secret("sealed"))]))


def listens(url: str) -> bool:
    """Tell whether something still accepts connections there."""
    parts = urlsplit(url)
    if parts.port is None:
        return False
    try:
        socket.create_connection((parts.hostname or "", parts.port), timeout=1).close()
    except OSError:
        return False
    return True
