"""Processes of the engine: each run goes the way of the customers' job, until something ends it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import psycopg

from accord.catalog import Delivery, Stream, deliveries, discover
from accord.connector import Connection
from accord.contracts.odcs import load
from accord.delivery.approving import approval
from accord.delivery.courier import Courier, Delivered
from accord.errors import Retry, Stop, Unbalanced
from accord.golden.consolidate import Consolidated, Entity, consolidate
from accord.intake import take_in
from accord.lineage import Feed
from accord.quality import enforce
from accord.quality.gate import judge
from accord.reconcile import LookedBack, looked_back
from accord.records import Window
from accord.secrets import Secrets
from accord.settings import CHECKOUT
from accord.store import builds
from accord.store.builds import Span, golden_target
from accord.store.database import Role
from accord.store.outbox import Outbox
from systems.mailchimp.client import MailchimpClient
from systems.mailchimp.remote import Audience
from systems.mainframe.client import connect as connect_mainframe
from systems.salesforce.client import connect as connect_salesforce
from systems.stripe.client import connect as connect_stripe
from tests.chaos.customers.matching import PlainMatcher
from tests.chaos.customers.network import Surprise
from tests.chaos.customers.schedules import Order
from tests.chaos.customers.views import SYSTEMS
from tests.chaos.steps import Killed, Life, MortalStore, lived, step
from tests.support.mailchimp import SECRET

if TYPE_CHECKING:
    from tests.chaos.customers.world import World

CUSTOMER = load(CHECKOUT / "contracts" / "customer.v1.odcs.yaml")
ENTITY = replace(Entity.of(CUSTOMER), matcher=PlainMatcher())
_CATALOG = discover()
STREAMS: tuple[Stream, ...] = tuple(it for name in SYSTEMS for it in _CATALOG[name].streams)
# So small that batches differ.
DELIVERIES: tuple[Delivery, ...] = tuple(
    replace(delivery, batch=5, concurrent=1)
    for system in SYSTEMS
    for delivery in deliveries({system: _CATALOG[system]})
    if delivery.flow == "customers"
)  # fmt: skip
FEEDS = tuple(
    Feed(
        "intermediate", f"int_customers__from_{system}", system,
        tuple(it.name.stream for it in _CATALOG[system].streams), "1",
    )
    for system in SYSTEMS
)  # fmt: skip
FLOW, ENDPOINT = "customers", "laboratory"
_WHOLE = Span("", "")


@dataclass(slots=True)
class Ended:
    """How one run ended: what it came to, what troubled it, whether it was killed."""

    delivered: dict[str, Delivered] = field(default_factory=dict)
    looked: dict[str, LookedBack] = field(default_factory=dict)
    golden: list[Consolidated] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)
    life: Life = field(default_factory=Life)


@dataclass(slots=True)
class Process:
    """One process of the engine: its clients live from run to run, until it is killed."""

    world: World
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, system: str) -> Any:
        """The client of a system, connected when there is none."""
        if system not in self.clients:
            self.clients[system] = _connected(self.world, system)
        return self.clients[system]

    def end(self) -> None:
        """Forget all clients."""
        for client in self.clients.values():
            client.close()
        self.clients.clear()

    def run(self, order: Order, number: int) -> Ended:
        """Make one run; only what no engine may ever do comes out as an error."""
        ended = Ended(life=Life(order.doom))
        world = self.world
        store = MortalStore(
            world.store.address, ended.life, world.spare, sealing=world.store.sealing
        )
        if order.surprise is not None:
            system, count, act = order.surprise
            world.heaven.surprises.append(Surprise(system, count, lambda: world.act(act)))
        with lived(ended.life):
            try:
                _Run(self, store, order, f"run-{number}", ended).whole()
            except Killed:
                self.end()
        return ended


@dataclass(frozen=True, slots=True)
class _Run:
    """The way of the customers through one run, as the daily job goes it."""

    process: Process
    store: MortalStore
    order: Order
    run_id: str
    ended: Ended

    def whole(self) -> None:
        """Land, say who is who, judge, deliver, read back, and recognise what was ours."""
        self._land()
        if self.order.halts and self.ended.trouble:
            return
        with self._noted():
            self._bring_up()
            self._judge()
        for delivery in DELIVERIES:
            if delivery.system not in self.order.without:
                with self._noted():
                    self._deliver(delivery)
        for system in SYSTEMS:
            if system not in self.order.without:
                with self._noted():
                    self._look_back(system)
        with self._noted():
            self._bring_up()

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Note what troubles a step; the others go on."""
        try:
            yield
        except Unbalanced:
            raise
        except (Retry, Stop) as error:
            self.ended.trouble.append(error)
        except psycopg.OperationalError as error:
            if not self.ended.life.was_cut:
                raise
            self.ended.trouble.append(error)

    def _land(self) -> None:
        for stream in STREAMS:
            if stream.name.system not in self.order.without:
                with self._noted():
                    self._take_in(stream)

    def _take_in(self, stream: Stream) -> None:
        step("before read")
        client = self.process.client(stream.name.system)
        take_in(self.store, stream, client, Window(), run_id=self.run_id)
        step("after read")

    def _bring_up(self) -> None:
        """Consolidate and note it, as `integration_assets.consolidating` does."""
        streams = sorted(str(stream.name) for stream in STREAMS)
        with self.store.session(Role.READER) as connection:
            basis = builds.landed_basis(connection, streams, _WHOLE)
        step("before consolidated")
        done = consolidate(self.store, FEEDS, ENTITY, run_id=self.run_id)
        step("after consolidated")
        self.ended.golden.append(done)
        with self.store.transaction(Role.MODELER) as connection:
            builds.note(connection, golden_target(FLOW), {"": basis.get("", "")})
            if done.golden_created or done.golden_changed or done.golden_vanished:
                builds.note(connection, golden_target(CUSTOMER.name), {"": self.run_id})

    def _judge(self) -> None:
        with (
            self.store.alone("build models"),
            self.store.transaction(Role.GATEKEEPER) as connection,
        ):
            connection.execute("set transaction isolation level repeatable read")
            if not enforce.is_judged(connection, CUSTOMER, ""):
                judged = judge(connection, CUSTOMER, [""])
                enforce.keep(connection, CUSTOMER, judged, run_id=self.run_id)

    def _deliver(self, delivery: Delivery) -> None:
        heaven = self.process.world.heaven

        def sleep(seconds: float) -> None:
            step("before wait")
            heaven.pass_(seconds)
            step("after wait")

        at_once = self.order.at_once
        paced = replace(delivery, batch=2, concurrent=at_once) if at_once > 1 else delivery
        courier = Courier(
            self.store,
            Outbox(paced, ENDPOINT, self.run_id),
            self.process.client(delivery.system),
            clock=heaven.wall,
            sleep=sleep,
        )
        step(f"before deliver {delivery.system}")
        done = courier.deliver([""], approval([CUSTOMER]), distrust=self.order.distrustful)
        step(f"after deliver {delivery.system}")
        self.ended.delivered[f"{delivery.system}.{delivery.kind}"] = done
        if done.trouble is not None:
            raise done.trouble

    def _look_back(self, system: str) -> None:
        client = self.process.client(system)
        for stream in STREAMS:
            if stream.name.system == system:
                take_in(self.store, stream, client, Window(), run_id=self.run_id)
        for delivery in DELIVERIES:
            if delivery.system == system:
                back = looked_back(self.store, delivery, client, run_id=self.run_id)
                self.ended.looked[f"{system}.{delivery.kind}"] = back


