"""Intake: reading the pieces of a stream inside a window, each landed in its own transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from accord.abreast import never
from accord.catalog import Stream
from accord.connector import Follows, Source
from accord.errors import Retry, Stop, Unbalanced
from accord.records import Page, Reading, Slice, Window
from accord.store import statistics
from accord.store.database import Connection, Role, Store
from accord.store.landing import Landed, Lander, note_first_day
from accord.store.queries import queries

MANY = 10_000
"""Landed records after which the planner's statistics are made anew."""


@dataclass(slots=True)
class Taken:
    """What an intake came to: counts per partition, and which partitions have other content now.

    `arrived` are the partitions there was something for, even if it held no record.
    """

    counts: Landed = field(default_factory=Landed)
    arrived: set[str] = field(default_factory=set)
    pieces: int = 0

    @property
    def changed(self) -> set[str]:
        """The partitions whose landed content is not what it was."""
        return self.counts.changed()

    def add(self, landed: Landed) -> None:
        """Add one piece's counts."""
        self.pieces += 1
        for name in ("read", "landed", "unchanged", "rejected", "removed"):
            getattr(self.counts, name).update(getattr(landed, name))


def take_in(
    store: Store,
    stream: Stream,
    source: Source,
    window: Window,
    *,
    run_id: str,
    is_over: Callable[[], bool] = never,
) -> Taken:
    """Read every piece of `stream` inside `window` and land it.

    A stream without days whose source can follow it is read from where it was last followed to; it
    is read whole the first time, after `whole_every_hours`, and when its changes are forgotten.
    A piece that cannot be read stops the intake after the earlier ones have landed; its error
    (Retry or Stop) goes to the caller and nothing of it is stored. So it does, with Retry, as soon
    as `is_over` says that the run has ended.
    """
    taken = Taken()
    with store.session(Role.LANDER) as connection:
        # A commit lost in a power cut takes its cursor along, so the piece is just read again.
        connection.execute("set synchronous_commit = off")
        for piece in source.slices(stream.name.stream, window):
            lander = Lander(connection, stream, run_id)
            if _followed(lander, source, piece, taken, is_over):
                continue
            with connection.transaction():
                lander.take_turn()  # so that whoever lands last has also read last
                reading = _until(is_over, source.read(stream.name.stream, piece))
                taken.arrived.update(reading.partitions)
                taken.add(lander.land(piece, reading))
                if days := [day for day in reading.partitions if day]:
                    note_first_day(connection, date.fromisoformat(min(days)))
        if taken.counts.landed.total() > MANY:
            # Landing is asked for by its keys alone, of which a smaller sample tells enough.
            connection.execute("set default_statistics_target = 25")
            statistics.refresh(connection, [("landing", stream.name.table)])
    return taken


def _followed(
    lander: Lander, source: Source, piece: Slice, taken: Taken, is_over: Callable[[], bool]
) -> bool:
    """Land what changed since the position of a stream that is followed; tell whether it was."""
    stream = lander.stream
    if stream.partitioned or not isinstance(source, Follows):
        return False
    try:
        with lander.connection.transaction():
            lander.take_turn()
            since = lander.followed(piece, stream.whole_every_hours)
            if not since:
                return False
            changes = _until(is_over, source.changes(stream.name.stream, since))
            landed = lander.follow(piece, changes)
    except Unbalanced:
        raise
    except Stop:
        return False  # the source does not know changes that old; whatever else it is comes again
    taken.arrived.update(changes.partitions)
    taken.add(landed)
    return True


def _until(is_over: Callable[[], bool], reading: Reading) -> Reading:
    """Let a reading fail at its next page as soon as the run is over."""

    def pages(told: Iterator[Page]) -> Iterator[Page]:
        for page in told:
            yield page
            if is_over():
                raise Retry("The run ended while it read", remedy="run again")

    reading.pages = pages(reading.pages)
    return reading


def rehearse(store: Store, stream: Stream, source: Source, window: Window, *, run_id: str) -> Taken:
    """Do everything `take_in` does and take all of it back: what a run would land."""
    taken = Taken()
    with store.session(Role.LANDER) as connection:
        for piece in source.slices(stream.name.stream, window):
            reading = source.read(stream.name.stream, piece)
            with connection.transaction(force_rollback=True):
                taken.add(Lander(connection, stream, run_id).land(piece, reading))
    return taken


def news(connection: Connection, stream: Stream, pieces: Iterable[Slice]) -> list[Slice]:
    """The pieces that may hold something not landed yet, by their cheap signatures."""
    known: Mapping[str, str] = dict(
        connection.execute(
            queries("landing")["signatures"], {"stream": str(stream.name)}
        ).fetchall()
    )
    return [piece for piece in pieces if known.get(piece.name) != piece.signature]
