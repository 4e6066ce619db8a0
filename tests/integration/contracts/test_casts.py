"""What a record check lets pass, PostgreSQL casts without an error and without losing anything."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.contracts.checker import compiled
from accord.contracts.model import Column
from tests.support.contracts import a_contract
from tests.support.texts import COLUMNS, for_column

CASTS = {
    "string": "%s::text",
    "integer": "%s::numeric::{type}",
    "number": "%s::{type}",
    "date": "%s::date",
    "timestamp": "%s::{type}",
    "boolean": "%s::boolean",
}
DEFAULTS = {"integer": "bigint", "number": "numeric", "timestamp": "timestamp"}


@pytest.fixture(scope="module")
def connection(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as opened:
        yield opened


def cast_of(column: Column) -> str:
    kind = column.physical_type or DEFAULTS.get(column.logical_type, "")
    return CASTS[column.logical_type].format(type=kind)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_what_passes_the_check_can_be_cast(connection: psycopg.Connection, column: Column) -> None:
    check = compiled(a_contract(column))
    cast = cast_of(column)
    passed = 0

    @settings(max_examples=300)
    @given(st.lists(for_column(column), min_size=10, max_size=10))
    def cast_all(texts: list[str]) -> None:
        nonlocal passed
        good = [text for text in texts if text and check([text]) is None]
        if good:
            columns = ", ".join(f"({cast})::text" for _ in good)
            connection.execute(f"select {columns}".encode(), good)
            passed += len(good)

    cast_all()
    assert passed > 100


@settings(max_examples=200)
@given(text=for_column(Column("amount", "number")))
def test_a_number_that_passes_is_stored_exactly(database: str, text: str) -> None:
    column = Column("amount", "number", "numeric(12,3)")
    if not text or compiled(a_contract(column))([text]):
        return
    with psycopg.connect(database) as opened:
        (same,) = opened.execute(
            "select %(text)s::numeric(12,3) = %(text)s::numeric", {"text": text}
        ).fetchone() or (False,)
    assert same
