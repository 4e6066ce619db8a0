"""Promise 1, conservation: every record read is accounted for, per flow, run and partition.

The counters are not believed: each is recomputed from the rows it is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord.errors import Retry, Unbalanced
from accord.intake import take_in
from accord.records import Page, Reading, Record, Slice, Window
from accord.store import dead_letters
from accord.store.database import Role, Store
from accord.store.landing import Lander
from tests.support import engine, exports
from tests.support.day_files import DAY, a_client, a_file, a_line
from tests.support.engine import SALES, Crashed, FragileStore, Fuse
from tests.support.exports import Export

COUNTS = ("read", "landed", "unchanged", "rejected", "removed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield tmp_path_factory.mktemp("tills")


def deliver(folder: Path, content: bytes, *, day: str = DAY) -> None:
    """Put a day file in place of the one that was there."""
    (folder / f"{day}.csv").write_bytes(content)


def take(store: Store, folder: Path, *, run_id: str = "") -> str:
    """Take in what the folder holds; return the run."""
    run_id = run_id or f"run-{uuid4()}"
    take_in(store, SALES, a_client(folder), Window(), run_id=run_id)
    return run_id


def newest(store: Store, day: str = DAY) -> dict[str, dict[str, Any]]:
    """The newest version of each record of a day."""
    found = engine.rows(
        store,
        "select distinct on (source_key) * from landing.pos__sales_lines"
        " where partition_key = %(day)s order by source_key, version desc",
        {"day": day},
    )
    return {row["source_key"]: row for row in found}


def recounted(store: Store, run_id: str, read: int, before: dict[str, Any]) -> dict[str, int]:
    """What a run came to, counted in the rows of one day themselves."""
    versions = engine.rows(
        store, "select * from landing.pos__sales_lines where run_id = %(run)s", {"run": run_id}
    )
    landed = {row["source_key"] for row in versions if row["payload"] is not None}
    rejected = [row for row in engine.letters(store) if row["last_run_id"] == run_id]
    return {
        "read": read,
        "landed": len(landed),
        "rejected": len(rejected),
        "removed": sum(row["payload"] is None for row in versions),
        "unchanged": read - len(landed) - len(rejected),
    }


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=exports.histories())
def test_whatever_a_file_holds_is_landed_or_unchanged_or_rejected_and_nothing_else(
    installed: Store, folder: Path, history: list[Export]
) -> None:
    store, last = engine.emptied(installed), b""
    for export in history:
        before = newest(store)
        deliver(folder, export.content)
        run_id = take(store, folder)
        (entry,) = engine.ledger(store, run_id)
        assert entry["read"] == len(export.good) + export.broken.total()
        assert entry["rejected"] == export.broken.total()
        if export.content == last:
            assert (entry["landed"], entry["removed"]) == (0, 0)
            assert newest(store) == before
            continue
        found = recounted(store, run_id, entry["read"], before)
        assert {name: entry[name] for name in COUNTS} == found
        holds_what_the_file_holds(store, run_id, export, before)
        last = export.content


def holds_what_the_file_holds(
    store: Store, run_id: str, export: Export, before: dict[str, Any]
) -> None:
    """Landing has the file's good lines, the dead letters exactly its broken ones."""
    now = newest(store)
    live = Counter(bytes(row["payload"]) for row in now.values() if row["payload"] is not None)
    assert not Counter(export.good) - live
    if export.is_complete:
        assert live == Counter(export.good)
        untouched = [key for key, row in now.items() if row == before.get(key)]
        assert all(before[key]["version"] == now[key]["version"] for key in untouched)
    letters = engine.letters(store)
    told = Counter(
        (bytes(row["payload"]), row["cause"]) for row in letters if row["last_run_id"] == run_id
    )
    assert told == export.broken
    assert all(row["detail"] and row["remedy"] for row in letters)
    if export.is_complete:
        assert len(letters) == export.broken.total()


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(days=st.lists(exports.exports(), min_size=2, max_size=3))
def test_each_day_of_a_run_is_accounted_for_on_its_own(
    installed: Store, tmp_path_factory: pytest.TempPathFactory, days: list[Export]
) -> None:
    store, folder = engine.emptied(installed), tmp_path_factory.mktemp("days")
    for number, export in enumerate(days, start=1):
        day = f"2011-01-0{number}"
        deliver(folder, export.content.replace(DAY.encode(), day.encode()), day=day)
    run_id = take(store, folder)
    entries = {row["partition_key"]: row for row in engine.ledger(store, run_id)}
    for number, export in enumerate(days, start=1):
        entry = entries[f"2011-01-0{number}"]
        assert (entry["landed"], entry["rejected"]) == (len(export.good), export.broken.total())
        assert len(newest(store, f"2011-01-0{number}")) == entry["landed"]


def test_a_crash_at_any_statement_of_a_landing_leaves_nothing_of_it(
    store: Store, folder: Path
) -> None:
    deliver(folder, a_file(a_line(), a_line(InvoiceNo="2"), b"broken"))
    take(store, folder)
    deliver(folder, a_file(a_line(Quantity="3"), a_line(InvoiceNo="4"), b"torn", b"broken"))
    before = engine.everything_stored(store)
    fuses: list[Fuse] = []
    while not fuses or fuses[-1].blown:
        fuses.append(Fuse(len(fuses) + 1))
        try:
            take_in(
                FragileStore(store.address, fuses[-1]), SALES, a_client(folder), Window(),
                run_id="crashed",
            )  # fmt: skip
        except Crashed as crash:
            if str(crash) != "after a commit":
                assert engine.everything_stored(store) == before
    assert len(fuses) > 20
    (entry,) = [row for row in engine.ledger(store, "crashed") if row["landed"]]
    assert [entry[name] for name in COUNTS] == [4, 2, 0, 2, 1]