def _connected(world: World, system: str) -> Any:
    company, heaven = world.company, world.heaven
    settings = tomllib.loads((CHECKOUT / "systems" / system / "system.toml").read_text())
    settings["limits"].update(calls_per_minute=600_000, concurrent=1)
    if world.page:
        settings["limits"]["page_records"] = world.page
    secrets = Secrets(
        dict.fromkeys(
            (
                "ACCORD_SALESFORCE_CLIENT_ID", "ACCORD_SALESFORCE_CLIENT_SECRET",
                "ACCORD_STRIPE_API_KEY", "ACCORD_STRIPE_WEBHOOK_SECRET", "ACCORD_MAILCHIMP_API_KEY",
            ),
            SECRET,
        )
    )  # fmt: skip

    def there(url: str, token_url: str = "") -> Connection:
        return Connection(system, url, settings, secrets, token_url)

    match system:
        case "salesforce":
            url, token_url = company.crm.url, company.crm.token_url
            return connect_salesforce(there(url, token_url), clock=heaven.wall)
        case "stripe":
            return connect_stripe(
                there(company.billing.url), clock=lambda: heaven.wall().timestamp()
            )
        case "mailchimp":
            return MailchimpClient(Audience(there(company.marketing.url)), sleep=heaven.pass_)
    return connect_mainframe(there(company.cards_url))
