"""Sorts the records of a JSON API's page by their contract, each kept as the bytes it came as."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from accord.contracts.json_check import JsonCheck
from accord.records import Page, Record, Rejected

_object = msgspec.json.Decoder(dict[str, Any])


def page(
    raws: Iterable[msgspec.Raw | bytes], check: JsonCheck, *, key: str, partition: str = ""
) -> Page:
    """Return the records that keep their contract, and those that do not as rejected.

    `key` is the member that names a record: a text or a whole number. A record is decoded only to
    be named and checked; a rejected one whose name cannot be relied on is called after its bytes.
    """
    records: list[Record] = []
    rejected: list[Rejected] = []
    for raw in raws:
        payload = bytes(raw)
        try:
            record = _object.decode(payload)
        except ValueError:  # what msgspec raises for bytes that are no UTF-8 is no DecodeError
            rejected.append(_unreadable(payload, partition))
            continue
        name = _name(record.get(key))
        if breach := check(record):
            called = name if name and breach.field != key else _unnamed(payload)
            rejected.append(
                Rejected(called, payload, partition, breach.cause, breach.detail, breach.remedy)
            )
        elif name:
            records.append(Record(name, payload, partition))
        else:
            rejected.append(_nameless(payload, partition, key))
    return Page(records, rejected)


def _name(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _unnamed(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()[:16]


def _unreadable(payload: bytes, partition: str) -> Rejected:
    return Rejected(
        _unnamed(payload), payload, partition, "not_an_object",
        "it is no JSON object that can be read", "send it as one, in UTF-8",
    )  # fmt: skip


def _nameless(payload: bytes, partition: str, key: str) -> Rejected:
    return Rejected(
        _unnamed(payload), payload, partition, "missing_key",
        f"{key} names the record and is not there", "fill it at the source and send it again",
    )  # fmt: skip
