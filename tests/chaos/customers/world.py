"""The world of the customers' laboratory: one store, a company founded anew for each story, time.

It is built once and told one schedule after the other; `reset` lets nothing of one reach the next.
"""

from __future__ import annotations

import itertools
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import stamina

from accord.store.database import Connection, Store
from tests.chaos.customers import hands, views
from tests.chaos.customers.company import Company, founded
from tests.chaos.customers.network import Heaven, in_process
from tests.chaos.customers.processes import DELIVERIES, Ended, Process
from tests.chaos.customers.schedules import Act, Order, Round, Schedule
from tests.chaos.customers.watching import Watch
from tests.chaos.customers.weather import CALM
from tests.chaos.steps import Spare
from tests.support.engine import a_store

START = 1_700_000_000.0
_KEPT = ("alembic_version", "sealing_keys")
_OPEN = """
    select count(*) from ops.outbox where system = %(system)s and state in ('sending', 'unknown')
"""
_READ_LONG_AGO = "update ops.cursors set whole_at = whole_at - interval '2 days'"


@dataclass(slots=True)
class World:
    """Everything the laboratory's processes live in."""

    store: Store
    folder: Path
    heaven: Heaven
    admin: Connection
    emptied: str
    company: Company = field(init=False)
    watch: Watch = field(init=False)
    touched: set[str] = field(default_factory=set)
    people_deleted: Counter[tuple[str, str]] = field(default_factory=Counter)
    page: int = 0
    spare: Spare = field(default_factory=dict)
    runs: int = 0
    processes: list[Process] = field(default_factory=list)

    def reset(self, schedule: Schedule) -> None:
        """Forget everything that was, and found the company of another story."""
        self.end()
        heaven = self.heaven
        heaven.clear()
        heaven.surprises.clear()
        heaven.seed, heaven.now, heaven.weather = str(schedule.seed), START, CALM
        heaven.watched, heaven.arriving = lambda *_: None, lambda _: None
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.admin.execute(self.emptied)
        self.company = founded(self.folder, schedule, heaven)
        settles = {it.system: it.settle_seconds for it in DELIVERIES}
        company = self.company
        heaven.systems = {
            urlsplit(emulator.url).netloc: (system, settles[system])
            for system, emulator in (
                ("salesforce", company.crm), ("stripe", company.billing),
                ("mailchimp", company.marketing),
            )
        }  # fmt: skip
        self.watch = Watch(company)
        heaven.watched = self.watch.api
        heaven.arriving = self._arriving
        self.runs, self.page = 0, 0
        self.touched.clear()
        self.people_deleted.clear()

    def end(self) -> None:
        """Let the company go, and all processes."""
        for process in self.processes:
            process.end()
        self.processes.clear()
        if hasattr(self, "company"):
            self.company.stop()

    def act(self, act: Act) -> None:
        """Let somebody do something."""
        self.watch.settle()
        before = self.company.ours()
        with self.company.sized():
            hands.carry_out(self.company, act)
        self.watch.people()
        self.people_deleted.update(list((before - self.company.ours()).elements()))
        self.touched |= self.company.about(act.number, act.value)

    def live(self, round_: Round) -> list[Ended]:
        """Let one round happen."""
        for act in round_.acts:
            self.act(act)
        heaven, company = self.heaven, self.company
        heaven.pass_(round_.pause)
        heaven.weather, heaven.skew = round_.climate, round_.skew
        heaven.seed += "'"
        company.marketing.batch_seconds = round_.batch_seconds
        if round_.page != self.page:
            self.page = round_.page
            for process in self.processes:
                process.end()
        if round_.whole:
            self.read_long_ago()
        self._revoke(round_.revoked, revoked=True)
        ended = self.run_all(round_.orders)
        self._revoke(round_.revoked, revoked=False)
        heaven.weather, company.marketing.batch_seconds, heaven.skew = CALM, 0.0, 0.0
        for surprise in list(heaven.surprises):
            heaven.surprises.remove(surprise)
            surprise.happens()
        return ended

    def read_long_ago(self) -> None:
        """Let everything have been read whole so long ago that it is time again."""
        self.admin.execute(_READ_LONG_AGO)

    def run_all(self, orders: tuple[Order, ...]) -> list[Ended]:
        """Make runs at once, each in a process of its own."""
        while len(self.processes) < len(orders):
            self.processes.append(Process(self))
        first = self.runs + 1
        self.runs += len(orders)
        if len(orders) == 1:
            return [self.processes[0].run(orders[0], first)]
        return _together(self.processes, orders, first)

    def _arriving(self, system: str) -> None:
        """Nothing may arrive of which the engine believes that it cannot come any more."""
        open_ones = self.admin.execute(_OPEN, {"system": system}).fetchone()
        if open_ones == (0,):
            self.watch.wrong.append(f"a write came late to {system}, after its fate was settled")

    def _revoke(self, system: str, *, revoked: bool) -> None:
        company = self.company
        match system:
            case "salesforce":
                company.crm.revoke(revoked=revoked)
            case "stripe":
                company.billing.revoke(revoked=revoked)
            case "mailchimp":
                company.marketing.revoke(revoked=revoked)


def _together(processes: list[Process], orders: tuple[Order, ...], first: int) -> list[Ended]:
    results: list[Ended] = []
    errors: list[BaseException] = []

    def made(process: Process, order: Order, number: int) -> None:
        try:
            results.append(process.run(order, number))
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    threads = [
        threading.Thread(target=made, args=(process, order, first + place))
        for place, (process, order) in enumerate(zip(processes, orders, strict=False))
    ]
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
    with ExitStack() as stack:
        admin = stack.enter_context(Connection.connect(store.address.conninfo, autocommit=True))
        views.build(admin)
        heaven = Heaven({})
        stack.enter_context(in_process(heaven))
        stack.enter_context(_hasty())
        world = World(store, folder / "company", heaven, admin, _emptying(admin))
        yield world
        world.end()
        for connection in itertools.chain(*world.spare.values()):
            connection.close()


def _emptying(admin: Connection) -> str:
    """The statements that forget everything but the shape of the store."""
    tables = admin.execute(
        "select format('delete from %%I.%%I', schemaname, tablename) from pg_tables"
        " where schemaname in ('landing', 'ops', 'canonical') and tablename <> all(%s)",
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
