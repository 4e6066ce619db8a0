"""Named SQL: each file below `sql/` holds statements, each under a `-- name: …` line."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from psycopg import sql

_FOLDER = Path(__file__).resolve().parent / "sql"
_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@functools.cache
def queries(file: str) -> Mapping[str, str]:
    """The statements of `sql/<file>.sql` by name."""
    _, *parts = _NAME.split((_FOLDER / f"{file}.sql").read_text(encoding="utf-8"))
    return dict(zip(parts[::2], (part.strip() for part in parts[1::2]), strict=True))


def script(file: str) -> bytes:
    """The whole of `sql/<file>.sql`, to be run as it is."""
    return (_FOLDER / f"{file}.sql").read_bytes()


def listed(ids: Iterable[int | str]) -> str:
    """Record ids or golden ids as the text of an array: a list takes many times as long to write.

    None of them holds a character that such a text would have to quote.
    """
    return "{" + ",".join(map(str, ids)) + "}"


@functools.cache
def for_table(statement: str, table: str) -> bytes:
    """Put a table's quoted name where the statement says `{table}`."""
    return sql.SQL(statement).format(table=sql.Identifier(table)).as_bytes(None)
