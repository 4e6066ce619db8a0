"""Reads one elementary item out of a record: text, zoned, packed, binary, floating point.

A reader is a function of the record, held three times over since making that once for all fields
is what makes decoding fast, and of how far the item lies behind its first place. Numbers are exact:
int, or Decimal where there are decimals. What is not certainly a number raises Undecodable.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from accord.copybook.layout import Place
from accord.copybook.model import Picture
from accord.copybook.undecodable import Cause, Undecodable


class Held(NamedTuple):
    """One record: its bytes, a character for each of them, two hexadecimal digits for each."""

    raw: bytes
    text: str
    hexed: str


Reader = Callable[[Held, int], Any]
ByteOrder = Literal["big", "little"]

# Sign half-bytes (z/Architecture Principles of Operation, "Decimal Codes"): A, C, E, F are plus.
_PLUS, _MINUS = "acef", "bd"
_ZONED: dict[int, tuple[str, str]] = {
    int(zone, 16) << 4 | digit: ("-" if zone in _MINUS else "", str(digit))
    for zone in _PLUS + _MINUS
    for digit in range(10)
}
_BIAS, _BITS_A_DIGIT = 64, 4


def reader(place: Place, *, native: ByteOrder) -> Reader:
    """Make the reader of an elementary item; `native` is the byte order of COMP-5."""
    picture, usage = place.item.picture, place.item.usage
    if picture is None:
        return _floating(place)
    if picture.is_text:
        return _text(place)
    if usage == "packed":
        return _packed(place, picture)
    if usage == "unsigned_packed":
        return _unsigned_packed(place, picture)
    if usage in ("binary", "native"):
        return _binary(place, picture, native if usage == "native" else "big")
    if picture.signed:
        make = _separate if place.item.sign.separate else _overpunched
        return make(place, picture)
    return _unsigned(place, picture)


def _failing(place: Place) -> Callable[[Cause, int], Undecodable]:
    label, first = place.item.label, place.offset + 1
    return lambda cause, base: Undecodable(cause, label, first + base)


def number_of(scale: int) -> Callable[[str], int | Decimal]:
    """Make what turns a sign and digits into a number; nothing is rounded, and there is no -0."""
    if scale == 0:
        return int
    if scale < 0:
        factor = 10**-scale
        return lambda digits: int(digits) * factor

    exponent = f"E-{scale}"

    def number(digits: str) -> Decimal:
        found = Decimal(digits + exponent)  # the constructor is exact, whatever the context says
        return found or found.copy_abs()

    return number


def _text(place: Place) -> Reader:
    first, end = place.offset, place.offset + place.size
    if place.item.justified:
        return lambda held, base: held.text[first + base : end + base].lstrip(" ")
    return lambda held, base: held.text[first + base : end + base].rstrip(" ")


def _unsigned(place: Place, picture: Picture) -> Reader:
    first, end, failing = place.offset, place.offset + place.size, _failing(place)
    number = number_of(picture.scale)

    def read(held: Held, base: int) -> Any:
        digits = held.text[first + base : end + base]
        if digits.isdecimal():
            return number(digits)
        marked = _ZONED.get(held.raw[end + base - 1])
        if marked is None or not (digits[:-1] + "0").isdecimal():
            raise failing("bad_zoned_digit", base)
        sign, last = marked
        if sign:  # a plus sign may have been left behind, a minus sign has no place here
            raise failing("bad_zoned_sign", base)
        return number(digits[:-1] + last)

    return read


def _overpunched(place: Place, picture: Picture) -> Reader:
    """A sign shares its byte with the first or the last digit."""
    first, end, failing = place.offset, place.offset + place.size, _failing(place)
    number, leading = number_of(picture.scale), place.item.sign.leading

    def read(held: Held, base: int) -> Any:
        marked = _ZONED.get(held.raw[first + base if leading else end + base - 1])
        whole = held.text[first + base : end + base]
        rest = whole[1:] if leading else whole[:-1]
        if rest and not rest.isdecimal():
            raise failing("bad_zoned_digit", base)
        if marked is None:
            raise failing("bad_zoned_sign", base)
        sign, digit = marked
        return number(f"{sign}{digit}{rest}" if leading else f"{sign}{rest}{digit}")

    return read


def _separate(place: Place, picture: Picture) -> Reader:
    first, end, failing = place.offset, place.offset + place.size, _failing(place)
    number, leading = number_of(picture.scale), place.item.sign.leading

    def read(held: Held, base: int) -> Any:
        found = held.text[first + base : end + base]
        sign, digits = (found[0], found[1:]) if leading else (found[-1], found[:-1])
        if not digits.isdecimal():
            raise failing("bad_zoned_digit", base)
        if sign not in ("+", "-"):
            raise failing("bad_zoned_sign", base)
        return number(sign + digits)

    return read


def _packed(place: Place, picture: Picture) -> Reader:
    first, end, failing = 2 * place.offset, 2 * (place.offset + place.size), _failing(place)
    number, signed = number_of(picture.scale), picture.signed
    spare = picture.digits % 2 == 0  # the first half-byte then lies outside of the PICTURE

    def read(held: Held, base: int) -> Any:
        found = held.hexed[first + 2 * base : end + 2 * base]
        digits, sign = found[:-1], found[-1]
        if not digits.isdecimal():
            raise failing("bad_packed_digit", base)
        if spare and digits[0] != "0":
            raise failing("bad_number_range", base)
        if sign in _PLUS:
            return number(digits)
        if signed and sign in _MINUS:
            return number("-" + digits)
        raise failing("bad_packed_sign", base)

    return read


def _unsigned_packed(place: Place, picture: Picture) -> Reader:
    first, end, failing = 2 * place.offset, 2 * (place.offset + place.size), _failing(place)
    number, spare = number_of(picture.scale), picture.digits % 2 == 1

    def read(held: Held, base: int) -> Any:
        digits = held.hexed[first + 2 * base : end + 2 * base]
        if not digits.isdecimal():
            raise failing("bad_packed_digit", base)
        if spare and digits[0] != "0":
            raise failing("bad_number_range", base)
        return number(digits)

    return read


def _binary(place: Place, picture: Picture, order: ByteOrder) -> Reader:
    """COMP-5 holds whatever its bytes can; the others no more than their PICTURE (TRUNC(STD))."""
    first, end, failing = place.offset, place.offset + place.size, _failing(place)
    signed, scale = picture.signed, picture.scale
    limit = 10**picture.digits if place.item.usage == "binary" else 1 << 64
    number = number_of(scale)

    def read(held: Held, base: int) -> Any:
        found = int.from_bytes(held.raw[first + base : end + base], order, signed=signed)
        if not -limit < found < limit:
            raise failing("bad_number_range", base)
        return found if scale == 0 else number(str(found))

    return read


def _floating(place: Place) -> Reader:
    """IBM's hexadecimal floating point: a sign bit, an exponent of 16 plus 64, a fraction."""
    first, end = place.offset, place.offset + place.size
    bits = (place.size - 1) * 8

    def read(held: Held, base: int) -> Any:
        found = int.from_bytes(held.raw[first + base : end + base], "big")
        fraction = found & ((1 << bits) - 1)
        if not fraction:
            return Decimal(0)
        power = ((found >> bits & 0x7F) - _BIAS) * _BITS_A_DIGIT - bits
        while fraction & 1 == 0:
            fraction, power = fraction >> 1, power + 1
        sign = "-" if found >> (bits + 7) else ""
        if power >= 0:
            return Decimal(f"{sign}{fraction << power}")
        # A half is five tenths: n / 2**p is n * 5**p / 10**p, exactly.
        return Decimal(f"{sign}{fraction * 5**-power}E{power}")

    return read
