"""Processes of the engine: each run goes the way of the daily job, until something ends it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

from accord.catalog import Delivery
from accord.connector import Destination
from accord.delivery.courier import Courier, Delivered
from accord.errors import Retry, Stop, Unbalanced
from accord.intake import news, take_in
from accord.records import Window
from accord.store.builds import Span
from accord.store.database import Role
from accord.store.outbox import Outbox
from systems.xero.client import connect
from tests.chaos import models, tills
from tests.chaos.poor import SETTLE_SECONDS, PoorClient
from tests.chaos.schedules import Order
from tests.chaos.steps import Killed, Life, MortalStore, lived
from tests.support import xero
from tests.support.day_files import a_client
from tests.support.engine import DELIVERY, DOCUMENTS, SALES

if TYPE_CHECKING:
    from tests.chaos.world import World

TAKINGS = replace(DELIVERY, batch=2, concurrent=1)
ENTRIES = Delivery(
    flow="petty_takings", system="poor", kind="entries", model="pub_poor__entries", mode="upsert",
    gates=("takings_line",), batch=2, settle_seconds=SETTLE_SECONDS,
)  # fmt: skip
ENDPOINT = "laboratory"
_T = TypeVar("_T")


@dataclass(slots=True)
class Ended:
    """How one run ended: what each destination came to, what troubled it, whether it was killed."""

    delivered: dict[str, Delivered] = field(default_factory=dict)
    trouble: list[Exception] = field(default_factory=list)
    life: Life = field(default_factory=Life)

    @property
    def is_well(self) -> bool:
        """Whether nothing was left to do by it."""
        return not self.trouble and not self.life.is_dead


@dataclass(slots=True)
class Process:
    """One process of the engine: its clients live from run to run, until it is killed."""

    world: World
    clients: dict[str, Any] = field(default_factory=dict)

    def destination(self, system: str) -> Any:
        """The client of a destination, connected when there is none."""
        if system not in self.clients:
            self.clients[system] = (
                connect(xero.connection(self.world.accounting.url))
                if system == "xero"
                else PoorClient(self.world.poor.url)
            )
        return self.clients[system]

    def end(self) -> None:
        """Let all its sockets go."""
        for client in self.clients.values():
            client.close()
        self.clients.clear()

    def run(self, order: Order, number: int) -> Ended:
        """Make one run; only what no engine may ever do comes out as an error."""
        ended = Ended(life=Life(order.doom))
        store = MortalStore(
            self.world.store.address,
            ended.life,
            self.world.spare,
            sealing=self.world.store.sealing,
        )
        run = _Run(self, store, order, f"run-{number}", ended)
        with lived(ended.life):
            try:
                run.whole()
            except Killed:
                self.end()
            except Unbalanced:
                raise
            except (Retry, Stop) as error:
                ended.trouble.append(error)
            except psycopg.OperationalError as error:
                if not ended.life.was_cut:
                    raise
                ended.trouble.append(error)
        return ended


@dataclass(frozen=True, slots=True)
class _Run:
    """The way of the records through one run, as the daily job goes it."""

    process: Process
    store: MortalStore
    order: Order
    run_id: str
    ended: Ended

    def whole(self) -> None:
        """Land, model, judge, publish, deliver; one destination's trouble is not the other's."""
        if not self.order.only_deliver:
            span = Span(self.order.days[0], self.order.days[-1])
            self._take_in()
            models.build_lines(self.store, span)
            models.judge_lines(self.store, span, run_id=self.run_id)
            models.build_publish(self.store, span)
        for delivery in (TAKINGS, ENTRIES):
            try:
                done = self._deliver(delivery)
                self.ended.delivered[delivery.system] = done
                if done.trouble is not None:
                    self.ended.trouble.append(done.trouble)
            except (Retry, Stop) as error:
                self.ended.trouble.append(error)
        if self.order.read_back:
            source = self.process.destination("xero")
            take_in(self.store, DOCUMENTS, source, self._window, run_id=self.run_id)

    @property
    def _window(self) -> Window:
        first, last = self.order.days[0], self.order.days[-1]
        return Window(date.fromisoformat(first), date.fromisoformat(last))

    def _take_in(self) -> None:
        world, order = self.process.world, self.order
        source = a_client(world.folder.path)
        self.ended.life.step("before read")
        if order.only_news:
            with self.store.session(Role.READER) as connection:
                new = news(connection, SALES, source.slices("sales_lines", self._window))
            if not new:
                return
        with ExitStack() as stack:
            if (surprise := order.surprise) is not None:
                stack.enter_context(
                    tills.while_reading(f"{surprise.day}.csv", lambda: world.surprise(surprise))
                )
            take_in(self.store, SALES, source, self._window, run_id=self.run_id)
        self.ended.life.step("after read")

    def _paced(self, delivery: Delivery) -> Delivery:
        """Batches of two, one after the other, or of one, several at once."""
        at_once = self.order.at_once
        return replace(delivery, batch=1 if at_once > 1 else 2, concurrent=at_once)

    def _deliver(self, delivery: Delivery) -> Delivered:
        world = self.process.world
        life = self.ended.life

        def sleep(seconds: float) -> None:
            life.step("before wait")
            world.sky.pass_(seconds)
            life.step("after wait")

        courier = Courier(
            self.store,
            Outbox(self._paced(delivery), ENDPOINT, self.run_id),
            Mortal(self.process.destination(delivery.system), delivery.system, life),
            clock=world.sky.wall,
            sleep=sleep,
        )
        return courier.deliver(list(self.order.days), models.approve, distrust=self.order.distrust)


@dataclass(frozen=True, slots=True)
class Mortal:
    """A destination whose calls are steps of a life."""

    client: Destination
    system: str
    life: Life

    def look_up(self, kind: str, keys: Any) -> Any:
        return self._stepped("look_up", lambda: self.client.look_up(kind, keys))

    def deliver(self, kind: str, writes: Any) -> Any:
        return self._stepped("deliver", lambda: self.client.deliver(kind, writes))

    def _stepped(self, what: str, call: Callable[[], _T]) -> _T:
        self.life.step(f"before {what} {self.system}")
        answer = call()
        self.life.step(f"after {what} {self.system}")
        return answer
