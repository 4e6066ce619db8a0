"""What systems tell of an entity since it was last consolidated, through the views that feed it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from accord.golden.values import Normalise, given, normal
from accord.lineage import Feed
from accord.names import StreamName
from accord.store import golden, statistics
from accord.store.ahead import Ahead
from accord.store.database import Connection
from accord.store.golden import Incoming, Kept, Known, Mark

Rows = Sequence[dict[str, Any]]

_KEYS_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Told:
    """What was read: `read = new + changed + unchanged + removed`."""

    read: int
    unchanged: int
    kept: Kept


@dataclass(slots=True)
class _Count:
    told: int = 0
    unchanged: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what has landed of an entity, in the caller's transaction, for one run."""

    connection: Connection
    entity: str
    columns: Sequence[str]
    normalise: Normalise
    at: datetime
    run_id: str
    home: str | None = None

    def read(self, feeds: Iterable[Feed], *, since: datetime) -> Told:
        """Bring what changed, keep it, and move the marks.

        What we delivered from `since` on may come back in it. A view whose code changed is read
        whole, and so is each where the home country changed: then all of it is normalised again.
        """
        golden.begin(self.connection)
        count = _Count()
        for feed in feeds:
            for stream in feed.streams:
                self._stream(feed, StreamName(feed.system, stream), count)
        kept = golden.keep(
            self.connection, self.entity, since=since, at=self.at, run_id=self.run_id
        )
        tables = [("pg_temp", "incoming_records"), ("ops", "golden_records")]
        statistics.refresh(self.connection, tables, touched=kept.new + kept.changed)
        return Told(count.told + count.removed, count.unchanged, kept)

    def _stream(self, feed: Feed, stream: StreamName, count: _Count) -> None:
        mark = golden.mark(self.connection, self.entity, stream)
        basis = f"{feed.version} at home in {self.home}" if self.home else feed.version
        if mark.basis == basis:
            landed = golden.landed_since(self.connection, stream, mark.version)
            newest, due = max(landed.values(), default=mark.version), sorted(landed)
            told = self._told(feed, stream, due, count)
            gone = [key for key in due if key not in told]
        else:
            newest = golden.newest_landed(self.connection, stream)
            told = self._told(feed, stream, None, count)
            gone = sorted(golden.live_keys(self.connection, self.entity, stream) - told)
        self._remove(stream, gone, count)
        golden.move_mark(self.connection, self.entity, stream, Mark(newest, basis))

    def _told(
        self, feed: Feed, stream: StreamName, keys: Sequence[str] | None, count: _Count
    ) -> set[str]:
        """Bring those of a stream's records that are new or changed; return the keys of all.

        The store is asked for the next ones, and keeps what was brought, while these are compared.
        """
        told: set[str] = set()
        with Ahead(self._pages(feed, stream, keys)) as pages:
            for rows, known in pages:
                told.update(row["source_key"] for row in rows)
                brought = list(self._changed(stream, rows, known, anew=keys is None))
                pages.leave(partial(golden.bring, self.connection, brought))
                count.told += len(rows)
                count.unchanged += len(rows) - len(brought)
        return told

    def _pages(
        self, feed: Feed, stream: StreamName, keys: Sequence[str] | None
    ) -> Generator[tuple[Rows, Mapping[str, Known]], None, None]:
        """What a view tells of these records, or of all, with what was known of each."""
        parts: Iterable[Sequence[str] | None] = [None]
        if keys is not None:
            parts = (keys[at : at + _KEYS_AT_ONCE] for at in range(0, len(keys), _KEYS_AT_ONCE))
        for part in parts:
            view = (feed.schema, feed.model)
            for rows in golden.told(self.connection, view, stream.stream, part):
                names = [row["source_key"] for row in rows]
                yield rows, golden.known(self.connection, self.entity, stream, names)

    def _changed(
        self, stream: StreamName, rows: Rows, known: Mapping[str, Known], *, anew: bool
    ) -> Iterator[Incoming]:
        for row in rows:
            said, before = given(row, self.columns), known.get(row["source_key"])
            same = before if before and before.says(said, row["known_golden_id"]) else None
            if same and not anew:
                continue
            told = self._normal(said, None if anew else before)
            if same and same.normal == told:
                continue
            yield Incoming(
                system=stream.system,
                stream=stream.stream,
                source_key=row["source_key"],
                landed_version=row["landed_version"],
                changed_at=row["changed_at"],
                known_golden_id=row["known_golden_id"],
                given=said,
                normal=told,
            )

    def _normal(self, said: Mapping[str, str], before: Known | None) -> dict[str, str]:
        columns, home = self.columns, self.home
        return normal(self.normalise, self.entity, columns, said, home=home, before=before)

    def _remove(self, stream: StreamName, keys: Sequence[str], count: _Count) -> None:
        if keys:
            count.removed += golden.remove(
                self.connection, self.entity, stream, keys, at=self.at, run_id=self.run_id
            )
