"""Intake: the pieces of a stream, each landed on its own."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from string import ascii_letters

import pytest

from accord.errors import Retry
from accord.intake import news, rehearse, take_in
from accord.records import Page, Reading, Record, Slice, Window
from accord.store.database import Role, Store, first_day
from tests.support import engine
from tests.support.day_files import a_client, a_file, a_line
from tests.support.engine import SALES

DAYS = ("2011-01-03", "2011-01-04", "2011-01-05")


def deliver(folder: Path, *days: str) -> None:
    for day in days:
        (folder / f"{day}.csv").write_bytes(a_file(a_line(day), b"broken"))


def take(store: Store, folder: Path, window: Window | None = None, run_id: str = "run") -> None:
    take_in(store, SALES, a_client(folder), window or Window(), run_id=run_id)


def test_only_the_window_is_taken_in_and_the_first_day_is_noted(
    store: Store, tmp_path: Path
) -> None:
    deliver(tmp_path, *DAYS)
    take(store, tmp_path, Window(date(2011, 1, 4), date(2011, 1, 4)))
    with store.session(Role.READER) as connection:
        assert first_day(connection) == date(2011, 1, 4)
    assert [row["partition_key"] for row in engine.ledger(store)] == ["2011-01-04"]
    take(store, tmp_path)
    with store.session(Role.READER) as connection:
        assert first_day(connection) == date(2011, 1, 3)


def test_an_export_may_have_some_hundred_columns_more(store: Store, tmp_path: Path) -> None:
    draw = random.Random(1)  # noqa: S311
    more = ["".join(draw.choices(ascii_letters, k=24)) for _ in range(400)]
    (tmp_path / f"{DAYS[0]}.csv").write_bytes(a_file(a_line(DAYS[0])))
    for day in DAYS[1:]:
        header, line = a_file(a_line(day)).splitlines()
        wide = b",".join([header, *(name.encode() for name in more)])
        (tmp_path / f"{day}.csv").write_bytes(wide + b"\n" + line + b",x" * len(more) + b"\n")
    take(store, tmp_path)
    shapes = engine.rows(store, "select shape_id, shape from landing.shapes order by shape_id")
    assert [row["shape"].count(",") for row in shapes][-1] - shapes[0]["shape"].count(",") == 400
    landed = engine.rows(store, "select partition_key, shape_id from landing.pos__sales_lines")
    ids = {row["partition_key"]: row["shape_id"] for row in landed}
    assert ids[DAYS[1]] == ids[DAYS[2]] != ids[DAYS[0]]


def test_a_rehearsal_tells_what_would_land_and_changes_nothing(
    store: Store, tmp_path: Path
) -> None:
    deliver(tmp_path, DAYS[0])
    take(store, tmp_path)
    (tmp_path / f"{DAYS[0]}.csv").write_bytes(a_file(a_line(DAYS[0], InvoiceNo="2")))
    deliver(tmp_path, DAYS[1])
    before = engine.everything_stored(store)
    told = rehearse(store, SALES, a_client(tmp_path), Window(), run_id="dry-run")
    assert engine.everything_stored(store) == before
    assert (told.counts.landed, told.counts.removed) == (
        {DAYS[0]: 1, DAYS[1]: 1}, {DAYS[0]: 1},
    )  # fmt: skip
    assert told.changed == {DAYS[0], DAYS[1]}


def test_news_are_the_pieces_that_may_hold_something_new(store: Store, tmp_path: Path) -> None:
    deliver(tmp_path, *DAYS[:2])
    take(store, tmp_path)
    client = a_client(tmp_path)
    with store.session(Role.READER) as connection:
        assert news(connection, SALES, client.slices("sales_lines", Window())) == []
    (tmp_path / f"{DAYS[0]}.csv").write_bytes(a_file(a_line(DAYS[0]), a_line(DAYS[0])))
    deliver(tmp_path, DAYS[2])
    with store.session(Role.READER) as connection:
        found = news(connection, SALES, client.slices("sales_lines", Window()))
    assert [piece.partition for piece in found] == [DAYS[0], DAYS[2]]


def test_a_touched_file_is_no_news_once_it_was_read_again(store: Store, tmp_path: Path) -> None:
    """Only its time differs, so nothing lands, and it is not read for ever."""
    deliver(tmp_path, DAYS[0])
    take(store, tmp_path)
    file = tmp_path / f"{DAYS[0]}.csv"
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content)
    take(store, tmp_path, run_id="again")
    (entry,) = engine.ledger(store, "again")
    assert (entry["read"], entry["landed"], entry["unchanged"], entry["rejected"]) == (2, 0, 1, 1)
    with store.session(Role.READER) as connection:
        assert news(connection, SALES, a_client(tmp_path).slices("sales_lines", Window())) == []


class Failing:
    """A source whose second piece breaks off in the middle of a page."""

    def slices(self, stream: str, window: Window) -> Iterable[Slice]:
        return [Slice(day, day, "1") for day in DAYS]

    def read(self, stream: str, piece: Slice) -> Reading:
        def pages() -> Iterable[Page]:
            yield Page([Record("a", b"1", piece.partition)])
            if piece.partition == DAYS[1]:
                raise Retry("The source broke off", remedy="run again")

        return Reading("", (piece.partition,), iter(pages()))


def test_a_piece_that_breaks_off_leaves_the_earlier_ones_landed_and_nothing_of_itself(
    store: Store,
) -> None:
    with pytest.raises(Retry):
        take_in(store, SALES, Failing(), Window(), run_id="run")
    assert [row["partition_key"] for row in engine.ledger(store)] == [DAYS[0]]
    found = engine.rows(store, "select partition_key from landing.pos__sales_lines")
    assert found == [{"partition_key": DAYS[0]}]
    assert engine.rows(store, "select piece from ops.cursors") == [{"piece": DAYS[0]}]
