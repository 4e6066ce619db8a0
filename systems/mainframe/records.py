"""The three kinds of record in an extract, decoded by the copybook, and accounts as JSON.

An account's payload holds its bytes as received, in hexadecimal as `raw`, and beside them its
fields decoded, under the copybook's names in lower case with underscores. Dates and times are made
readable; what they hold is judged by the contract.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from accord.copybook import Decoder, compiled, parse

COPYBOOK = Path(__file__).parent / "loyalty.cpy"
VIEWS = {"LA-IS-PERSON": "LA-PERSON", "LA-IS-COMPANY": "LA-COMPANY"}
RAW, KEY = "raw", "la_account"
_DAYS = ("la_born_on", "la_moved_on")
_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class Decoders:
    """What decodes each kind of record; `points` looks at an account's points only."""

    header: Decoder
    account: Decoder
    points: Decoder
    trailer: Decoder

    def kind(self, raw: bytes) -> str:
        """The letter that begins a record: H, D, T, or something else."""
        return self.header.page.decode(raw[:1])

    def account_number(self, raw: bytes) -> str:
        """The account's number, which can be read even where other fields cannot."""
        return self.header.page.decode(raw[1:9]).strip()


def decoders(page: str) -> Decoders:
    """Compile the copybook for a code page. Raises Stop."""
    copybook = parse(COPYBOOK.read_text(encoding="ascii"))
    account = copybook["LOYALTY-ACCOUNT"]
    return Decoders(
        header=compiled(copybook["LOYALTY-HEADER"], page=page),
        account=compiled(account, page=page, views=VIEWS),
        points=compiled(account, page=page, only=("LA-POINTS",)),
        trailer=compiled(copybook["LOYALTY-TRAILER"], page=page),
    )


def fields(account: Mapping[str, Any]) -> dict[str, Any]:
    """Flatten a decoded account and make its dates readable; empty text and day 0 are null."""
    found = _flattened(account)
    changed_on, changed_at = found.pop("la_changed_on"), found.pop("la_changed_at")
    found["la_changed_at"] = f"{_day(changed_on)} {_clock(changed_at)}"
    return found


def payload(raw: bytes, found: Mapping[str, Any] | None = None) -> bytes:
    """Write a record as JSON: its bytes in hexadecimal, and its fields where they are known."""
    return _encode({**(found or {}), RAW: raw.hex()})


def received(payload: bytes) -> bytes:
    """Take the bytes of a record out of its payload again. Raises ValueError."""
    raw = msgspec.json.decode(payload)[RAW]
    return bytes.fromhex(raw)


def _flattened(group: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in group.items():
        called = _called(name)
        if isinstance(value, dict):
            found.update(_flattened(value))
        elif not isinstance(value, list):
            found[called] = _plain(called, value)
        elif value and not isinstance(value[0], dict):
            for place, one in enumerate(value, start=1):
                found[f"{called}_{place}"] = _plain(called, one)
        else:
            found[called] = [_flattened(one) for one in value]
    return found


@cache
def _called(name: str) -> str:
    return name.lower().replace("-", "_")


def _plain(name: str, value: Any) -> Any:
    if value == "":
        return None
    return _day(value) if name in _DAYS else value


def _day(number: int) -> str | None:
    digits = f"{number:08}"
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if number else None


def _clock(number: int) -> str:
    digits = f"{number:06}"
    return f"{digits[:2]}:{digits[2:4]}:{digits[4:]}"
