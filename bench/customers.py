"""Every customer changes: from the source systems to golden records, the gate and all destinations.

Four systems in processes of their own know the same customers. They are brought into agreement
once; then people change each customer in the CRM, the firms' addresses in billing and everybody's
points on the mainframe, and one pass goes the order of a run. Great Expectations is left out: its
opinion is measured with the gate. The pass guards against changing most of a destination, which is
what is meant here, so that guard alone is off.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from accord import catalog
from accord.abreast import Abreast, Errand
from accord.catalog import Delivery, Stream
from accord.connector import Destination, Source
from accord.contracts.model import Contract
from accord.contracts.odcs import entities
from accord.delivery.approving import approval
from accord.delivery.courier import Courier, Delivered
from accord.golden.consolidate import Entity, consolidate
from accord.intake import take_in
from accord.lineage import Feed, feeds
from accord.quality import enforce
from accord.quality.gate import judge
from accord.reconcile import looked_back
from accord.records import Window
from accord.sandbox.company import Company
from accord.settings import CHECKOUT, load
from accord.store import builds
from accord.store.builds import golden_target
from accord.store.database import Role, Store
from accord.store.outbox import Outbox
from accord.store.turns import turns_of
from bench.ground import store_at
from bench.measuring import own_peak
from bench.vendors import Vendor, environment, leave_extract, vendors
from resources.dbt import Dbt

FLOW, ENTITY = "customers", "customer"
ON_THE_WAY = ("landed", "consolidated", "judged", "delivered")
AFTERWARDS = ("looked_back", "echoes")
STEPS = (*ON_THE_WAY, *AFTERWARDS)


@dataclass(slots=True)
class Watch:
    """What each step took: seconds, and processor seconds of ours and of the vendors'."""

    vendors: Mapping[str, Vendor]
    told: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time a step."""
        started, ours, theirs = perf_counter(), process_time(), self._theirs()
        yield
        self.told[name] = perf_counter() - started
        self.told[f"{name}_cpu"] = process_time() - ours
        self.told[f"{name}_vendors_cpu"] = self._theirs() - theirs

    def _theirs(self) -> float:
        return sum(_cpu(vendor.process.pid) for vendor in self.vendors.values())


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over all that changed, step by step, as a run of the flow makes it."""

    store: Store
    company: Company
    contract: Contract
    feeds: tuple[Feed, ...]
    run_id: str

    @property
    def streams(self) -> list[Stream]:
        """The streams that tell of customers."""
        asked = [(feed.system, name) for feed in self.feeds for name in feed.streams]
        return [
            stream
            for system in self.company.systems.values()
            for stream in system.streams
            if (system.name, stream.name.stream) in asked
        ]

    @property
    def deliveries(self) -> list[Delivery]:
        """What the flow delivers, each after what it comes after."""
        found = [it for it in catalog.deliveries(self.company.systems) if it.flow == FLOW]
        return [replace(it, most_changed=1.0) for it in catalog.in_order(found)]

    def made(self, watch: Watch) -> int:
        """Make the pass; return how many writes arrived."""
        with watch.step("landed"):
            self._land_all()
        with watch.step("consolidated"):
            self._consolidate()
        with watch.step("judged"):
            self._judge()
        with watch.step("delivered"):
            delivered = self._deliver_all()
        with watch.step("looked_back"):
            self._look_back()
        with watch.step("echoes"):
            self._consolidate()
        return delivered

    def _land_all(self) -> None:
        ways: dict[str, list[Errand[None]]] = {}
        for it in self.streams:
            errand = Errand(str(it.name), partial(self._land, it))
            ways.setdefault(it.name.system, []).append(errand)
        with Abreast[None]() as abreast:
            abreast.begin(ways.values())
            for it in self.streams:
                abreast.taken(str(it.name))

    def _land(self, stream: Stream) -> None:
        source = self.company.client(stream.name.system)
        assert isinstance(source, Source)  # noqa: S101 - those streams are read
        take_in(self.store, stream, source, Window(), run_id=self.run_id)

    def _consolidate(self) -> None:
        done = consolidate(self.store, self.feeds, Entity.of(self.contract), run_id=self.run_id)
        with self.store.transaction(Role.MODELER) as connection:
            if done.golden_created or done.golden_changed or done.golden_vanished:
                builds.note(connection, golden_target(ENTITY), {"": self.run_id})

    def _judge(self) -> None:
        target, contract = golden_target(ENTITY), self.contract
        with self.store.transaction(Role.GATEKEEPER) as connection:
            connection.execute("set transaction isolation level repeatable read")
            if builds.whole_to_judge(connection, target, ENTITY, contract.digest):
                enforce.keep(
                    connection, contract, judge(connection, contract, [""]), run_id=self.run_id
                )

    def _deliver_all(self) -> int:
        ways: dict[str, list[Errand[Delivered]]] = {}
        for it in self.deliveries:
            ways.setdefault(it.system, []).append(Errand(_named(it), partial(self._deliver, it)))
        with Abreast[Delivered](goes_on=lambda found: found.is_through) as abreast:
            abreast.begin(ways.values())
            return sum(_arrived(it, abreast.taken(_named(it))) for it in self.deliveries)

    def _deliver(self, delivery: Delivery) -> Delivered:
        outbox = Outbox(delivery, self.company.endpoint(delivery.system), self.run_id)
        courier = Courier(self.store, outbox, self._destination(delivery))
        return courier.deliver([""], approval([self.contract]))

    def _look_back(self) -> None:
        for stream in self.streams:
            if any(it.system == stream.name.system for it in self.deliveries):
                self._land(stream)
        for delivery in self.deliveries:
            back = looked_back(
                self.store, delivery, self._destination(delivery), run_id=self.run_id
            )
            if back.differing or not back.objects:
                raise AssertionError(f"{delivery.system}: {back.counts}")

    def _destination(self, delivery: Delivery) -> Destination:
        client = self.company.client(delivery.system)
        assert isinstance(client, Destination)  # noqa: S101 - it is delivered to
        return client


