"""Named SQL: every statement is found by its name, and no value is ever formatted into one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import accord.store
from accord.store.queries import for_table, queries

FOLDER = Path(next(iter(accord.store.__path__))) / "sql"
NAMED = [path.stem for path in sorted(FOLDER.glob("*.sql")) if "-- name: " in path.read_text()]


@pytest.mark.parametrize("file", NAMED)
def test_every_statement_has_a_name_of_its_own(file: str) -> None:
    told = re.findall(r"^-- name: (.*)$", (FOLDER / f"{file}.sql").read_text(), re.MULTILINE)
    assert list(queries(file)) == told
    assert all(statement for statement in queries(file).values())


def test_a_table_is_quoted_into_its_place() -> None:
    made = for_table("select * from landing.{table} where a = %(a)s", 'x"; drop table y; --')
    assert made.decode() == 'select * from landing."x""; drop table y; --" where a = %(a)s'
