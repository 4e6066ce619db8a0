"""What the check of a system's records lets pass, its staging view reads, however odd it is.

A view reads all records of a stream at once: one that it could not read would stop all the others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from psycopg import sql

from accord.catalog import discover
from accord.contracts import json_pages, odcs
from accord.contracts.json_pages import JsonPages
from accord.contracts.model import Contract
from tests.support.told import ACCOUNT, BILLED, CONTACT, MEMBER
from tests.support.warehouse import Warehouse

DEEP = 900
ODD = {
    "a huge number": b"1e200000",
    "a number of many digits": b"9" * 200_000,
    "a tiny number": b"1e-200000",
    "NUL": b'"a\\u0000b"',
    "NUL in a list of objects": b'[{"a": ["\\u0000"]}]',
    "NUL in a name": b'{"\\u0000": 1}',
    "what looks like NUL": b'"\\\\u0000"',
    "half a character": b'"\\ud800"',
    "half a character in a name": b'{"\\udc00": 1}',
    "no UTF-8": b'"\xff"',
    "half a character in UTF-8": b'"\xed\xa0\x80"',
    "no character": b'"\\uffff"',
    "a line break": b'"\n"',
    "many lists in each other": b"[" * DEEP + b"]" * DEEP,
    "endlessly many": b"[" * 20_000 + b"]" * 20_000,
    "the same member again": b'1, "unasked": {}',
    "no number": b"NaN",
}
PASSES = {
    "what looks like NUL", "no character", "many lists in each other", "the same member again",
}  # fmt: skip
MAY_PASS = {"a huge number", "a number of many digits", "a tiny number"}
"""Where nothing else has to be looked at exactly, which a number that no float holds prevents."""

OTHERWISE = (None, [], {}, "text", 5, True, [{}], {"data": 3}, {"data": [7]}, {"address": []})
VALUES = (
    None, "", " ", "\u2028", "x" * 5000, "\U0001f382", "a\tb", "%s", "\\", "'", "true", "NaN",
    "now", "infinity", "Infinity", "epoch", "-0", "-1", "+5", "\u0663", "1_0", "0x10", "1e5",
    "1e400", "9" * 40, "999999999.5", "12:00", "0000-00-00", "0001-01-01", "9999-12-31",
    "0001-01-01T00:00:00+13:00", "9999-12-31T23:59:59-12:00", "2026-02-28T23:59:60Z",
    "2026-03-09T12:00", "2026-03-09 12:00:00", True, False, 0, -0.0, -1, 0.1, 1.5, 1e15, 1e300,
    2**31, 2**53 + 1, 2**63 - 1, 2**63, 10**30, [], {},
)  # fmt: skip


@dataclass(frozen=True)
class Told:
    """A stream, and a good record of it with the member that names it."""

    system: str
    stream: str
    record: dict[str, Any]
    key: str

    @property
    def contract(self) -> Contract:
        """What its records keep to."""
        streams = {it.name.stream: it for it in discover()[self.system].streams}
        return odcs.load(streams[self.stream].contract)

    @property
    def pages(self) -> JsonPages:
        """What checks its records."""
        return json_pages.compiled(self.contract, key=self.key)

    def shown(self, warehouse: Warehouse, payloads: Mapping[str, bytes]) -> list[str]:
        """Land records as these bytes, and return the keys of those that are told of."""
        landed = sql.SQL(
            "insert into landing.{} (partition_key, source_key, content_hash, payload, run_id)"
            " select '', it.*, 'run' from unnest(%s::text[], %s::bytea[], %s::bytea[]) as it"
        ).format(sql.Identifier(f"{self.system}__{self.stream}"))
        contents = list(payloads.values())
        hashes = [hashlib.sha256(it).digest() for it in contents]
        warehouse.query(landed, [list(payloads), hashes, contents])
        fed = warehouse.rows("intermediate", f"int_customers__from_{self.system}")
        return [row["source_key"] for row in fed]


STREAMS = (
    Told("salesforce", "accounts", ACCOUNT, "Id"),
    Told("salesforce", "contacts", CONTACT, "Id"),
    Told("stripe", "customers", BILLED, "id"),
    Told("mailchimp", "members", MEMBER, "contact_id"),
)


def nested() -> Iterator[Any]:
    """Each member that holds others, which the contract therefore does not list."""
    for told in STREAMS:
        for name, value in told.record.items():
            if isinstance(value, dict):
                yield pytest.param(told, name, id=f"{told.stream} {name}")


def fields(told: Told) -> Iterator[tuple[str, ...]]:
    """Where in a record something may stand: each column, and whatever is in the others."""
    yield from ((it.name,) for it in told.contract.columns if it.name != told.key)
    rest: list[tuple[str, ...]] = [(name,) for name in told.record]
    while rest:
        path = rest.pop()
        value = told.record
        for name in path:
            value = value[name]
        if isinstance(value, dict):
            rest.extend((*path, name) for name in value)
        elif len(path) > 1:
            yield path


def put(record: dict[str, Any], path: tuple[str, ...], value: object) -> dict[str, Any]:
    name, *rest = path
    return {**record, name: put(record[name], tuple(rest), value) if rest else value}


def with_odd(record: dict[str, Any], value: bytes) -> bytes:
    return json.dumps(record).encode()[:-1] + b', "unasked": ' + value + b"}"


@pytest.mark.parametrize("told", STREAMS, ids=lambda told: told.stream)
@pytest.mark.parametrize("what", ODD)
def test_an_odd_value_that_nobody_asked_for_stops_nobody(
    warehouse: Warehouse, told: Told, what: str
) -> None:
    payload = with_odd(told.record, ODD[what])
    page = told.pages.page([payload])
    assert what in MAY_PASS or bool(page.records) == (what in PASSES)
    if page.records:
        assert told.shown(warehouse, {"it": payload}) == ["it"]
    else:
        (rejected,) = page.rejected
        assert rejected.cause in ("broken_text", "not_an_object")
        assert rejected.payload == payload


@pytest.mark.parametrize(("told", "name"), list(nested()))
def test_a_member_of_another_kind_stops_nobody(warehouse: Warehouse, told: Told, name: str) -> None:
    payloads = {
        repr(value): json.dumps({**told.record, name: value}).encode() for value in OTHERWISE
    }
    assert len(told.pages.page(payloads.values()).records) == len(OTHERWISE)
    assert set(told.shown(warehouse, payloads)) == payloads.keys()


@pytest.mark.parametrize("told", STREAMS, ids=lambda told: told.stream)
def test_whatever_passes_the_check_in_any_field_stops_nobody(
    warehouse: Warehouse, told: Told
) -> None:
    payloads = {}
    for path in fields(told):
        for value in VALUES:
            payload = json.dumps(put(told.record, path, value)).encode()
            if told.pages.page([payload]).records:
                payloads[f"{path} {value!r:.40}"] = payload
    assert len(payloads) > 20 * len(told.contract.columns)
    assert set(told.shown(warehouse, payloads)) == payloads.keys()


def test_a_member_whose_time_of_change_is_none_is_rejected() -> None:
    [told] = [it for it in STREAMS if it.stream == "members"]
    for name in ("last_changed", "timestamp_opt"):
        payload = json.dumps({**told.record, name: "2026-02-31T12:00:00+00:00"}).encode()
        (rejected,) = told.pages.page([payload]).rejected
        assert rejected.cause == "not_a_timestamp"
