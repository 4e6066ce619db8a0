"""The world of the laboratory: a folder of day files, two destinations, one store, and processes.

It is built once and told one schedule after the other; `reset` lets nothing of one reach the next.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch
from urllib.parse import urlsplit

import stamina

from accord.store.database import Connection, Store
from systems.xero.emulator import Emulator, start
from tests.chaos import counters, models, tills
from tests.chaos.happened import in_round
from tests.chaos.network import Sky, below_requests, shown
from tests.chaos.poor import SETTLE_SECONDS, PoorSystem
from tests.chaos.processes import TAKINGS, Ended, Process
from tests.chaos.schedules import Change, Order, Round
from tests.chaos.steps import Spare
from tests.chaos.tills import Folder
from tests.chaos.weather import CALM
from tests.support import xero
from tests.support.engine import a_store

_T = TypeVar("_T")
_KEPT = ("alembic_version", "sealing_keys")
_PLACES = 8


@dataclass(slots=True)
class World:
    """Everything the laboratory's processes live in, and what has happened in it.

    `met` counts each kind of trouble over all schedules; `passed` are the steps that a run came to,
    with the first seeds and rounds in which one did, and `killed_at` those at which one was killed.
    """

    store: Store
    folder: Folder
    accounting: Emulator
    poor: PoorSystem
    sky: Sky
    admin: Connection
    emptied: str
    spare: Spare = field(default_factory=dict)
    runs: int = 0
    met: Counter[str] = field(default_factory=Counter)
    passed: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    killed_at: set[str] = field(default_factory=set)
    processes: list[Process] = field(default_factory=list)

    def reset(self, seed: int) -> None:
        """Forget everything that was, and let a day pass."""
        self.met.update(self.sky.drawn)
        self.sky.clear()
        self.sky.seed = str(seed)
        self.sky.pass_(86_400)
        self.folder.clear()
        self.accounting.forget()
        self.poor.forget()
        self.admin.execute(self.emptied)
        self.runs = 0

    def surprise(self, change: Change) -> None:
        """Let the tills change a file that is being read."""
        self.met["a file changes while it is read"] += 1
        self.change(change)

    def change(self, change: Change) -> None:
        """Let the tills change a file."""
        self.folder.put(change.day, change.content, same_time=change.same_time)

    def live(self, round_: Round, where: tuple[int, int]) -> list[Ended]:
        """Let one round happen, the one of this seed and number."""
        for change in round_.changes:
            self.change(change)
        self.sky.pass_(round_.pause)
        self.sky.climate, self.sky.skew = round_.climate, round_.skew
        self.sky.seed += "'"
        self.sky.page_size = round_.page_size
        if round_.is_revoked:
            self.accounting.revoke()
        ended = self.run_all(round_.orders)
        self.met.update(in_round(round_, ended))
        for life in (it.life for it in ended):
            for step in set(life.passed):
                places = self.passed.setdefault(step, [])
                if len(places) < _PLACES and where not in places:
                    places.append(where)
        self.sky.climate, self.sky.page_size = CALM, 0
        if round_.is_revoked:
            self.accounting.revoke(revoked=False)
        return ended

    def run_all(self, orders: tuple[Order, ...]) -> list[Ended]:
        """Make runs at once, each in a process of its own."""
        while len(self.processes) < len(orders):
            self.processes.append(Process(self))
        self.runs += len(orders)
        ended = _together(
            [
                lambda process=process, order=order, place=place: process.run(  # type: ignore[misc]
                    order, self.runs - place
                )
                for place, (process, order) in enumerate(zip(self.processes, orders, strict=False))
            ]
        )
        for life in (it.life for it in ended):
            self.killed_at.update(life.passed[-1:] if life.is_dead else ())
        return ended


def _together(calls: list[Callable[[], _T]]) -> list[_T]:
    """Make calls at once; return what they return, or raise what one of them raised."""
    if len(calls) == 1:
        return [calls[0]()]
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
def built(database_url: str, folder: Path, *, sockets: bool = False) -> Iterator[World]:
    """Build a world on an empty database and in an empty folder.

    Its systems are asked at counters, which is quick, or over real `sockets`.
    """
    store = a_store(database_url)
    exports, books = folder / "tills", folder / "books"
    exports.mkdir()
    books.mkdir()
    with ExitStack() as stack:
        admin = stack.enter_context(Connection.connect(store.address.conninfo, autocommit=True))
        admin.execute(models.TABLES)
        sky = Sky({})
        for place in () if sockets else ("systems.xero.emulator", "tests.chaos.poor"):
            stack.enter_context(patch(f"{place}.Server", counters.Counter))
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
