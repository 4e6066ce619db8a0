"""Every system with an API: what goes wrong on the way is got over or named, never passed over."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from accord.catalog import Delivery, System
from accord.connector import Client, Destination
from accord.emulation.faults import Fault, FaultKind
from accord.errors import AccordError, Retry, Unanswered
from tests.support import conformance
from tests.support.conformance import DELIVERIES, SYSTEMS, WRITING, Read, named

KINDS: Sequence[FaultKind] = (
    "reset_before", "status_before", "too_many", "cut_body", "bad_json",
)  # fmt: skip


def shows_faults(system: System) -> bool:
    """Tell whether an emulator can be told to fail; a folder of files cannot."""
    emulator = importlib.import_module(f"systems.{system.name}.emulator")
    return "faults" in inspect.signature(emulator.start).parameters


FAULTY = [system for system in SYSTEMS.values() if shows_faults(system)]
every_faulty_system = pytest.mark.parametrize("system", FAULTY, ids=named)
every_faulty_delivery = pytest.mark.parametrize(
    "delivery", [item for item in DELIVERIES if SYSTEMS[item.system] in FAULTY], ids=named
)
every_kind = pytest.mark.parametrize("kind", KINDS)


@contextmanager
def sandboxed(system: System, home: Path) -> Iterator[tuple[Any, Client]]:
    """The emulator, to be told its faults, and a client of it, with the samples delivered."""
    with conformance.emulated(system, home) as (running, client):
        for delivery in system.deliveries:
            conformance.deliver(client, delivery.kind, conformance.samples(delivery))
        yield running, client


def everything(system: System, client: Client) -> list[Read]:
    return [conformance.read(client, stream) for stream in system.streams]


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=named)
def test_the_emulator_of_an_api_can_be_told_to_fail(system: System) -> None:
    assert shows_faults(system) or not system.url.startswith("https:")


@every_kind
@every_faulty_system
def test_a_fault_that_passes_costs_another_try_and_no_record(
    system: System, kind: FaultKind, tmp_path: Path
) -> None:
    with sandboxed(system, tmp_path) as (emulator, client):
        calm = everything(system, client)
        emulator.faults.add(Fault(kind, method="GET"))
        try:
            found = everything(system, client)
        except Retry:
            found = everything(system, client)
    assert found == calm


@every_kind
@every_faulty_system
def test_a_fault_that_stays_is_an_error_of_ours_and_shows_in_the_health(
    system: System, kind: FaultKind, tmp_path: Path
) -> None:
    with sandboxed(system, tmp_path) as (emulator, client):
        emulator.faults.add(Fault(kind, method="GET", times=1000))
        with pytest.raises(AccordError) as raised:
            everything(system, client)
        unwell = [item for item in client.health() if not item.healthy]
    assert raised.value.remedy
    assert unwell
    assert all(item.detail and item.remedy for item in unwell)


@every_faulty_delivery
def test_a_write_whose_answer_is_lost_is_unanswered_and_found_by_looking(
    delivery: Delivery, tmp_path: Path
) -> None:
    with sandboxed(SYSTEMS[delivery.system], tmp_path) as (emulator, client):
        assert isinstance(client, Destination)
        [sample, *_] = conformance.samples(delivery)
        write = sample.write(99, client, delivery.kind)
        assert write.found
        assert write.found.digest != write.digest, "the last sample of it is another version"
        emulator.faults.add(*(Fault("reset_after", method=name) for name in WRITING))
        with pytest.raises(Unanswered):
            client.deliver(delivery.kind, [write])
        found = client.look_up(delivery.kind, [write.key])[write.key]
        assert found == replace(write.found, digest=write.digest)
