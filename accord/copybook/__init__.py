"""Decodes mainframe files: EBCDIC records that a COBOL copybook describes. It stands alone.

    copybook = parse(text)
    decode = compiled(copybook["ACCOUNT"], page="cp1047")
    for frame in framed(pieces, "rdw"):
        account = decode(frame.raw)

Everything is exact or refused: a number is int or Decimal, and a record with a digit, sign, count
or length that cannot be raises Undecodable, naming field and position, instead of giving a value.
"""

from accord.copybook.code_pages import NAMES, CodePage, code_page
from accord.copybook.decoding import Decoder, compiled
from accord.copybook.framing import Format, Frame, framed
from accord.copybook.model import Copybook, Item
from accord.copybook.tree import parse
from accord.copybook.undecodable import SAYINGS, Undecodable

__all__ = [
    "NAMES",
    "SAYINGS",
    "CodePage",
    "Copybook",
    "Decoder",
    "Format",
    "Frame",
    "Item",
    "Undecodable",
    "code_page",
    "compiled",
    "framed",
    "parse",
]
