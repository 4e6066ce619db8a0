"""Sorts the records of a JSON API's page by their contract, each kept as the bytes it came as."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from accord.contracts import json_check, json_forms
from accord.contracts.json_check import JsonCheck
from accord.contracts.json_forms import Certain
from accord.contracts.model import Contract
from accord.records import Page, Record, Rejected

LONGEST_KEY = 500
"""Characters of a name that the indexes of landing surely take."""

_object = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True, slots=True)
class JsonPages:
    """Makes pages of a stream's records. `key` is the member that names one: text or whole number.

    A record is decoded only to be named and checked; a rejected one whose name cannot be relied
    on is called after its bytes.
    """

    key: str
    certain: Certain
    check: JsonCheck

    def page(self, raws: Iterable[msgspec.Raw | bytes], *, partition: str = "") -> Page:
        """Return the records that keep their contract, and those that do not as rejected."""
        records: list[Record] = []
        rejected: list[Rejected] = []
        for raw in raws:
            payload = bytes(raw)
            name = self.certain(payload)
            if name and len(name) <= LONGEST_KEY:
                records.append(Record(name, payload, partition))
                continue
            judged = self._judged(payload, partition)
            if isinstance(judged, Record):
                records.append(judged)
            else:
                rejected.append(judged)
        return Page(records, rejected)

    def _judged(self, payload: bytes, partition: str) -> Record | Rejected:
        try:
            record = _object.decode(payload)
        except (ValueError, RecursionError):  # bytes that are no UTF-8, too, and endless nesting
            return _unreadable(payload, partition)
        name = _name(record.get(self.key))
        if breach := self.check(record):
            is_named = 0 < len(name) <= LONGEST_KEY and breach.field != self.key
            called = name if is_named else _unnamed(payload)
            return Rejected(called, payload, partition, breach.cause, breach.detail, breach.remedy)
        if not name:
            return _nameless(payload, partition, self.key)
        if len(name) > LONGEST_KEY:
            return _overlong(payload, partition, self.key)
        return Record(name, payload, partition)


def compiled(contract: Contract, *, key: str) -> JsonPages:
    """Prepare for the records of a JSON stream's contract."""
    return JsonPages(key, json_forms.compiled(contract, key=key), json_check.compiled(contract))


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


def _overlong(payload: bytes, partition: str, key: str) -> Rejected:
    return Rejected(
        _unnamed(payload), payload, partition, "too_long",
        f"{key} names the record and is too long",
        f"keep it within {LONGEST_KEY} characters",
    )  # fmt: skip