def test_a_run_that_ends_while_it_reads_keeps_nothing_of_what_it_read(
    store: Store, folder: Path
) -> None:
    deliver(folder, a_file(a_line(), a_line(InvoiceNo="2")))
    before, asked = engine.everything_stored(store), []

    def is_over() -> bool:
        asked.append(True)
        return True

    with pytest.raises(Retry, match="The run ended while it read"):
        take_in(store, SALES, a_client(folder), Window(), run_id="ended", is_over=is_over)
    assert asked
    assert engine.everything_stored(store) == before
    take(store, folder)
    assert len(newest(store)) == 2


def test_a_file_that_is_mended_settles_its_dead_letters(store: Store, folder: Path) -> None:
    deliver(folder, a_file(a_line(), b"broken", b"worse"))
    take(store, folder)
    assert len(engine.letters(store)) == 2
    deliver(folder, a_file(a_line(), a_line(InvoiceNo="2"), b"worse"))
    take(store, folder)
    (left,) = engine.letters(store)
    assert bytes(left["payload"]) == b"worse"
    deliver(folder, a_file(a_line(), a_line(InvoiceNo="2"), a_line(InvoiceNo="3")))
    take(store, folder)
    assert engine.letters(store) == []
    kept = engine.rows(store, "select state, settled_at is not null as at from ops.dead_letters")
    assert kept == [{"state": "resolved", "at": True}] * 2


def test_a_file_mended_between_two_attempts_of_one_run_settles_its_dead_letters(
    store: Store, folder: Path
) -> None:
    """An attempt that failed later on is repeated by the same run, under the same id."""
    deliver(folder, a_file(a_line(), b"broken"))
    take(store, folder, run_id="one run")
    deliver(folder, a_file(a_line(), a_line(InvoiceNo="2")))
    take(store, folder, run_id="one run")
    assert engine.letters(store) == []


def test_a_record_rejected_again_stays_one_dead_letter_first_seen_when_it_was(
    store: Store, folder: Path
) -> None:
    deliver(folder, a_file(a_line(), b"broken"))
    first = take(store, folder)
    deliver(folder, a_file(a_line(Quantity="9"), b"broken"))
    second = take(store, folder)
    (letter,) = engine.letters(store)
    assert (letter["first_run_id"], letter["last_run_id"]) == (first, second)


def test_equal_broken_lines_are_dead_letters_each(store: Store, folder: Path) -> None:
    deliver(folder, a_file(a_line(), b"broken", b"broken", b"broken"))
    take(store, folder)
    assert len(engine.letters(store)) == 3


@pytest.mark.parametrize("landed_before", [False, True])
def test_a_source_that_gives_a_key_twice_is_found_out_and_nothing_lands(
    store: Store, *, landed_before: bool
) -> None:
    """Two records under one key: one would hide the other, though every count balances."""
    if landed_before:
        land(store, Record("b", b"1", DAY))
    before = newest(store)
    with pytest.raises(Unbalanced, match=r"under one key.*Remedy: .*client\.py"):
        land(store, Record("a", b"2", DAY), Record("a", b"3", DAY))
    assert newest(store) == before


def land(store: Store, *records: Record) -> None:
    """Land these records as one reading."""
    reading = Reading("", (DAY,), iter([Page(records)]))
    with store.transaction(Role.LANDER) as connection:
        Lander(connection, SALES, f"run-{uuid4()}").land(Slice(DAY, DAY, ""), reading)


@pytest.mark.parametrize(
    ("stage", "counts"),
    [
        ("landing", {"read": 3, "landed": 1, "unchanged": 1}),
        ("landing", {"read": 1, "landed": 1, "rejected": 1}),
        ("gate", {"checked": 2, "passed": 1}),
        ("delivery", {"due": 1}),
        ("delivery", {"due": 1, "delivered": 1, "unknown": 1}),
    ],
)
def test_the_database_refuses_an_entry_that_does_not_balance(
    store: Store, stage: str, counts: dict[str, int]
) -> None:
    columns = ", ".join(counts)
    statement = (
        f"insert into ops.ledger (stage, name, partition_key, run_id, {columns})"
        f" values ('{stage}', 'a flow', '{DAY}', 'run', {', '.join(map(str, counts.values()))})"
    )
    with pytest.raises(psycopg.errors.CheckViolation), store.transaction(Role.LANDER) as connection:
        connection.execute(psycopg.sql.SQL(statement))


def test_dead_letters_are_listed_without_their_payload(store: Store, folder: Path) -> None:
    deliver(folder, a_file(a_line(), a_line(CustomerID="30077.0", Quantity="none")))
    take(store, folder)
    with store.session(Role.READER) as connection:
        (letter,) = dead_letters.waiting(connection)
    assert (letter.stage, letter.name, letter.cause) == (
        "landing", "pos.sales_lines", "not_an_integer",
    )  # fmt: skip
    assert "30077" not in str(letter)
