"""Which systems there are: discovered from the folders below `systems/`, never listed by hand."""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, Literal, get_args

from accord.connector import Client, Connection
from accord.errors import Stop
from accord.names import StreamName, checked

Deletes = Literal["propagate", "archive", "ignore"]
DELETES: tuple[str, ...] = get_args(Deletes)

SYSTEMS = Path(__file__).resolve().parent.parent / "systems"


@dataclass(frozen=True, slots=True)
class Stream:
    """One readable stream of a system and how it is read.

    A stream that is `read_back` shows what we wrote; it is read to reconcile, not to sync. One that
    is followed is still read whole every `whole_every_hours`, to find what was never told.
    """

    name: StreamName
    contract: Path
    partitioned: bool
    read_back: bool
    title: str
    whole_every_hours: float = 168.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """One kind of object a system receives: its flow, the model that feeds it, its gates.

    `gates` are the entities whose passing verdicts it needs. `settle_seconds` is how long after
    a request was sent its effect may still appear at the destination. Objects that are not
    `partitioned` belong to no business day. `after` are kinds of the same system that are sent
    first. `deletes` is what becomes of an object that the model no longer has, and `most_changed`
    the share of what is there that one run may change or take away before a person approves.
    """

    flow: str
    system: str
    kind: str
    model: str
    mode: str
    gates: tuple[str, ...]
    batch: int
    settle_seconds: float
    partitioned: bool = True
    concurrent: int = 1
    after: tuple[str, ...] = ()
    deletes: Deletes = "ignore"
    most_changed: float = 1.0


@dataclass(frozen=True, slots=True)
class System:
    """One connected system as its folder declares it."""

    name: str
    title: str
    role: str
    url: str
    folder: Path
    settings: Mapping[str, Any]
    streams: tuple[Stream, ...]
    deliveries: tuple[Delivery, ...]

    def connect(self, connection: Connection) -> Client:
        """Import the system's client, which stays unloaded until now, and connect it."""
        client: Client = importlib.import_module(f"systems.{self.name}.client").connect(connection)
        return client


def discover(folder: Path = SYSTEMS) -> dict[str, System]:
    """Read every `<name>/system.toml` below `folder`. Raises Stop, naming file and fault."""
    return {path.parent.name: _parsed(path) for path in sorted(folder.glob("*/system.toml"))}


def deliveries(systems: Mapping[str, System]) -> tuple[Delivery, ...]:
    """All deliveries of all systems, in order of flow and system."""
    return tuple(
        sorted(
            (delivery for system in systems.values() for delivery in system.deliveries),
            key=lambda delivery: (delivery.flow, delivery.system, delivery.kind),
        )
    )


def in_order(deliveries: Iterable[Delivery]) -> list[Delivery]:
    """Each delivery after those of the same system that are sent before it."""
    by_name = {(it.system, it.kind): it for it in deliveries}
    order = TopologicalSorter(
        {name: [(it.system, kind) for kind in it.after] for name, it in by_name.items()}
    )
    return [by_name[name] for name in order.static_order() if name in by_name]


def _parsed(path: Path) -> System:
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
        name = checked(path.parent.name, what="system")
        return System(
            name=name,
            title=settings["title"],
            role=settings["role"],
            url=settings["address"]["url"],
            folder=path.parent,
            settings=settings,
            streams=tuple(_stream(name, path.parent, item) for item in settings.get("streams", ())),
            deliveries=tuple(
                _delivery(name, settings, item) for item in settings.get("deliveries", ())
            ),
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise Stop(
            f"systems/{path.parent.name}/system.toml is not usable: {type(error).__name__} {error}",
            remedy="compare it with systems/pos/system.toml and docs/adding-a-system.md",
        ) from error


def _stream(system: str, folder: Path, item: Mapping[str, Any]) -> Stream:
    return Stream(
        name=StreamName(system, item["name"]),
        contract=folder / "contracts" / item["contract"],
        partitioned=item.get("partitioned", False),
        read_back=item.get("read_back", False),
        title=item["title"],
        whole_every_hours=float(item.get("whole_every_hours", 168)),
    )


def _delivery(system: str, settings: Mapping[str, Any], item: Mapping[str, Any]) -> Delivery:
    return Delivery(
        flow=checked(item["flow"], what="flow"),
        system=system,
        kind=checked(item["kind"], what="object"),
        model=item["model"],
        mode=item["mode"],
        gates=tuple(item["gates"]),
        batch=int(settings["limits"]["batch"]),
        settle_seconds=float(settings["limits"]["settle_seconds"]),
        partitioned=item.get("partitioned", True),
        concurrent=int(settings["limits"].get("concurrent", 1)),
        after=tuple(item.get("after", ())),
        deletes=_deletes(item.get("deletes", "ignore")),
        most_changed=float(item.get("most_changed", 1.0)),
    )


def _deletes(policy: str) -> Deletes:
    if policy not in DELETES:
        raise TypeError(f"deletes is {policy!r}, not one of {', '.join(DELETES)}")
    return policy  # type: ignore[return-value]  # checked just above
