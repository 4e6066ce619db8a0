"""Following: a stream without days is read from where it was last followed to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from accord.catalog import Stream
from accord.errors import Stop, Unbalanced
from accord.intake import Taken, take_in
from accord.names import StreamName
from accord.records import Health, Page, Reading, Record, Rejected, Slice, Window
from accord.store import following
from accord.store.database import Role, Store, prepared
from accord.store.server import parsed
from tests.support import engine

MEMBERS = Stream(
    StreamName("club", "members"),
    Path("nowhere"),
    partitioned=False,
    read_back=False,
    title="Members",
)


@dataclass
class Club:
    """A source with a log of changes: key to text, None where the member has left."""

    log: list[tuple[str, str | None]] = field(default_factory=list)
    forgets: bool = False
    whole: int = 0
    followed: int = 0

    def health(self) -> Sequence[Health]:
        return []

    def close(self) -> None: ...

    def slices(self, stream: str, window: Window) -> Sequence[Slice]:
        return [Slice(stream, "", str(len(self.log)))]

    def read(self, stream: str, piece: Slice) -> Reading:
        self.whole += 1
        return self._reading(dict(self.log), complete=True)

    def changes(self, stream: str, since: str) -> Reading:
        if self.forgets:
            raise Stop("The club forgot", remedy="read it whole")
        self.followed += 1
        return self._reading(dict(self.log[int(since) :]), complete=False)

    def _reading(self, state: Mapping[str, str | None], *, complete: bool) -> Reading:
        def pages() -> Iterator[Page]:
            here = {key: text for key, text in state.items() if text is not None}
            yield Page(
                [Record(k, t.encode(), "") for k, t in here.items() if not t.startswith("bad")],
                [a_rejection(k, t) for k, t in here.items() if t.startswith("bad")],
                [] if complete else [key for key, text in state.items() if text is None],
            )
            reading.position = str(len(self.log))

        reading = Reading(digest="", partitions=[""], pages=pages(), complete=complete)
        return reading


def left_to_do(store: Store) -> str:
    """What is a reason to run, as the flow's sensor sees it."""
    end = following.End("club", "here", "members")
    with store.session(Role.READER) as connection:
        return following.left_to_do(
            connection, streams=[], target="golden", table="customers", ends=[end]
        )


_HELD_AS_GONE = """
    insert into ops.outbox
        (flow, system, endpoint, kind, object_key, partition_key, content, digest, data_version,
         basis, run_id, target_id, state, cause)
    values
        ('club', 'club', 'here', 'members', 'A', '', '{}', 'as it is', '', '', 'run', 'a', 'held',
         'gone')
    returning write_id
"""


def a_rejection(key: str, text: str) -> Rejected:
    return Rejected(key, text.encode(), "", "bad_member", "it is bad", "make it good")


@pytest.fixture
def store(database: str) -> Store:
    store = prepared(parsed(database), [MEMBERS], engine.SEALING)
    return engine.emptied(store)


def take(store: Store, club: Club, stream: Stream = MEMBERS) -> Taken:
    return take_in(store, stream, club, Window(), run_id="run")


def versions(store: Store) -> list[tuple[str, str | None]]:
    rows = engine.rows(
        store,
        "select source_key, convert_from(payload, 'UTF8') as text"
        " from landing.club__members order by version",
    )
    return [(row["source_key"], row["text"]) for row in rows]


def test_the_first_reading_is_whole_and_the_next_only_of_what_changed(store: Store) -> None:
    club = Club([("a", "1"), ("b", "1")])
    take(store, club)
    club.log += [("b", "2"), ("c", "1")]
    taken = take(store, club)
    assert (club.whole, club.followed) == (1, 1)
    assert (taken.counts.read[""], taken.counts.landed[""]) == (2, 2)
    assert versions(store) == [("a", "1"), ("b", "1"), ("b", "2"), ("c", "1")]


def test_what_the_source_says_is_gone_gets_one_tombstone(store: Store) -> None:
    club = Club([("a", "1"), ("b", "1")])
    take(store, club)
    club.log += [("a", None), ("never", None)]
    assert take(store, club).counts.removed[""] == 1
    assert take(store, club).counts.removed[""] == 0
    assert versions(store)[-1] == ("a", None)


def test_a_source_that_forgot_its_changes_is_read_whole(store: Store) -> None:
    club = Club([("a", "1"), ("b", "1")])
    take(store, club)
    club.log += [("a", None)]
    club.forgets = True
    assert take(store, club).counts.removed[""] == 1
    assert (club.whole, club.followed) == (2, 0)


def test_a_stream_is_read_whole_again_when_its_time_has_come(store: Store) -> None:
    club = Club([("a", "1")])
    take(store, club)
    take(store, club, replace(MEMBERS, whole_every_hours=0))
    assert (club.whole, club.followed) == (2, 0)


def test_a_stream_is_read_whole_once_when_following_does_not_tell_that_an_object_is_gone(
    store: Store,
) -> None:
    club = Club([("a", "1")])
    take(store, club)
    engine.rows(store, _HELD_AS_GONE)
    [write] = engine.rows(store, "select write_id::text as id from ops.outbox")
    told = []
    for whole, followed in ((1, 1), (2, 1), (2, 2)):
        told.append(left_to_do(store))
        take(store, club)
        assert (club.whole, club.followed) == (whole, followed)
    assert told == [f"vanished {write['id']}", f"vanished {write['id']} followed", ""]


def test_a_record_that_comes_again_mended_settles_its_dead_letter_and_no_other(
    store: Store,
) -> None:
    club = Club([("a", "bad"), ("b", "bad"), ("c", "1")])
    take(store, club)
    club.log += [("a", "good")]
    take(store, club)
    assert [letter["record_key"] for letter in engine.letters(store)] == ["b"]


def test_a_record_that_comes_again_and_is_bad_in_another_way_has_one_letter(store: Store) -> None:
    club = Club([("a", "bad"), ("b", "bad"), ("c", "1")])
    take(store, club)
    club.log += [("a", "bad again")]
    take(store, club)
    take(store, club)
    told = engine.rows(
        store, "select record_key, state from ops.dead_letters order by dead_letter_id"
    )
    assert [(row["record_key"], row["state"]) for row in told] == [
        ("a", "resolved"), ("b", "waiting"), ("a", "waiting"),
    ]  # fmt: skip


def test_a_record_that_is_there_and_gone_at_once_is_refused(store: Store) -> None:
    club = Club([("a", "1")])
    take(store, club)

    class Confused(Club):
        def changes(self, stream: str, since: str) -> Reading:
            pages = iter([Page([Record("a", b"2", "")], removed=["a"])])
            return Reading("", [""], pages, complete=False, position="2")

    with pytest.raises(Unbalanced):
        take(store, Confused([("a", "1"), ("a", "2")]))
    assert versions(store) == [("a", "1")]
