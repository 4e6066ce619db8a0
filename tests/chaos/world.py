"""The world of the laboratory: a folder of day files, two destinations, one store, and processes.

It is built once and told one schedule after the other; `reset` lets nothing of one reach the next.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import psycopg
import stamina

from accord.catalog import Delivery
from accord.connector import Destination
from accord.delivery.courier import Courier, Delivered
from accord.errors import Retry, Stop, Unbalanced
from accord.intake import news, take_in
from accord.records import Window
from accord.store.builds import Span
from accord.store.database import Connection, Role, Store
from accord.store.outbox import Outbox
from systems.xero.client import connect
from systems.xero.emulator import Emulator, start
from tests.chaos import models, tills
from tests.chaos.network import Sky, below_requests, lived, shown
from tests.chaos.poor import SETTLE_SECONDS, PoorClient, PoorSystem
from tests.chaos.schedules import Change, Order, Round
from tests.chaos.steps import Killed, Life, MortalStore, Spare
from tests.chaos.tills import Folder
from tests.chaos.weather import CALM
from tests.support import xero
from tests.support.day_files import a_client
from tests.support.engine import DELIVERY, SALES, a_store

TAKINGS = replace(DELIVERY, batch=2)
ENTRIES = Delivery(
    flow="petty_takings", system="poor", kind="entries", model="pub_poor__entries", mode="upsert",
    gates=("takings_line",), batch=2, settle_seconds=SETTLE_SECONDS,
)  # fmt: skip
ENDPOINT = "laboratory"
_T = TypeVar("_T")
_KEPT = ("alembic_version", "sealing_keys")


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
            made = {
                "xero": lambda: connect(xero.connection(self.world.accounting.url)),
                "poor": lambda: PoorClient(self.world.poor.url),
            }
            self.clients[system] = made[system]()
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

    def _take_in(self) -> None:
        world, order = self.process.world, self.order
        source = a_client(world.folder.path)
        window = Window(date.fromisoformat(order.days[0]), date.fromisoformat(order.days[-1]))
        self.ended.life.step("before read")
        if order.only_news:
            with self.store.session(Role.READER) as connection:
                new = news(connection, SALES, source.slices("sales_lines", window))
            if not new:
                return
        with ExitStack() as stack:
            if (surprise := order.surprise) is not None:
                stack.enter_context(
                    tills.while_reading(f"{surprise.day}.csv", lambda: world.change(surprise))
                )
            take_in(self.store, SALES, source, window, run_id=self.run_id)
        self.ended.life.step("after read")

    def _deliver(self, delivery: Delivery) -> Delivered:
        world = self.process.world
        life = self.ended.life

        def sleep(seconds: float) -> None:
            life.step("before wait")
            world.sky.pass_(seconds)
            life.step("after wait")

        courier = Courier(
            self.store,
            Outbox(delivery, ENDPOINT, self.run_id),
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


@dataclass(slots=True)
class World:
    """Everything the laboratory's processes live in."""

    store: Store
    folder: Folder
    accounting: Emulator
    poor: PoorSystem
    sky: Sky
    admin: Connection
    emptied: str
    spare: Spare = field(default_factory=dict)
    runs: int = 0
    processes: list[Process] = field(default_factory=list)

    def reset(self, seed: int) -> None:
        """Forget everything that was, and let a day pass."""
        self.sky.clear()
        self.sky.seed = str(seed)
        self.sky.pass_(86_400)
        self.folder.clear()
        self.accounting.revoke(revoked=False)
        self.accounting.forget()
        self.poor.forget()
        self.admin.execute(self.emptied)
        self.runs = 0

    def change(self, change: Change) -> None:
        """Let the tills change a file."""
        self.folder.put(change.day, change.content, same_time=change.same_time)

    def live(self, round_: Round) -> list[Ended]:
        """Let one round happen."""
        for change in round_.changes:
            self.change(change)
        self.sky.pass_(round_.pause)
        self.sky.climate, self.sky.skew = round_.climate, round_.skew
        self.sky.seed += "'"
        self.sky.page_size = round_.page_size
        if round_.is_revoked:
            self.accounting.revoke()
        ended = self.run_all(round_.orders)
        self.sky.climate, self.sky.page_size = CALM, 0
        self.accounting.revoke(revoked=False)
        return ended

    def run_all(self, orders: tuple[Order, ...]) -> list[Ended]:
        """Make runs at once, each in a process of its own."""
        while len(self.processes) < len(orders):
            self.processes.append(Process(self))
        self.runs += len(orders)
        if len(orders) == 1:
            return [self.processes[0].run(orders[0], self.runs)]
        return _together(
            [
                lambda process=process, order=order, place=place: process.run(  # type: ignore[misc]
                    order, self.runs - place
                )
                for place, (process, order) in enumerate(zip(self.processes, orders, strict=False))
            ]
        )


def _together(calls: list[Callable[[], _T]]) -> list[_T]:
    """Make calls at once; return what they return, or raise what one of them raised."""
    results: list[_T] = []
    errors: list[BaseException] = []

    def made(call: Callable[[], _T]) -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    threads = [threading.Thread(target=made, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in errors:
        raise error
    return results


@contextmanager
def built(database_url: str, folder: Path) -> Iterator[World]:
    """Build a world on an empty database and in an empty folder."""
    store = a_store(database_url)
    exports, books = folder / "tills", folder / "books"
    exports.mkdir()
    books.mkdir()
    with ExitStack() as stack:
        admin = stack.enter_context(Connection.connect(store.address.conninfo, autocommit=True))
        admin.execute(models.TABLES)
        sky = Sky({})
        accounting = start(xero.Setup(books), faults=shown, clock=lambda: sky.now)
        stack.callback(accounting.stop)
        poor = PoorSystem(shown)
        stack.callback(poor.stop)
        sky.systems = {
            urlsplit(accounting.url).netloc: ("xero", TAKINGS.settle_seconds),
            urlsplit(poor.url).netloc: ("poor", SETTLE_SECONDS),
        }
        stack.enter_context(below_requests(sky))
        stack.enter_context(tills.watched())
        stack.enter_context(_hasty())
        world = World(store, Folder(exports), accounting, poor, sky, admin, _emptying(admin))
        yield world
        for process in world.processes:
            process.end()
        for connection in itertools.chain(*world.spare.values()):
            connection.close()


def _emptying(admin: Connection) -> str:
    """The statements that forget everything but the shape of the store."""
    tables = admin.execute(
        "select format('delete from %%I.%%I', schemaname, tablename) from pg_tables"
        " where schemaname in ('landing', 'ops', 'canonical', 'publish') and tablename <> all(%s)",
        (list(_KEPT),),
    ).fetchall()
    return ";".join(["set session_replication_role = replica", *(row[0] for row in tables)])


@contextmanager
def _hasty() -> Iterator[None]:
    """Let retries follow each other at once: time is not theirs to spend here."""
    hooks = stamina.instrumentation.get_on_retry_hooks()
    stamina.instrumentation.set_on_retry_hooks([])
    stamina.set_testing(True, attempts=2, cap=True)
    try:
        yield
    finally:
        stamina.set_testing(False)
        stamina.instrumentation.set_on_retry_hooks(hooks)
