"""Takes a file apart into its records: all of one length, or each with its length before it.

Content comes as pieces of any size, so a file of any size takes little memory. What cannot be a
record's beginning raises Undecodable with the cause torn_file, after all records before it were
given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from accord.copybook.undecodable import Undecodable
from accord.errors import Stop

Format = Literal["fixed", "rdw", "bdw"]
_WORD = 4
_EXTENDED = 0x8000_0000


class Frame(NamedTuple):
    """One record as it lies in its file: its number and the byte it starts at, both from 1."""

    number: int
    position: int
    raw: bytes


def framed(content: Iterable[bytes], form: Format, *, length: int = 0) -> Iterator[Frame]:
    """Yield the records of a file in order.

    `fixed` (RECFM F) needs the `length` of a record. `rdw` (RECFM V, transferred with its record
    descriptor words) has records that begin with their length in two bytes, those four included,
    and two zero bytes; in `bdw` (RECFM VB) such records stand in blocks with a word of their own.
    Spanned records are not read. Raises Stop for another format.
    """
    if form == "fixed":
        if length < 1:
            raise Stop("Records have no length", remedy="give the record length (LRECL)")
        return _fixed(_Bytes(content), length)
    if form == "rdw":
        return _described(_Bytes(content))
    if form == "bdw":
        return _blocked(_Bytes(content))
    raise Stop(f"{form!r} is no record format", remedy="use fixed, rdw or bdw")


class _Bytes:
    """The content, taken in portions of the size wanted."""

    def __init__(self, content: Iterable[bytes]) -> None:
        self._pieces = iter(content)
        self._held = b""
        self._at = 0
        self.passed = 0

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer only at the end."""
        while len(self._held) - self._at < size:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._held, self._at = self._held[self._at :] + piece, 0
        found = self._held[self._at : self._at + size]
        self._at += len(found)
        self.passed += len(found)
        return found


def _fixed(content: _Bytes, length: int) -> Iterator[Frame]:
    number = 0
    while raw := content.take(length):
        number += 1
        if len(raw) < length:
            raise _torn(number, content.passed - len(raw))
        yield Frame(number, content.passed - length + 1, raw)


def _described(content: _Bytes) -> Iterator[Frame]:
    number = 0
    while word := content.take(_WORD):
        number += 1
        yield _record(content, word, number)


def _blocked(content: _Bytes) -> Iterator[Frame]:
    number = 0
    while word := content.take(_WORD):
        size = int.from_bytes(word, "big")
        size = size & ~_EXTENDED if size & _EXTENDED else size >> 16
        end = content.passed - _WORD + size
        if len(word) < _WORD or size < 2 * _WORD or not (word[0] & 0x80 or word[2:] == bytes(2)):
            raise _torn(number + 1, content.passed - len(word))
        while content.passed < end:
            number += 1
            frame = _record(content, content.take(_WORD), number)
            if content.passed > end:
                raise _torn(number, frame.position - 1)
            yield frame


def _record(content: _Bytes, word: bytes, number: int) -> Frame:
    start = content.passed - len(word)
    size = int.from_bytes(word[:2], "big") - _WORD
    if len(word) < _WORD or size < 0 or word[2:] != bytes(2):
        raise _torn(number, start)
    raw = content.take(size)
    if len(raw) < size:
        raise _torn(number, start)
    return Frame(number, start + 1, raw)


def _torn(number: int, start: int) -> Undecodable:
    return Undecodable("torn_file", f"record {number}", start + 1)
