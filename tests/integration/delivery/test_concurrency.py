"""Several processes land and deliver the same days at once: nothing is doubled, all is balanced."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import stamina

from accord.delivery.courier import Courier, Delivered
from accord.intake import take_in
from accord.records import Reading, Slice, Window
from accord.store.database import Role, Store
from systems.xero.client import connect
from systems.xero.emulator import Emulator
from tests.support import engine, xero
from tests.support.day_files import a_client, a_file, a_line
from tests.support.destinations import Clock, PoorLedger, numbered
from tests.support.engine import SALES

DAYS = [f"2011-01-{number:02}" for number in range(1, 13)]
AT_ONCE = 4


@pytest.fixture
def store(publishing: Store) -> Iterator[Store]:
    stamina.set_testing(True, attempts=5, cap=True)
    engine.publish(publishing, {})
    yield engine.emptied(publishing)
    stamina.set_testing(False)


def at_once(work: Callable[[int], None]) -> None:
    """Do the work several times at the same moment; fail when any of them does."""
    start, errors = threading.Barrier(AT_ONCE), list[Exception]()

    def one(number: int) -> None:
        start.wait(60)
        try:
            work(number)
        except Exception as error:  # noqa: BLE001 - told to the test below
            errors.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert errors == []


def test_the_same_files_taken_in_at_once_land_once(store: Store, tmp_path: Path) -> None:
    for day in DAYS:
        lines = (a_line(day, InvoiceNo=str(number)) for number in range(20))
        (tmp_path / f"{day}.csv").write_bytes(a_file(*lines, b"broken"))
    at_once(
        lambda number: (
            take_in(store, SALES, a_client(tmp_path), Window(), run_id=f"run-{number}"),
            None,
        )[1]
    )
    entries = engine.ledger(store)
    assert len(entries) == AT_ONCE * len(DAYS)
    for day in DAYS:
        of_day = [row for row in entries if row["partition_key"] == day]
        assert [(row["read"], row["rejected"]) for row in of_day] == [(21, 1)] * AT_ONCE
        assert sum(row["landed"] for row in of_day) == 20
    assert engine.rows(store, "select count(*) as n from landing.pos__sales_lines") == [{"n": 240}]
    assert len(engine.letters(store)) == len(DAYS)


def test_a_file_replaced_while_another_reads_the_old_one_ends_as_the_new_one(
    store: Store, tmp_path: Path
) -> None:
    """Whoever lands last has read last; an old reading never undoes a newer one."""
    day = DAYS[0]
    old, new = a_file(a_line(day)), a_file(a_line(day), a_line(day, InvoiceNo="2"))
    (tmp_path / f"{day}.csv").write_bytes(old)
    slow, others = a_client(tmp_path), a_client(tmp_path)
    read = slow.read

    class Slow:
        slices = slow.slices

        def read(self, stream: str, piece: Slice) -> Reading:
            reading = read(stream, piece)
            (tmp_path / f"{day}.csv").write_bytes(new)
            newer.start()
            newer.join(2)
            return reading

    newer = threading.Thread(
        target=take_in, args=(store, SALES, others, Window()), kwargs={"run_id": "newer"}
    )
    take_in(store, SALES, Slow(), Window(), run_id="older")
    newer.join(30)
    with store.session(Role.LANDER) as connection:
        live = connection.execute(
            "select count(*) from (select distinct on (source_key) payload"
            " from landing.pos__sales_lines order by source_key, version desc) as newest"
            " where payload is not null"
        ).fetchone()
    assert live == (2,)


def delivered_at_once(store: Store, couriers: list[Courier]) -> Counter[str]:
    """Let all couriers deliver every day at once; count what they all came to."""
    found: list[Delivered] = []
    at_once(lambda place: found.append(couriers[place].deliver(DAYS, engine.approve_all)))
    total: Counter[str] = Counter()
    for delivered in found:
        assert delivered.trouble is None
        for counts in delivered.counts.values():
            total += counts
    return total


def test_several_couriers_deliver_each_object_once(store: Store) -> None:
    engine.publish(store, numbered(DAYS, lambda day: day))
    clock = Clock()
    there = PoorLedger(clock, ["loses its answer", "commits late"])
    couriers = [
        Courier(store, engine.an_outbox(batch=5), there, clock=clock, sleep=clock.sleep)
        for _ in range(AT_ONCE)
    ]
    total = delivered_at_once(store, couriers)
    assert total == {
        "due": AT_ONCE * len(DAYS),
        "delivered": len(DAYS),
        "unchanged": (AT_ONCE - 1) * len(DAYS),
    }
    assert Counter(there.sent) == {f"POS-{day}": 1 for day in DAYS}


def test_several_couriers_create_each_document_once_in_xero(store: Store, tmp_path: Path) -> None:
    engine.publish(store, {day: xero.content(day) for day in DAYS})
    with xero.emulator(tmp_path) as emulator:
        clients = [connect(xero.connection(emulator.url)) for _ in range(AT_ONCE)]
        delivered_at_once(store, [Courier(store, engine.an_outbox(), client) for client in clients])
        for client in clients:
            client.close()
        assert created(emulator) == {f"POS-{day}": 1 for day in DAYS}


def created(emulator: Emulator) -> Counter[str]:
    """How often each number was created."""
    return Counter(it.number for it in emulator.journal() if it.effect == "created")
