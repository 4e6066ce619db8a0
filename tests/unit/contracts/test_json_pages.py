"""Pages of a JSON API: each record keeps its bytes, and what is wrong with one harms no other."""

from __future__ import annotations

import msgspec
import pytest

from accord.contracts import json_check, json_pages
from accord.contracts.model import Column
from accord.records import Page
from tests.support.contracts import a_contract

CHECK = json_check.compiled(
    a_contract(Column("label", "string", required=True), Column("id", "string"))
)


def sorted_out(*records: bytes) -> Page:
    raws = msgspec.json.decode(b"[" + b",".join(records) + b"]", type=list[msgspec.Raw])
    return json_pages.page(raws, CHECK, key="id", partition="2026-01-02")


def test_a_record_is_kept_byte_for_byte() -> None:
    payload = b'{ "label":"A\\u00e9",\n"id" : "7", "price": 1.10 }'
    (record,) = sorted_out(payload).records
    assert (record.key, record.payload, record.partition) == ("7", payload, "2026-01-02")


def test_a_record_may_be_named_by_a_number() -> None:
    check = json_check.compiled(a_contract(Column("id", "integer", required=True)))
    (record,) = json_pages.page([b'{"id": 7}'], check, key="id").records
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


def test_bytes_that_are_no_text_are_rejected() -> None:
    (rejected,) = json_pages.page([b'{"id": "\xff"}'], CHECK, key="id").rejected
    assert rejected.cause == "not_an_object"