def _named(delivery: Delivery) -> str:
    return f"{delivery.system}.{delivery.kind}"


def _arrived(delivery: Delivery, done: Delivered | None) -> int:
    if done is None or not done.is_through or done.total["rejected"] + done.total["waiting"]:
        raise AssertionError(f"{_named(delivery)}: {done}")
    return done.total["delivered"]


def change_customers(options: dict[str, Any]) -> dict[str, Any]:
    """Bring so many customers into agreement, change each of them, and time the pass after that."""
    store, home, many = store_at(options["store"]), Path(options["home"]), options["customers"]
    mainframe, today = home / "mainframe", datetime.now(UTC).date()
    mainframe.mkdir(parents=True)
    with vendors(home, many) as running:
        settings = load(environment(running, mainframe))
        contract = entities(CHECKOUT / "contracts")[ENTITY]
        found = feeds(_modelled(replace(settings, home=home), store), ENTITY)
        first, watch = Watch(running), Watch(running)
        with Company(settings, today=today, turns=partial(turns_of, store)) as company:
            _leave(mainframe, many, today, nights=2)
            Pass(store, company, contract, found, "first").made(first)
            for vendor in running.values():
                vendor.change()
            _leave(mainframe, many, today, nights=1)
            _forget_peak()
            delivered = Pass(store, company, contract, found, "change").made(watch)
    if delivered != many * 3:
        raise AssertionError(f"{delivered} of {many * 3} writes arrived")
    return {
        "seconds": sum(watch.told[name] for name in ON_THE_WAY),
        "records": many,
        "first": sum(first.told[name] for name in ON_THE_WAY),
        **{f"first_{name}": first.told[name] for name in STEPS},
        **watch.told,
        "rss": own_peak(),
    }


def _modelled(settings: Any, store: Store) -> Mapping[str, Any]:
    dbt = Dbt(settings, store.address)
    dbt.seed()
    dbt.run([], days=[], full_refresh=True)
    return dbt.described()


def _leave(folder: Path, many: int, today: date, *, nights: int) -> None:
    night = today - timedelta(days=nights)
    leave_extract(folder, many, night=night, earned=100 * (3 - nights))


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def _forget_peak() -> None:
    """Let the peak of this process's memory count from now on."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")
