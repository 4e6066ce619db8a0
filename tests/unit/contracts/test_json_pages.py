"""Pages of a JSON API: each record keeps its bytes, and what is wrong with one harms no other."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.contracts import json_check, json_forms, json_pages
from accord.contracts.model import Column, SchemaMode
from accord.records import Page
from tests.support.contracts import a_contract

PAGES = json_pages.compiled(
    a_contract(Column("label", "string", required=True), Column("id", "string")), key="id"
)


def sorted_out(*records: bytes) -> Page:
    raws = msgspec.json.decode(b"[" + b",".join(records) + b"]", type=list[msgspec.Raw])
    return PAGES.page(raws, partition="2026-01-02")


def test_a_record_is_kept_byte_for_byte() -> None:
    payload = b'{ "label":"A\\u00e9",\n"id" : "7", "price": 1.10 }'
    (record,) = sorted_out(payload).records
    assert (record.key, record.payload, record.partition) == ("7", payload, "2026-01-02")


def test_a_record_may_be_named_by_a_number() -> None:
    pages = json_pages.compiled(a_contract(Column("id", "integer", required=True)), key="id")
    (record,) = pages.page([b'{"id": 7}']).records
    assert record.key == "7"


@pytest.mark.parametrize(
    ("payload", "cause", "key"),
    [
        (b'{"id": "7"}', "missing_value", "7"),
        (b'{"id": "7", "label": 3}', "not_a_text", "7"),
        (b'{"label": "A"}', "missing_key", None),
        (b'{"label": "A", "id": null}', "missing_key", None),
        (b'["no", "object"]', "not_an_object", None),
    ],
)
def test_a_bad_record_is_rejected_and_the_others_stay(
    payload: bytes, cause: str, key: str | None
) -> None:
    found = sorted_out(b'{"id": "1", "label": "A"}', payload, b'{"id": "2", "label": "B"}')
    assert [record.key for record in found.records] == ["1", "2"]
    (rejected,) = found.rejected
    assert (rejected.cause, rejected.payload) == (cause, payload)
    assert rejected.key == key if key else len(rejected.key) == 16


@pytest.mark.parametrize("rest", [b"", b', "label": "\\u0041"', b', "count": 1.0'])
def test_a_name_that_no_index_takes_is_rejected(rest: bytes) -> None:
    pages = json_pages.compiled(a_contract(Column("id", "string", required=True)), key="id")
    within, beyond = (
        b'{"id": "' + b"x" * many + b'"' + rest + b"}"
        for many in (json_pages.LONGEST_KEY, json_pages.LONGEST_KEY + 1)
    )
    found = pages.page([beyond, within])
    assert [record.payload for record in found.records] == [within]
    (rejected,) = found.rejected
    assert (rejected.cause, rejected.payload, len(rejected.key)) == ("too_long", beyond, 16)


def test_a_letter_is_called_after_no_name_that_no_index_takes() -> None:
    long = b'{"id": "' + b"x" * 2_000 + b'", "label": 3}'
    (rejected,) = PAGES.page([long]).rejected
    assert (rejected.cause, len(rejected.key)) == ("not_a_text", 16)


def test_bytes_that_are_no_text_are_rejected() -> None:
    (rejected,) = PAGES.page([b'{"id": "\xff"}']).rejected
    assert rejected.cause == "not_an_object"


COLUMNS = (
    Column("id", "string", required=True, max_length=3),
    Column("kind", "string", valid_values=("a", "b", "")),
    Column("mark", "string", pattern=".*[a-z]"),
    Column("note", "string", max_length=2),
    Column("count", "integer", "smallint", minimum=Decimal("-9.5")),
    Column("size", "integer", required=True),
    Column("price", "number", "numeric(6,2)"),
    Column("is_new", "boolean"),
    Column("at", "timestamp", "timestamptz"),
    Column("on", "date"),
)
VALUES = st.one_of(
    st.sampled_from(["a", "b", "ab", "A", "", "é", "\0", "\x1f", "a\n", "7", "true", "abcd"]),
    st.sampled_from(["2026-01-02T03:04:05Z", "2026-02-30T03:04:05Z", "2026-01-02", "0000-01-01"]),
    st.sampled_from([0, -9, -10, 2**15, 2**63, 1.5, 1.0, 1.125, 9999.99, 10**4, 1e30, True, None]),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=3),
    st.lists(st.integers(), max_size=1),
)
GOOD = {"id": "a", "size": 1}


@given(
    st.fixed_dictionaries({}, optional={column.name: VALUES for column in COLUMNS}),
    st.sampled_from(["evolve", "freeze"]),
    st.booleans(),
)
def test_what_is_recognised_at_once_keeps_the_contract(
    record: dict[str, object], mode: SchemaMode, escaped: bool
) -> None:
    contract = a_contract(*COLUMNS, mode=mode)
    payload = json.dumps(GOOD | record, ensure_ascii=escaped).encode(errors="surrogatepass")
    if name := json_forms.compiled(contract, key="id")(payload):
        found = msgspec.json.decode(payload)
        assert (name, json_check.compiled(contract)(found)) == (found["id"], None)


@pytest.mark.parametrize(
    "record",
    [
        GOOD,
        {"id": "a", "size": -1, "kind": "b", "mark": "1a", "note": "", "count": 7, "price": 1.25},
        {"id": "a", "size": 0, "price": None, "is_new": True, "on": "2026-01-02", "kind": ""},
        {"id": "é", "size": 0, "at": "2026-01-02T03:04:05Z", "unknown": {"nested": 1}},
    ],
)
def test_an_ordinary_good_record_is_recognised_at_once(record: dict[str, object]) -> None:
    certain = json_forms.compiled(a_contract(*COLUMNS), key="id")
    assert certain(json.dumps(record).encode()) == record["id"]
