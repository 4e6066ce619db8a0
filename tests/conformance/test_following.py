"""Every stream that can be followed: what is told of its changes comes to what is read whole.

Its emulator has `add(stream)`, which returns the new record's key, `edit(stream, key)` and
`erase(stream, key)`: what somebody who works in the system does there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from accord.catalog import Stream
from accord.connector import Client, Follows, Source
from accord.emulation.faults import Fault
from accord.errors import AccordError, Stop
from accord.records import Reading, Window
from tests.support import conformance
from tests.support.conformance import STREAMS, SYSTEMS, Read, named

FOLLOWED = [
    stream
    for stream in STREAMS
    if not stream.partitioned and conformance.capable(SYSTEMS[stream.name.system], Follows)
]
every_followed_stream = pytest.mark.parametrize("stream", FOLLOWED, ids=named)


@dataclass(slots=True)
class Follower:
    """What somebody knows of a stream who reads it whole once and follows it from then on."""

    stream: Stream
    client: Any
    known: dict[str, bytes] = field(default_factory=dict)
    position: str = ""

    def whole(self) -> Read:
        """Read the stream whole and know that."""
        name = self.stream.name.stream
        [piece] = self.client.slices(name, Window())
        read = self._taken(self.client.read(name, piece), complete=True)
        self.known = contents(read)
        return read

    def follow(self) -> Read:
        """Read what has changed since, and know that too."""
        read = self._taken(
            self.client.changes(self.stream.name.stream, self.position), complete=False
        )
        self.known.update(contents(read))
        for key in read.removed:
            self.known.pop(key, None)
        return read

    def _taken(self, reading: Reading, *, complete: bool) -> Read:
        read = conformance.taken(reading)
        assert reading.complete == complete
        assert reading.position
        self.position = reading.position
        return read


def contents(read: Read) -> dict[str, bytes]:
    """Payload by key, of records and rejected ones; fails when a key is there twice."""
    found = {key: payload for _, key, payload in read.everything}
    assert len(found) == len(read.everything), "a reading names each record once"
    assert not set(found) & set(read.removed), "what is removed has no content"
    return found


@pytest.fixture
def there(stream: Stream, tmp_path: Path) -> Iterator[tuple[Any, Client]]:
    with conformance.emulated(SYSTEMS[stream.name.system], tmp_path) as emulated:
        yield emulated


@every_followed_stream
def test_whoever_follows_knows_what_a_whole_reading_gives(
    stream: Stream, there: tuple[Any, Client]
) -> None:
    (emulator, client), name = there, stream.name.stream
    follower, reader = Follower(stream, client), Follower(stream, client)
    follower.whole()
    first, second, *_ = sorted(follower.known)
    added = emulator.add(name)
    emulator.edit(name, first)
    emulator.erase(name, second)
    told = follower.follow()
    assert {added, first} <= set(contents(told))
    assert second in told.removed
    reader.whole()
    assert follower.known == reader.known
    emulator.edit(name, added)
    emulator.erase(name, first)
    follower.follow()
    reader.whole()
    assert follower.known == reader.known


@every_followed_stream
def test_where_nothing_happened_nothing_new_is_told(
    stream: Stream, there: tuple[Any, Client]
) -> None:
    emulator, client = there
    follower = Follower(stream, client)
    follower.whole()
    emulator.erase(stream.name.stream, min(follower.known))
    follower.follow()
    for _ in range(2):
        before = dict(follower.known)
        follower.follow()
        assert follower.known == before


@every_followed_stream
def test_a_position_may_be_followed_from_again(stream: Stream, there: tuple[Any, Client]) -> None:
    emulator, client = there
    follower = Follower(stream, client)
    follower.whole()
    crashed = replace(follower, known=dict(follower.known))
    emulator.edit(stream.name.stream, max(follower.known))
    follower.follow()
    emulator.add(stream.name.stream)
    follower.follow()
    crashed.follow()
    assert crashed.known == follower.known


@every_followed_stream
def test_the_size_of_a_page_changes_nothing_for_a_follower(stream: Stream, tmp_path: Path) -> None:
    system = SYSTEMS[stream.name.system]
    if "page_records" not in system.settings["limits"]:
        pytest.skip("the system decides itself how much it gives at once")
    limits = {**system.settings["limits"], "page_records": 1}
    small = replace(system, settings={**system.settings, "limits": limits})
    with conformance.emulated(small, tmp_path) as (emulator, client):
        follower, reader = Follower(stream, client), Follower(stream, client)
        follower.whole()
        first, second, third, *_ = sorted(follower.known)
        for key in (third, first):
            emulator.edit(stream.name.stream, key)
        emulator.erase(stream.name.stream, second)
        follower.follow()
        reader.whole()
    assert follower.known == reader.known


@every_followed_stream
def test_a_fault_while_following_loses_no_change(stream: Stream, there: tuple[Any, Client]) -> None:
    emulator, client = there
    if not hasattr(emulator, "faults"):
        pytest.skip("its emulator has no faults")
    follower, reader = Follower(stream, client), Follower(stream, client)
    follower.whole()
    first, second, *_ = sorted(follower.known)
    emulator.edit(stream.name.stream, first)
    emulator.erase(stream.name.stream, second)
    emulator.faults.add(Fault("status_before", method="GET", times=9))
    with pytest.raises(AccordError):
        follower.follow()
    emulator.faults.add(Fault("cut_body", method="GET"))
    for _ in range(9):
        try:
            follower.follow()
            break
        except AccordError:
            continue
    reader.whole()
    assert follower.known == reader.known


@every_followed_stream
def test_a_position_nobody_gave_is_refused_so_that_the_stream_is_read_whole(
    stream: Stream, there: tuple[Any, Client]
) -> None:
    _, client = there
    assert isinstance(client, Source)
    assert isinstance(client, Follows)
    with pytest.raises(Stop):
        conformance.taken(client.changes(stream.name.stream, "no such position"))
    with pytest.raises(Stop):
        conformance.taken(client.changes("no_such_stream", ""))
