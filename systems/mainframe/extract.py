"""Looks through a whole extract before any of it is believed: is it complete, does it add up.

An extract adds up when it begins with the header of its day, ends with its trailer, and holds as
many accounts, and as many points in all, as the trailer says. Points cannot be summed where an
account cannot be decoded; then that account is refused and the count alone has to hold.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from accord.contracts.text_forms import Breach
from accord.copybook import Format, Frame, Undecodable, framed
from systems.mainframe import faults
from systems.mainframe.records import Decoders

HEADER, ACCOUNT, TRAILER = "H", "D", "T"


@dataclass(slots=True)
class Survey:
    """What a look through an extract found; `breach` is why it is refused as a whole.

    `digest` is that of its bytes. `repeated` are hashes of account numbers that come twice or more.
    `last` is its last record, as the original of the refusal.
    """

    digest: str = ""
    breach: Breach | None = None
    accounts: int = 0
    repeated: frozenset[int] = frozenset()
    last: bytes = b""


def surveyed(content: Iterable[bytes], day: date, decoders: Decoders, *, form: Format) -> Survey:
    """Look through the extract of a day, piece by piece."""
    content, hashed = iter(content), hashlib.sha256()
    count = _Count(decoders, day)
    survey = Survey()
    try:
        for frame in framed(_digested(content, hashed), form):
            count.add(frame)
        survey.breach = count.breach()
    except Undecodable as error:
        survey.breach = faults.undecodable(error)
        for piece in content:  # the digest is that of all of it
            hashed.update(piece)
    survey.digest = hashed.hexdigest()
    survey.accounts, survey.last = len(count.keys), count.last
    survey.repeated = _repeated(count.keys)
    return survey


def ends_with_trailer(tail: bytes, decoders: Decoders) -> bool:
    """Tell whether the last bytes of a file, `tail_size` of them, are a trailer with its length."""
    size = decoders.trailer.longest
    word = (size + 4).to_bytes(2, "big") + bytes(2)
    return tail[:-size] == word and decoders.kind(tail[-size:]) == TRAILER


def tail_size(decoders: Decoders) -> int:
    """How many of a file's last bytes tell whether it has its trailer."""
    return decoders.trailer.longest + 4


@dataclass(slots=True)
class _Count:
    """Counts what an extract holds, frame by frame."""

    decoders: Decoders
    day: date
    keys: array[int] = field(default_factory=lambda: array("q"))
    points: int | None = 0
    first: bytes = b""
    last: bytes = b""

    def add(self, frame: Frame) -> None:
        """Count one record."""
        self.last = frame.raw
        if frame.number == 1:
            self.first = frame.raw
        if self.decoders.kind(frame.raw) == ACCOUNT:
            self.keys.append(hash(self.decoders.account_number(frame.raw)))
            try:
                found = self.decoders.points(frame.raw)["LA-POINTS"]
            except Undecodable:
                self.points = None
            else:
                self.points = None if self.points is None else self.points + found

    def breach(self) -> Breach | None:
        """Say why all that was counted cannot be believed; None if it can."""
        if (self.decoders.kind(self.first), self.decoders.kind(self.last)) != (HEADER, TRAILER):
            return faults.other("broken_control_record")
        try:
            header = self.decoders.header(self.first)
            trailer = self.decoders.trailer(self.last)
        except Undecodable:
            return faults.other("broken_control_record")
        if f"{header['LH-EXTRACTED-ON']:08}" != f"{self.day:%Y%m%d}":
            return faults.other("wrong_extract_day")
        if trailer["LT-RECORDS"] != len(self.keys):
            return faults.other("wrong_record_count")
        if self.points not in (None, trailer["LT-POINTS"]):
            return faults.other("wrong_points_total")
        return None


def _digested(content: Iterable[bytes], hashed: hashlib._Hash) -> Iterator[bytes]:
    for piece in content:
        hashed.update(piece)
        yield piece


def _repeated(keys: array[int]) -> frozenset[int]:
    return frozenset(one for one, other in pairwise(sorted(keys)) if one == other)
