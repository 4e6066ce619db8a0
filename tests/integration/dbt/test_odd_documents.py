"""What the check of a system's records lets pass, its staging view reads, however odd it is.

A view reads all records of a stream at once: one that it could not read would stop all the others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from psycopg import sql

from accord.catalog import discover
from accord.contracts import json_pages, odcs
from accord.contracts.json_pages import JsonPages
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


@dataclass(frozen=True)
class Told:
    """A stream, and a good record of it with the member that names it."""

    system: str
    stream: str
    record: dict[str, Any]
    key: str

    @property
    def pages(self) -> JsonPages:
        """What checks its records."""
        streams = {it.name.stream: it for it in discover()[self.system].streams}
        return json_pages.compiled(odcs.load(streams[self.stream].contract), key=self.key)

    def shown(self, warehouse: Warehouse, payload: bytes) -> list[str]:
        """Land a record as these bytes, and return the keys that the view tells."""
        warehouse.query(
            sql.SQL(
                "insert into landing.{}"
                " (partition_key, source_key, content_hash, payload, run_id)"
                " values ('', %s, %s, %s, 'run')"
            ).format(sql.Identifier(f"{self.system}__{self.stream}")),
            [str(self.record[self.key]), hashlib.sha256(payload).digest(), payload],
        )
        view = f"stg_{self.system}__{self.stream}"
        return [row["source_key"] for row in warehouse.rows("staging", view)]


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
        assert told.shown(warehouse, payload) == [told.record[told.key]]
    else:
        (rejected,) = page.rejected
        assert rejected.cause in ("broken_text", "not_an_object")
        assert rejected.payload == payload


@pytest.mark.parametrize(("told", "name"), list(nested()))
def test_a_member_of_another_kind_stops_nobody(warehouse: Warehouse, told: Told, name: str) -> None:
    for value in OTHERWISE:
        payload = json.dumps({**told.record, name: value}).encode()
        assert told.pages.page([payload]).records, value
        assert told.shown(warehouse, payload) == [told.record[told.key]]


def test_a_member_whose_time_of_change_is_none_is_rejected() -> None:
    [told] = [it for it in STREAMS if it.stream == "members"]
    for name in ("last_changed", "timestamp_opt"):
        payload = json.dumps({**told.record, name: "2026-02-31T12:00:00+00:00"}).encode()
        (rejected,) = told.pages.page([payload]).rejected
        assert rejected.cause == "not_a_timestamp"
