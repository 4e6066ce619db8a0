"""What this machine can do at most: PostgreSQL's COPY of the same bytes, and parsing alone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec

from accord.records import Record, Window
from accord.store import copied
from accord.store.database import Role
from bench.ground import store_at
from bench.landing import days_client
from bench.workload import OrderPages

_TABLE = """
create temporary table bare (
    partition_key text, source_key text, content_hash bytea, payload bytea, shape_id integer,
    run_id text
)
"""
_RUN = "00000000-0000-0000-0000-000000000000"
_AT_ONCE = 500


def copy_limit(options: dict[str, Any]) -> dict[str, Any]:
    """Send the bytes that landing sends, packed beforehand, into a bare table."""
    packed, records = _packed(_records(options))
    with store_at(options["store"]).session(Role.LANDER) as connection:
        connection.execute(_TABLE)
        started = perf_counter()
        with (
            connection.transaction(),
            connection.cursor() as cursor,
            cursor.copy("copy bare from stdin (format binary)") as copy,
        ):
            for block in packed:
                copy.write(block)
        seconds = perf_counter() - started
    size = sum(map(len, packed))
    return {"seconds": seconds, "records": records, "bytes": size, "rss": 0.0}


def parse_limit(options: dict[str, Any]) -> dict[str, Any]:
    """Decode the pages with msgspec, or split the lines at their commas, and keep nothing."""
    records = 0
    started = perf_counter()
    if "pages" in options:
        with Path(options["pages"]).open("rb") as file:
            for body in file:
                records += len(msgspec.json.decode(body)["records"])
    else:
        for path in sorted(Path(options["days"]).glob("*.csv")):
            records += sum(len(line.split(b",")) > 1 for line in path.read_bytes().split(b"\n")) - 1
    return {"seconds": perf_counter() - started, "records": records}


def _records(options: dict[str, Any]) -> Iterator[Record]:
    source = OrderPages(Path(options["pages"])) if "pages" in options else days_client(options)
    stream = "orders" if "pages" in options else "sales_lines"
    for piece in source.slices(stream, Window()):
        for page in source.read(stream, piece).pages:
            yield from page.records


def _packed(records: Iterator[Record]) -> tuple[list[bytes], int]:
    """Pack all as landing does."""
    blocks, count = [copied.BEGIN], 0
    while page := list(islice(records, _AT_ONCE)):
        blocks.append(copied.packed(page, shape_id=0, run_id=_RUN))
        count += len(page)
    return [*blocks, copied.END], count
