"""Every stream: read alike twice, keyed uniquely, inside the window, and landed without a loss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from accord.catalog import Stream
from accord.connector import Client, Follows, Source
from accord.errors import Stop
from accord.intake import take_in
from accord.records import Window
from accord.store.database import Role, Store, prepared
from accord.store.server import parsed
from tests.support import conformance
from tests.support.conformance import STREAMS, SYSTEMS, named
from tests.support.engine import SEALING

every_stream = pytest.mark.parametrize("stream", STREAMS, ids=named)
every_dated_stream = pytest.mark.parametrize(
    "stream", [stream for stream in STREAMS if stream.partitioned], ids=named
)

every_paged_stream = pytest.mark.parametrize(
    "stream",
    [s for s in STREAMS if "page_records" in SYSTEMS[s.name.system].settings["limits"]],
    ids=named,
)


@pytest.fixture
def client(stream: Stream, tmp_path: Path) -> Iterator[Client]:
    with conformance.stocked(SYSTEMS[stream.name.system], tmp_path) as stocked:
        yield stocked


@pytest.fixture(scope="module")
def store(database: str) -> Store:
    return prepared(parsed(database), STREAMS, SEALING)


@every_stream
def test_reading_twice_gives_the_same(stream: Stream, client: Client) -> None:
    first = conformance.read(client, stream)
    assert first.records
    assert conformance.read(client, stream).everything == first.everything


@every_paged_stream
@pytest.mark.parametrize("size", [1, 2])
def test_the_size_of_a_page_changes_nothing(stream: Stream, size: int, tmp_path: Path) -> None:
    system = SYSTEMS[stream.name.system]
    with conformance.company(system, tmp_path) as company:
        usual = conformance.read(company.client(system.name), stream).everything
        connection = company.connection(system.name)
        limits = {**system.settings["limits"], "page_records": size}
        client = system.connect(replace(connection, settings={**system.settings, "limits": limits}))
        assert conformance.read(client, stream).everything == usual
        client.close()


@every_stream
def test_a_piece_keeps_its_signature_until_it_changes(stream: Stream, client: Client) -> None:
    assert isinstance(client, Source)
    first, second = (list(client.slices(stream.name.stream, Window())) for _ in range(2))
    assert first == second
    assert len({piece.name for piece in first}) == len(first)


@every_stream
def test_a_key_is_unique_within_its_partition(stream: Stream, client: Client) -> None:
    read = conformance.read(client, stream)
    keys = Counter((record.partition, record.key) for record in read.records)
    assert [key for key, count in keys.items() if count > 1] == []
    assert all(key for _, key in keys)


@every_stream
def test_a_rejected_record_says_why_and_what_to_do(stream: Stream, client: Client) -> None:
    for rejected in conformance.read(client, stream).rejected:
        assert all((rejected.key, rejected.cause, rejected.detail, rejected.remedy))


@every_stream
def test_a_record_is_in_a_partition_its_reading_covers(stream: Stream, client: Client) -> None:
    read = conformance.read(client, stream)
    assert {item[0] for item in read.everything} <= set(read.partitions)
    for partition in read.partitions:
        assert date.fromisoformat(partition) if stream.partitioned else partition == ""


@every_dated_stream
def test_nothing_outside_the_window_is_read(stream: Stream, client: Client) -> None:
    days = sorted({record.partition for record in conformance.read(client, stream).records})
    assert len(days) > 1, "the sandbox needs two days at least"
    for day in (days[0], days[-1]):
        wanted = Window(date.fromisoformat(day), date.fromisoformat(day))
        read = conformance.read(client, stream, wanted)
        assert {record.partition for record in read.records} == {day}
        assert {item.partition for item in read.rejected} <= {day}
    before = Window(last=date(1999, 12, 31))
    assert conformance.read(client, stream, before).everything == []


@every_stream
def test_a_stream_the_system_does_not_have_is_refused(stream: Stream, client: Client) -> None:
    assert isinstance(client, Source)
    with pytest.raises(Stop):
        list(client.slices("no_such_stream", Window()))


@every_stream
def test_everything_read_lands_balanced_and_reading_again_lands_nothing(
    stream: Stream, client: Client, store: Store
) -> None:
    read = conformance.read(client, stream)
    assert isinstance(client, Source)
    first = take_in(store, stream, client, Window(), run_id="first").counts
    assert first.landed.total() == len(read.records)
    assert first.rejected.total() == len(read.rejected)
    assert ledger(store, stream, "first") == (len(read.everything), len(read.records))
    assert payloads(store, stream) == sorted(record.payload for record in read.records)
    again = take_in(store, stream, client, Window(), run_id="again").counts
    if not isinstance(client, Follows):  # whoever follows reads only what changed at the end
        assert (again.read.total(), again.unchanged.total()) == (
            first.read.total(), first.landed.total(),
        )  # fmt: skip
    assert (again.landed.total(), again.removed.total()) == (0, 0)


def ledger(store: Store, stream: Stream, run_id: str) -> tuple[int, int]:
    """Records read and landed as the ledger has them."""
    with store.session(Role.READER) as connection:
        row = connection.execute(
            "select sum(read)::int, sum(landed)::int from ops.ledger "
            "where name = %s and run_id = %s",
            (str(stream.name), run_id),
        ).fetchone()
    assert row is not None
    return row[0], row[1]


def payloads(store: Store, stream: Stream) -> list[bytes]:
    """Every landed payload."""
    with store.session(Role.LANDER) as connection:
        rows = connection.execute(f"select payload from landing.{stream.name.table}").fetchall()
    return sorted(row[0] for row in rows)
