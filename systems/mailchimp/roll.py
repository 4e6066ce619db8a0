"""The roll: who is in the audience, as far as delivery has to know, found by key, id or address.

Mailchimp finds a member by address or id only; merge fields cannot be asked for, and its search
lags behind. So the roll is read from the list of members, whole when it is first needed and then
by what changed since, which is a call or two each time. It holds ids and digests, no person's
details, about 300 bytes a member; it never touches a disk, and losing it loses nothing.
"""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from systems.mailchimp import listing
from systems.mailchimp.listing import Get, Listed, Walk
from systems.mailchimp.members import ARCHIVED, digest_of, our_key, subscriber_hash

OVERLAP, WIDE_OVERLAP = 2.0, 600.0
"""Seconds before the last known change that are read again: times are in whole seconds, and what
was sent without an answer may show up late."""

WHOLE_SECONDS = 3600.0
"""How long the roll is believed about members who vanished, of whom Mailchimp says nothing."""

_SCHEMA = """
create table members (
    id text primary key, hash text not null, key text not null, digest text not null,
    status text not null
) without rowid;
create index members_by_key on members (key) where key <> '';
create index members_by_hash on members (hash);
"""


@dataclass(frozen=True, slots=True)
class Known:
    """One member: Mailchimp's id, the digest of the address, our key or "", and how it stands."""

    id: str
    hash: str
    key: str
    digest: str
    status: str


class Roll:
    """The members of one audience, in an SQLite database in memory. Thread-safe."""

    def __init__(
        self, get: Get, *, size: Callable[[], int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._get, self._size, self._clock = get, size, clock
        self._lock = threading.RLock()
        self._rows: sqlite3.Connection | None = None
        self._since, self._read_whole_at, self._read_at = "", 0.0, -math.inf
        self._begun = self._learnt = 0
        self._claims: dict[str, str] = {}
        self._released: set[str] = set()

    def close(self) -> None:
        """Give the memory back."""
        with self._lock:
            if self._rows is not None:
                self._rows.close()
                self._rows = None

    def refresh(self, *, wide: bool = False, at_most_old: float = 0.0) -> None:
        """Learn what changed since the last time, or everything. Raises Retry or Stop.

        Nothing is asked where that was done within the last `at_most_old` seconds, or began after
        this was called: of several who wait for each other all but the first ask together. With
        `wide` the overlap is that for writes whose answer was lost.
        """
        begun = self._begun
        with self._lock:
            now = self._clock()
            is_new = now - self._read_at < at_most_old or (self._learnt > begun and not wide)
            if self._rows is not None and is_new:
                return
            self._begun += 1
            for name in self._released:
                self._claims.pop(name, None)
            self._released.clear()
            if self._rows is None or now - self._read_whole_at > WHOLE_SECONDS:
                self._read_whole()
                self._read_whole_at = now
            else:
                since = listing.before(self._since, WIDE_OVERLAP if wide else OVERLAP)
                self._read_changes(self._rows, since)
            self._read_at, self._learnt = now, self._begun

    def claim(self, name: str, key: str) -> str:
        """Claim a member, or an address nobody has yet, for a key; return who has the claim.

        Several deliveries under way may have looked before any of them wrote.
        """
        with self._lock:
            holder = self._claims.setdefault(name, key)
            if holder == key:
                self._released.discard(name)
            return holder

    def release(self, names: Iterable[str]) -> None:
        """Give claims up, from the next refreshing on, which shows what came of them."""
        with self._lock:
            self._released.update(names)
            self._read_at = -math.inf

    def forget(self, ids: Iterable[str]) -> None:
        """Leave out members who are not in the audience any more."""
        with self._lock:
            if self._rows is not None:
                gone = [(item,) for item in ids]
                self._rows.executemany("delete from members where id = ?", gone)

    def doubt(self) -> None:
        """Read everything the next time, because somebody may have been deleted for good."""
        with self._lock:
            self.close()

    def under(self, keys: Sequence[str]) -> Mapping[str, list[Known]]:
        """Return the members with these keys of ours; a key without any is left out."""
        found: dict[str, list[Known]] = {}
        for item in self._some("key", keys):
            found.setdefault(item.key, []).append(item)
        return found

    def with_ids(self, ids: Sequence[str]) -> Mapping[str, Known]:
        """Return the members with these ids, by id."""
        return {item.id: item for item in self._some("id", ids)}

    def with_hashes(self, hashes: Sequence[str]) -> Mapping[str, Known]:
        """Return the members with these addresses, by the address's digest."""
        return {item.hash: item for item in self._some("hash", hashes)}

    def _read_whole(self) -> None:
        self.close()
        rows = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
        rows.executescript(_SCHEMA)
        walk = self._walk("")
        try:
            for page in walk.pages():
                self._learn(rows, page)
        except BaseException:
            rows.close()
            raise
        self._rows, self._since = rows, walk.position

    def _read_changes(self, rows: sqlite3.Connection, since: str) -> None:
        walk = self._walk(since)
        changed = [item for page in walk.pages() for item in page]
        gone = [item for page in self._walk(since, ARCHIVED).pages() for item in page]
        self.forget(item.key for item in gone if item.key not in walk.met)
        self._learn(rows, changed)
        self._since = max(self._since, walk.position)

    def _walk(self, since: str, status: str = "") -> Walk:
        return Walk(self._get, self._size(), since=since, status=status)

    def _learn(self, rows: sqlite3.Connection, members: Sequence[Listed]) -> None:
        known = []
        for item in members:
            if item.status == ARCHIVED:
                continue
            member = msgspec.json.decode(item.raw)
            hashed = member.get("id") or subscriber_hash(member.get("email_address") or "")
            known.append((item.key, hashed, our_key(member), digest_of(member), item.status))
        rows.execute("begin")
        rows.executemany("insert or replace into members values (?, ?, ?, ?, ?)", known)
        rows.execute("commit")

    def _some(self, column: str, values: Sequence[str]) -> list[Known]:
        with self._lock:
            if self._rows is None:
                self.refresh()
            rows = self._rows
            if rows is None or not values:
                return []
            wanted = msgspec.json.encode(sorted(set(values))).decode()
            query = (
                f"select * from members where {column} <> '' and {column} in "  # noqa: S608
                "(select value from json_each(?)) order by id"
            )
            return [Known(*row) for row in rows.execute(query, (wanted,))]
