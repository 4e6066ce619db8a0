"""The forms in which records are compared, made by DuckDB for all records at once.

Unlike canonical values these may throw away what does not tell customers apart: accents, legal
forms, titles, punctuation, the country prefix of a telephone number.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from anyascii import anyascii
from duckdb.func import ARROW, SPECIAL

from accord.matching import vocabulary as words

CUSTOMER = (
    "kind", "name", "first_name", "last_name", "organisation", "email", "phone", "street", "city",
    "postcode", "country", "tax_id", "birth_date",
)  # fmt: skip
PRODUCT = ("name", "description", "brand", "price", "gtin")
COLUMNS = {"customer": CUSTOMER, "product": PRODUCT}

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WRITTEN = re.compile(r"[0-9]+|[a-z]+")


def connected(*, memory: str = "900MB", threads: int = 2) -> duckdb.DuckDBPyConnection:
    """Open a database in memory that knows how to take text apart; it never loads extensions."""
    connection = duckdb.connect(
        config={
            "memory_limit": memory,
            "threads": threads,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": False,
            "temp_directory": str(Path(tempfile.gettempdir()) / "accord-matching"),
        }
    )
    for name, rule in (
        ("transliterated", _transliterated),
        ("without_legal_form", _without_legal_form),
        ("other_date", other_date),
    ):
        connection.create_function(
            name, _arrow(rule), ["VARCHAR"], "VARCHAR", type=ARROW, null_handling=SPECIAL
        )
    for name, listed in (
        ("titles", words.TITLES),
        ("tagging_hosts", words.TAGGING_HOSTS),
        ("common_words", words.COMMON_WORDS),
        ("open_hosts", words.OPEN_HOSTS),
        ("road_kinds", words.ROAD_KINDS),
    ):
        connection.execute(f"create macro {name}() as ({_list(sorted(listed))})")
    for name, known in (
        ("word_of", words.BUSINESS_WORDS),
        ("road_of", words.ROAD_WORDS),
    ):
        connection.execute(f"create macro {name}(x) as (coalesce({_map(known)}[x], x))")
    connection.execute(f"create macro generations() as ({_map(words.GENERATIONS)})")
    connection.execute("create macro generation(x) as (generations()[x])")
    lines = _map({name: sorted(found) for name, found in words.SHORT_NAMES.items()})
    connection.execute(f"create macro root_of(x) as (coalesce({lines}[x], [x]))")
    connection.execute(sql("macros"))
    return connection


def sql(name: str) -> str:
    """Return the statements of one file in `accord/matching/sql`."""
    return (files("accord.matching") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def load(
    connection: duckdb.DuckDBPyConnection,
    records: pa.Table,
    *,
    entity: str,
    source: str | None = None,
) -> None:
    """Make the table `forms` of the given records, whose columns may be fewer than all."""
    given = records.select([c for c in ("id", *COLUMNS[entity]) if c in records.column_names])
    connection.register("given_records", given)
    columns = ", ".join(
        f"cast({c} as varchar) as {c}"
        if c in given.column_names
        else f"cast(null as varchar) as {c}"
        for c in ("id", *COLUMNS[entity])
    )
    connection.execute(
        f"create or replace temporary view records as select {columns} from given_records"
    )
    connection.execute(sql(f"{entity}_forms"))
    if source is not None:
        connection.execute("alter table forms add column source varchar")
        connection.register(
            "sources", records.select(["id", source]).rename_columns(["id", "list"])
        )
        connection.execute(
            "update forms set source = cast(list as varchar) from sources"
            " where forms.id = cast(sources.id as varchar)"
        )
        connection.unregister("sources")
    connection.unregister("given_records")


def other_date(text: str) -> str | None:
    """Read a date that is not ISO 8601 as yyyymmdd, month before day where both are possible."""
    parts = _WRITTEN.findall(text)
    months = [p for p in parts if p[:3] in _MONTHS and p.isalpha()]
    numbers = [int(p) for p in parts if p.isdigit()]
    if len(numbers) == 1 and numbers[0] > 999 and not months:
        return str(numbers[0])[:4]
    if months and len(numbers) == 2:
        month = _MONTHS.index(months[0][:3]) + 1
        day, year = (numbers[1], numbers[0]) if numbers[0] > 31 else numbers
    elif len(numbers) == 3 and numbers[0] > 31:
        year, month, day = numbers
    elif len(numbers) == 3:
        month, day, year = numbers
    else:
        return None
    if month > 12:
        month, day = day, month
    if year < 100:
        year += 1900 if year > 26 else 2000
    return f"{year:04}{month:02}{day:02}" if year < 10000 and month < 100 and day < 100 else None


def _transliterated(text: str) -> str:
    return _SYLLABLE.sub(" ", anyascii(text.translate(_LETTERS)))


_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
# Of scripts that write syllables each begins with a capital, without a blank before it.
_SYLLABLE = re.compile("(?<=[a-z])(?=[A-Z])")


def _without_legal_form(text: str) -> str:
    bare = " ".join(_LEGAL_FORM.sub(" ", text).split())
    return bare if bare.strip(" .,&-") else text


def _written_form(form: str) -> str:
    """A pattern for a legal form with or without dots, and with any signs between its words."""
    return r"[\s.,/-]*".join(
        "(?:and|&)" if word == "and" else r"\.?".join(word) if len(word) < 6 else word
        for word in form.split()
    )


_LEGAL_FORM = re.compile(
    r"(?<![a-z0-9])(?<![a-z0-9]\.)(?:{})(?!\.?[a-z0-9])\.?".format(
        "|".join(map(_written_form, sorted(words.LEGAL_FORMS, key=lambda it: (-len(it), it))))
    )
)


def _arrow(rule: Callable[[str], str | None]) -> Callable[[Any], pa.Array]:
    def every(column: Any) -> pa.Array:
        known: dict[str, str | None] = {}
        found = []
        for value in column.to_pylist():
            if value is not None and value not in known:
                known[value] = rule(value)
            found.append(None if value is None else known[value])
        return pa.array(found, pa.string())

    return every


def _list(items: Iterable[str]) -> str:
    return "[" + ", ".join(f"'{item}'" for item in items) + "]"


def _map(known: Mapping[str, Any]) -> str:
    values = ", ".join(f"'{v}'" if isinstance(v, str) else str(v) for v in known.values())
    return f"map({_list(known)}, [{values}])"
