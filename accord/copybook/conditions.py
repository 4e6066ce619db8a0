"""Compiles conditions (level 88) into tests on a record's bytes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from accord.copybook.code_pages import CodePage
from accord.copybook.fields import ByteOrder, Held, reader
from accord.copybook.layout import Place
from accord.copybook.model import Condition, Literal88, wrong

Test = Callable[[Held, int], bool]


def tested(place: Place, condition: Condition, page: CodePage, *, native: ByteOrder) -> Test:
    """Make the test of a condition of the item at `place`. Raises Stop for values it cannot have.

    Text is compared in the order of its code page, filled up with spaces, as COBOL does.
    """
    picture = place.item.picture
    if place.item.children or (picture is not None and picture.is_text):
        return _text(place, condition, page)
    return _number(place, condition, native)


def _text(place: Place, condition: Condition, page: CodePage) -> Test:
    first, end = place.offset, place.offset + place.size
    ranges = tuple(
        (_bytes(place, low, page), _bytes(place, high, page)) for low, high in condition.ranges
    )

    def test(held: Held, base: int) -> bool:
        found = held.raw[first + base : end + base]
        return any(low <= found <= high for low, high in ranges)

    return test


def _bytes(place: Place, literal: Literal88, page: CodePage) -> bytes:
    try:
        if literal.kind == "hex":
            held = bytes.fromhex(literal.text)
        elif literal.kind == "fill" and literal.text in "\x00\xff":
            held = literal.text.encode("latin-1") * place.size
        else:
            held = page.encode(literal.text * (place.size if literal.kind == "fill" else 1))
    except ValueError as error:
        raise _unfit(place) from error
    if len(held) > place.size:
        raise _unfit(place)
    return held.ljust(place.size, page.encode(" "))


def _number(place: Place, condition: Condition, native: ByteOrder) -> Test:
    read = reader(place, native=native)
    ranges = tuple((_value(place, low), _value(place, high)) for low, high in condition.ranges)

    def test(held: Held, base: int) -> bool:
        found = read(held, base)
        return any(low <= found <= high for low, high in ranges)

    return test


def _value(place: Place, literal: Literal88) -> Decimal:
    try:
        return Decimal(literal.text)
    except InvalidOperation as error:
        raise _unfit(place) from error


def _unfit(place: Place) -> Exception:
    return wrong(
        place.item.line,
        f"a condition of {place.item.label} has a value that the item cannot have",
        remedy="compare the values of its level 88 with its PICTURE",
    )
