"""The values that travel between systems and the engine; no behaviour, no I/O."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import msgspec

_CANONICAL = msgspec.json.Encoder(order="sorted")
_CANONICAL_OF_ANY = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Window:
    """The business days asked for, both ends included; `None` leaves an end open."""

    first: date | None = None
    last: date | None = None

    def holds(self, day: date) -> bool:
        """Tell whether `day` lies inside."""
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Slice:
    """One readable piece of a stream, such as a day file or a window of an API.

    `partition` is an ISO day, or "" for a stream (or a piece spanning days) that has none.
    `signature` changes whenever the piece may have changed; it is cheap and never proof.
    """

    name: str
    partition: str
    signature: str


class Record(msgspec.Struct, frozen=True, gc=False):
    """One source record exactly as received; `key` is unique within its stream and partition.

    There are many of them, and a Struct is made in a tenth of the time a dataclass takes.
    """

    key: str
    payload: bytes
    partition: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """One record that broke its contract. `detail` names fields and positions, never values."""

    key: str
    payload: bytes
    partition: str
    cause: str
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Original:
    """A rejected record to be read again: as it was received, or as a steward `edited` it.

    `key` and `cause` are those under which it was rejected, `shape` is that of its reading.
    """

    key: str
    payload: bytes
    partition: str
    shape: str
    cause: str
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A bounded number of records, in the order received.

    `removed` are keys of which the source itself says that they are gone; each becomes a tombstone.
    """

    records: Sequence[Record] = ()
    rejected: Sequence[Rejected] = ()
    removed: Sequence[str] = ()


@dataclass(slots=True)
class Reading:
    """The reading of one slice.

    `digest` identifies the content as received ("" where the source cannot tell beforehand).
    `partitions` are those the reading covers. `shape` describes how to decode the payloads, such
    as a CSV header; "" where each payload describes itself. After the pages are exhausted,
    `complete` says whether all of the slice was seen: only then is a missing key a removed record;
    and `position` is how far a stream that can be followed was seen, for the next reading.
    """

    digest: str
    partitions: Sequence[str]
    pages: Iterator[Page]
    shape: str = ""
    complete: bool = field(default=True)
    position: str = ""


Settled = Literal["delivered", "rejected", "busy", "gone", "retry"]


class Write(msgspec.Struct, frozen=True, gc=False):
    """One intended write. `write_id` doubles as the idempotency key and never changes.

    `content` is the whole desired state of the object called `key` at the destination, and
    `digest` its identity. `found` is what a look-up just before sending saw there. `seed` is what a
    new object needs besides, from fields that the destination owns: it is sent when the object is
    created and never again, and is no part of the digest. `destination_id` is the object's own id
    there, where it is known to be one that the destination already had. `former` are keys that were
    merged into this one, the oldest first: what is theirs at the destination is this key's now.
    """

    write_id: str
    key: str
    content: Mapping[str, Any]
    digest: str
    found: Found | None = None
    partition: str = ""
    seed: Mapping[str, Any] = msgspec.field(default_factory=dict)
    destination_id: str = ""
    former: tuple[str, ...] = ()

    def may_take(self, owner: str) -> bool:
        """Tell whether an object that carries this key of ours, or "" for none, may be its own."""
        return owner in ("", self.key, *self.former)


class Found(msgspec.Struct, frozen=True, gc=False):
    """What a destination holds under a key: its own ids, and the digest of what it shows.

    More than one id under one key means it was doubled by somebody; nothing is sent then.
    """

    destination_ids: tuple[str, ...]
    digest: str


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What became of one write at the destination.

    It is `busy` where the destination could not do just this one now, as when somebody else has the
    record open; it goes again after the others. It is `gone` where the object that a look-up found
    was taken away before the write came to it. It is to `retry` in another run where it was not
    even tried, since something was wrong with the destination.
    """

    write_id: str
    outcome: Settled
    destination_id: str = ""
    cause: str = ""
    detail: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a system told us by itself: that a record of one of its streams has changed.

    `name` is the system's own name of the message, the same when it is sent again.
    """

    name: str
    stream: str


@dataclass(frozen=True, slots=True)
class Health:
    """One finding about a system: is it reachable, are its credentials good."""

    name: str
    healthy: bool
    detail: str
    remedy: str = ""


def content_digest(content: Mapping[str, Any]) -> str:
    """The identity of a content: equal contents have equal digests, whatever their key order."""
    try:
        told = _CANONICAL.encode(content)
    except OverflowError:  # an integer of more than 64 bits
        told = _CANONICAL_OF_ANY.encode(content).encode()
    return hashlib.sha256(told).hexdigest()
