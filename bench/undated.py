"""Delivery of objects without days: over HTTP with some latency, and finding what is due."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

from accord.catalog import Delivery
from accord.connector import Destination
from accord.delivery.courier import Approved, Courier
from accord.http import Api
from accord.http.pace import Pace
from accord.records import Found, Receipt, Write
from accord.settings import CHECKOUT
from accord.store.database import Connection, Role, Store
from accord.store.outbox import Outbox
from bench.delivery import Nowhere
from bench.ground import ENDING, server_cpu, store_at

_ANY_PACE = 10_000_000
_CHANGED = 1000
_MODEL = """
    create table canonical.parts as
    select 'part-' || lpad(n::text, 9, '0') as object_key, '' as destination_id,
        jsonb_build_object(
            'name', 'Part ' || n, 'sku', 'SKU-' || n, 'active', true, 'unit', 'piece',
            'price', (n %% 1000)::text || '.25', 'description', repeat('all about it ', 8)
        ) as content,
        '{}'::jsonb as seed, '{}'::text[] as needs, n::bigint as revision
    from generate_series(1, %(stored)s) as n
"""


class Remote:
    """A destination over HTTP that notes how long its callers waited; one record a call or many."""

    def __init__(self, url: str, *, single: bool) -> None:
        pace = Pace(calls_per_minute=_ANY_PACE, concurrent=64)
        self._api, self._single = Api("remote", url, pace=pace), single
        self._lock, self.seconds = threading.Lock(), 0.0

    def look_up(self, kind: str, keys: Sequence[str]) -> Mapping[str, Found]:  # noqa: ARG002
        """Ask what is there, as an API does that searches by many ids."""
        return dict(self._call("/look-up", list(keys)))

    def deliver(self, kind: str, writes: Sequence[Write]) -> Sequence[Receipt]:  # noqa: ARG002
        """Send all at once, or one after the other."""
        records = [{"id": write.key, **write.content} for write in writes]
        if self._single:
            ids = [name for record in records for name in self._call("/records", [record])]
        else:
            ids = self._call("/records", records)
        return [
            Receipt(write.write_id, "delivered", name)
            for write, name in zip(writes, ids, strict=True)
        ]

    def _call(self, path: str, content: Any) -> Any:
        started = perf_counter()
        answer = self._api.write("POST", path, json=content).json()
        with self._lock:
            self.seconds += perf_counter() - started
        return answer


def deliver_changes(options: dict[str, Any]) -> dict[str, Any]:
    """Deliver so many changes over HTTP, as batches or one record a call."""
    with _receiver(options["latency_ms"]) as url:
        remote = Remote(url, single=options["single"])
        return {**_delivered(options, remote), "outside": remote.seconds}


def deliver_nowhere(options: dict[str, Any]) -> dict[str, Any]:
    """Deliver so many changes to where everything is taken at once: the engine alone."""
    return {**_delivered(options, Nowhere()), "outside": 0.0}


def _delivered(options: Mapping[str, Any], destination: Destination) -> dict[str, Any]:
    """Deliver; tell what that took, and what it cost our processor and PostgreSQL's."""
    store, folder, changes = store_at(options["store"]), Path(options["home"]), options["changes"]
    delivery = _delivery(batch=options["batch"], concurrent=options["concurrent"])
    _modelled(store, changes)
    courier = Courier(store, Outbox(delivery, "bench", "bench"), destination)
    server, ours, started = server_cpu(folder), process_time(), perf_counter()
    done = courier.deliver([""], _approve)
    seconds, ours = perf_counter() - started, process_time() - ours
    sleep(ENDING)
    delivered = done.counts[""]["delivered"]
    if done.trouble or delivered != changes:
        raise AssertionError(f"{delivered} of {changes} changes arrived: {done.trouble}")
    return {
        "seconds": seconds,
        "records": changes,
        "ours": ours,
        "server": server_cpu(folder) - server,
    }


def find_due(options: dict[str, Any]) -> dict[str, Any]:
    """Find the changed ones among so many that are at the destination already."""
    store, stored = store_at(options["store"]), options["stored"]
    outbox = Outbox(_delivery(), "bench", "bench")
    _modelled(store, stored)
    with store.transaction(Role.DELIVERER) as connection:
        outbox.due.gather(connection, [""], everything=True, removes=False)
        outbox.due.move_mark(connection)
    with store.transaction(Role.MODELER) as connection:
        connection.execute(
            "update canonical.parts set revision = revision + %(stored)s,"
            ' content = content || \'{"unit": "box"}\' where revision %% %(every)s = 0',
            {"stored": stored, "every": max(1, stored // _CHANGED)},
        )
    with store.transaction(Role.DELIVERER) as connection:
        started = perf_counter()
        outbox.due.gather(connection, [""], everything=False, removes=False)
        found = sum(len(outbox.due.understood(rows)) for rows in outbox.due.considered(connection))
        seconds = perf_counter() - started
    return {"seconds": seconds, "records": found, "stored": stored}


def _delivery(*, batch: int = 200, concurrent: int = 4) -> Delivery:
    return Delivery(
        flow="parts", system="remote", kind="parts", model="pub_remote__parts", mode="upsert",
        gates=("part",), batch=batch, settle_seconds=5, partitioned=False, concurrent=concurrent,
    )  # fmt: skip


def _approve(_: Connection, days: Sequence[str]) -> Approved:
    return Approved(dict.fromkeys(days, "as it is"), basis="bench")


def _modelled(store: Store, stored: int) -> None:
    with store.transaction(Role.MODELER) as connection:
        connection.execute(_MODEL, {"stored": stored})
        connection.execute("create unique index on canonical.parts (object_key)")
        connection.execute("create index on canonical.parts (revision)")
        connection.execute("create view publish.pub_remote__parts as select * from canonical.parts")
    with store.session(Role.MODELER) as connection:
        connection.execute("vacuum analyze canonical.parts")


@contextmanager
def _receiver(latency_ms: float) -> Iterator[str]:
    running = subprocess.Popen(
        [sys.executable, "-m", "bench.receiver", str(latency_ms)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CHECKOUT, text=True,
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{int(running.stdout.readline())}"  # type: ignore[union-attr]
    finally:
        running.communicate("", timeout=10)
