"""Landing: orders from JSON pages and till lines from day files, whole, again, and in part."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from accord import catalog
from accord.connector import Connection, Source
from accord.contracts import odcs
from accord.intake import news, take_in
from accord.records import Window
from accord.secrets import Secrets
from accord.store import builds
from accord.store.builds import Span
from accord.store.database import Role
from bench import workload
from bench.ground import store_at
from bench.workload import ORDERS, OrderPages

POS = "pos"


def land_orders(options: dict[str, Any]) -> dict[str, Any]:
    """Land all pages into the empty stream; then type the fields of the newest versions."""
    store, pages = store_at(options["store"]), OrderPages(Path(options["pages"]))
    started = perf_counter()
    taken = take_in(store, ORDERS, pages, Window(), run_id="bench")
    landed = perf_counter()
    with store.transaction(Role.MODELER) as connection:
        connection.execute(workload.TYPED)
    typed = perf_counter()
    return {
        "seconds": landed - started,
        "typing": typed - landed,
        "records": taken.counts.landed.total(),
    }


def land_orders_again(options: dict[str, Any]) -> dict[str, Any]:
    """Land all pages once more, as they are or with a few changed records among them."""
    store = store_at(options["store"])
    take_in(store, ORDERS, OrderPages(Path(options["before"])), Window(), run_id="before")
    started = perf_counter()
    taken = take_in(store, ORDERS, OrderPages(Path(options["pages"])), Window(), run_id="bench")
    return {
        "seconds": perf_counter() - started,
        "records": taken.counts.read.total(),
        "landed": taken.counts.landed.total(),
    }


def land_days(options: dict[str, Any]) -> dict[str, Any]:
    """Land a folder of day files, each in a transaction of its own."""
    store, stream = store_at(options["store"]), catalog.discover()[POS].streams[0]
    client = days_client(options)
    started = perf_counter()
    taken = take_in(store, stream, client, Window(), run_id="bench")
    return {
        "seconds": perf_counter() - started,
        "records": taken.counts.landed.total(),
        "rejected": taken.counts.rejected.total(),
    }


def find_changed(options: dict[str, Any]) -> dict[str, Any]:
    """Find the few corrected lines among all: which files, which lines, which days to build."""
    store, stream = store_at(options["store"]), catalog.discover()[POS].streams[0]
    client = days_client(options)
    everything = Span("", "9999-12-31")
    with store.session(Role.READER) as connection:
        basis = builds.landed_basis(connection, [str(stream.name)], everything)
    with store.session(Role.MODELER) as connection:
        builds.note(connection, "canonical", basis)
    started = perf_counter()
    with store.session(Role.READER) as connection:
        changed = news(connection, stream, client.slices(stream.name.stream, Window()))
    noticed = perf_counter()
    days = sorted(date.fromisoformat(piece.partition) for piece in changed)
    taken = take_in(store, stream, client, Window(days[0], days[-1]), run_id="corrected")
    landed = perf_counter()
    with store.session(Role.READER) as connection:
        basis = builds.landed_basis(connection, [str(stream.name)], everything)
        stale = builds.stale(connection, "canonical", basis, everything)
    found = perf_counter()
    again = take_in(store, stream, client, Window(), run_id="everything")
    if len(stale) != len(changed) or days[-1] - days[0] >= timedelta(days=60):
        raise AssertionError("the corrected days are not those to be built")
    return {
        "seconds": found - started,
        "records": taken.counts.landed.total(),
        "notice": noticed - started,
        "land": landed - noticed,
        "watermark": found - landed,
        "nothing_new": perf_counter() - found,
        "unchanged": again.counts.unchanged.total(),
    }


def days_client(options: dict[str, Any]) -> Source:
    """The tills' own client, on the folder given."""
    system, url = catalog.discover()[POS], Path(options["days"]).as_uri()
    odcs.load(system.streams[0].contract)  # reading a first contract imports its parser
    client = system.connect(Connection(POS, url, system.settings, Secrets({})))
    if not isinstance(client, Source):
        raise TypeError("the tills cannot be read")
    return client
