"""A small encoder of mainframe fields, written apart from the decoder that the tests hold it to."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from accord.copybook import Decoder, compiled, parse

PLUS, MINUS, NONE = "C", "D", "F"


def text(value: str, size: int, page: str = "cp037") -> bytes:
    return value.ljust(size).encode(page)


def zoned(value: int, size: int, *, signed: bool = False, leading: bool = False) -> bytes:
    digits = [0xF0 + int(digit) for digit in f"{abs(value):0{size}}"]
    if signed:
        at = 0 if leading else -1
        digits[at] = (0xD0 if value < 0 else 0xC0) + digits[at] % 16
    return bytes(digits)


def separate(value: int, size: int, *, leading: bool = False) -> bytes:
    sign = b"\x60" if value < 0 else b"\x4e"
    digits = zoned(abs(value), size)
    return sign + digits if leading else digits + sign


def packed(value: int, digits: int, *, signed: bool = True) -> bytes:
    sign = (MINUS if value < 0 else PLUS) if signed else NONE
    written = f"{abs(value):0{digits}}{sign}"
    return bytes.fromhex(written if len(written) % 2 == 0 else f"0{written}")


def binary(value: int, size: int, *, signed: bool = True) -> bytes:
    return value.to_bytes(size, "big", signed=signed)


def described(*records: bytes) -> bytes:
    """Records with their descriptor words, as in a file of variable length."""
    return b"".join((len(raw) + 4).to_bytes(2, "big") + bytes(2) + raw for raw in records)


def blocked(*blocks: Sequence[bytes]) -> bytes:
    """Blocks with their descriptor words."""
    return described(*(described(*records) for records in blocks))


def lines(copybook: str) -> str:
    """A copybook with its text moved into column 8."""
    return textwrap.indent(textwrap.dedent(copybook).strip("\n"), " " * 7) + "\n"


def decoder(copybook: str, page: str = "cp037", **options: Any) -> Decoder:
    """A decoder of the first record of a copybook."""
    return compiled(parse(lines(copybook)).records[0], page=page, **options)


def field(description: str, **options: Any) -> Any:
    """What decodes a record of one item, described by what follows its name, to its value."""
    decode = decoder(f"01  R.\n    05  A {description}.", **options)
    return lambda raw: decode(raw)["A"]
