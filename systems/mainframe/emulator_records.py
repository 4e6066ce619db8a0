"""Writes the records of an extract as the mainframe's programs do, byte by byte.

It knows nothing of the copybook's decoder: what the two agree on is the copybook.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from accord.copybook import code_page

PAGE = code_page("cp1047")
_PLUS, _MINUS, _NO_SIGN = "C", "D", "F"
MOST_MOVEMENTS = 12


@dataclass(frozen=True, slots=True)
class Movement:
    """Points that were earned or spent on a day, and the money they were for, in pence."""

    day: date
    points: int
    pence: int


@dataclass(frozen=True, slots=True)
class Account:
    """One loyalty account. `born_on` is None where it is not known."""

    number: str
    name: str
    born_on: date | None
    address: Sequence[str]
    country: str
    phone: str
    tier: str
    points: int
    changed_at: datetime
    is_open: bool
    movements: Sequence[Movement]


def account(it: Account) -> bytes:
    """Write a LOYALTY-ACCOUNT."""
    lines = (*it.address, "", "", "", "")[:4]
    movements = it.movements[-MOST_MOVEMENTS:]
    return b"".join(
        (
            _text("D", 1), _text(it.number, 8), _text("P", 1), _text("A" if it.is_open else "C", 1),
            _text(it.name, 40), _zoned(_day(it.born_on), 8),
            *(_text(line, 30) for line in lines),
            _text(it.country, 2), _text(it.phone, 16), _text(it.tier, 6), _packed(it.points, 9),
            _packed(_day(it.changed_at), 8, signed=False),
            _packed(int(f"{it.changed_at:%H%M%S}"), 6, signed=False),
            len(movements).to_bytes(2, "big", signed=True),
            *map(_movement, movements),
        )
    )  # fmt: skip


def header(day: date) -> bytes:
    """Write a LOYALTY-HEADER."""
    return _text("H", 1) + _text("LOYALTY", 8) + _zoned(_day(day), 8) + _text("", 15)


def trailer(accounts: int, points: int) -> bytes:
    """Write a LOYALTY-TRAILER."""
    return _text("T", 1) + _zoned(accounts, 9) + _packed(points, 15) + _text("", 14)


def file_of(records: Iterable[bytes]) -> bytes:
    """Put records behind their descriptor words, as in a file of variable length."""
    return b"".join((len(raw) + 4).to_bytes(2, "big") + bytes(2) + raw for raw in records)


def _movement(it: Movement) -> bytes:
    return (
        _packed(_day(it.day), 8, signed=False)
        + _zoned(it.points, 5, signed=True)
        + _packed(it.pence, 7)
    )


def _text(value: str, size: int) -> bytes:
    return PAGE.encode(value[:size].ljust(size))


def _day(day: date | None) -> int:
    return int(f"{day:%Y%m%d}") if day else 0


def _zoned(value: int, size: int, *, signed: bool = False) -> bytes:
    digits = PAGE.encode(f"{abs(value):0{size}}")
    if not signed:
        return digits
    zone = 0xD0 if value < 0 else 0xC0
    return digits[:-1] + bytes([zone | digits[-1] & 0x0F])


def _packed(value: int, digits: int, *, signed: bool = True) -> bytes:
    sign = (_MINUS if value < 0 else _PLUS) if signed else _NO_SIGN
    return bytes.fromhex(f"{abs(value):0{digits + 1 - digits % 2}}{sign}")
