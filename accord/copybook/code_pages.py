"""The EBCDIC code pages a file may be written in, as one-to-one tables of 256 characters.

037, 500 and 273 are Python's own. 1047, the one of z/OS's Unix, has the characters of 037 with six
of them in each other's places (IBM's CCSID 01047 beside CCSID 00037).
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import cache

from accord.errors import Stop

_ALL = bytes(range(256))
_MOVED_IN_1047 = {0x5F: "^", 0xAD: "[", 0xB0: "¬", 0xBA: "Ý", 0xBB: "¨", 0xBD: "]"}
NAMES = ("cp037", "cp273", "cp500", "cp1047")


@dataclass(frozen=True, slots=True)
class CodePage:
    """A code page: `table[byte]` is the character of a byte."""

    name: str
    table: str

    def decode(self, raw: bytes) -> str:
        """Return the text of bytes; each byte is one character."""
        return codecs.charmap_decode(raw, "strict", self.table)[0]  # type: ignore[arg-type]

    def encode(self, text: str) -> bytes:
        """Return the bytes of a text. Raises UnicodeEncodeError for characters it has not."""
        return codecs.charmap_encode(text, "strict", _encoding(self.table))[0]


@cache
def code_page(name: str) -> CodePage:
    """Return a code page by its name: cp037, cp273, cp500 or cp1047. Raises Stop."""
    if name not in NAMES:
        raise Stop(f"{name!r} is no code page that is known", remedy=f"use {', '.join(NAMES)}")
    if name == "cp1047":
        plain = _ALL.decode("cp037")
        return CodePage(name, "".join(_MOVED_IN_1047.get(byte, plain[byte]) for byte in range(256)))
    return CodePage(name, _ALL.decode(name))


@cache
def _encoding(table: str) -> dict[int, int]:
    return {ord(letter): byte for byte, letter in enumerate(table)}
