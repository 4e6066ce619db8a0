"""A database with landing tables and the dbt project in it: land lines, build models, read rows."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from sqlalchemy.engine import make_url

from accord.catalog import discover
from accord.store.queries import script

PROJECT = Path(__file__).parents[2] / "dbt_project"
COLUMNS = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
DAY = "2011-03-08"
MODELS = ("sales", "products", "daily_sales_summaries", "stock_movements")
_LANDING: LiteralString = """
    create schema landing;
    create schema ops;
    create table landing.shapes (
        shape_id integer primary key, stream text, shape text, first_seen_at timestamptz
    );
    create table ops.rejected_rows (entity text, partition_key text, row_key text);
    create table ops.golden_doubts (golden_id text, other_id text, is_younger boolean);
"""
_STREAM: LiteralString = """
    create table landing.{} (
        partition_key text not null,
        source_key text not null,
        version bigint generated always as identity,
        content_hash bytea not null,
        payload bytea,
        shape_id integer not null default 0,
        run_id text not null,
        landed_at timestamptz not null default now(),
        primary key (partition_key, source_key, version)
    )
"""


def a_line(**changes: object) -> dict[str, str]:
    """A sold line; name what shall differ by column."""
    line = {
        "InvoiceNo": "536365",
        "StockCode": "85123A",
        "Description": "WHITE HANGING HEART T-LIGHT HOLDER",
        "Quantity": "6",
        "InvoiceDate": f"{DAY} 08:26:00",
        "UnitPrice": "2.55",
        "CustomerID": "17850.0",
        "Country": "United Kingdom",
    }
    return line | {column: str(value) for column, value in changes.items()}


def csv_record(values: Iterable[str]) -> bytes:
    """One CSV record without terminator."""
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow(values)
    return written.getvalue().encode()


@dataclass(frozen=True, slots=True)
class Warehouse:
    """One database; `manifest` is the parsed project, `folder` takes what dbt compiles."""

    url: str
    manifest: Any
    folder: str

    def query(
        self, query: LiteralString | sql.Composed, parameters: Sequence[object] = ()
    ) -> list[dict[str, Any]]:
        """Run one statement and return its rows, if any."""
        with psycopg.connect(self.url, autocommit=True, row_factory=dict_row) as connection:
            cursor = connection.execute(query, parameters)
            return cursor.fetchall() if cursor.description else []

    def plan(self, query: LiteralString) -> str:
        """How PostgreSQL would run a query if tables were too large to be read through."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("set enable_seqscan = off")
            lines = connection.execute("explain " + query).fetchall()
        return "\n".join(line for (line,) in lines)

    def rows(self, schema: str, table: str, **where: object) -> list[dict[str, Any]]:
        """Rows of a table whose columns equal what is given, in a stable order."""
        condition = sql.SQL(" and ").join(
            [sql.SQL("true"), *(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in where)]
        )
        query = sql.SQL("select * from {} t where {} order by t::text").format(
            sql.Identifier(schema, table), condition
        )
        return self.query(query, list(where.values()))

    def reset(self) -> None:
        """Empty every table but the seeds."""
        landing = [
            sql.Identifier("landing", stream.name.table)
            for system in discover().values()
            for stream in system.streams
        ]
        self.query(
            sql.SQL(
                "truncate {}, landing.shapes, ops.rejected_rows, ops.golden_doubts,"
                " canonical.sales, canonical.products, canonical.daily_sales_summaries,"
                " canonical.stock_movements"
            ).format(sql.SQL(", ").join(landing))
        )

    def land(
        self, day: str, lines: Iterable[Mapping[str, str]], *, columns: Sequence[str] = COLUMNS
    ) -> None:
        """Land a day's lines as the day now is: changed ones anew, missing ones as removed."""
        seen: Counter[str] = Counter()
        wanted: dict[str, bytes | None] = {}
        for line in lines:
            receipt = f"{line['InvoiceNo']}|{line['StockCode']}"
            seen[receipt] += 1
            wanted[f"{receipt}|{seen[receipt]}"] = csv_record(line[name] for name in columns)
        landed = {
            row["source_key"]: row["payload"]
            for row in self.query(
                "select distinct on (source_key) source_key, payload"
                " from landing.pos__sales_lines where partition_key = %s"
                " order by source_key, version desc",
                [day],
            )
        }
        self.land_payloads(
            day,
            {
                key: wanted.get(key)
                for key in [*wanted, *(landed.keys() - wanted.keys())]
                if wanted.get(key) != landed.get(key, b"never")
            },
            header=",".join(columns),
        )

    def land_payloads(
        self, day: str, payloads: Mapping[str, bytes | None], *, header: str = ",".join(COLUMNS)
    ) -> None:
        """Land one version of each key; no payload removes it."""
        ((shape),) = self.query(
            "insert into landing.shapes values"
            " ((select count(*) + 1 from landing.shapes), 'pos.sales_lines', %s, now())"
            " returning shape_id",
            [header],
        )
        with psycopg.connect(self.url, autocommit=True) as connection:
            copy = (
                "copy landing.pos__sales_lines"
                " (partition_key, source_key, content_hash, payload, shape_id, run_id) from stdin"
            )
            with connection.cursor() as cursor, cursor.copy(copy) as writer:
                for key, payload in payloads.items():
                    content_hash = hashlib.sha256(payload or b"").digest()
                    writer.write_row((day, key, content_hash, payload, shape["shape_id"], "run"))

    def book(self, day: str, key: str, document: Mapping[str, Any] | None) -> None:
        """Land a version of a document as Xero gives it; None when it is gone there."""
        payload = None if document is None else json.dumps(document).encode()
        self.query(
            "insert into landing.xero__documents"
            " (partition_key, source_key, content_hash, payload, run_id)"
            " values (%s, %s, sha256(coalesce(%s::bytea, ''::bytea)), %s, 'run')",
            [day, key, payload, payload],
        )

    def build(self, *models: str, days: Sequence[str] | None = None) -> None:
        """Build the models named, all tables if none, for the days given, all if not given."""
        arguments = [] if days is None else ["--vars", json.dumps({"days": list(days)})]
        answer = self.dbt("run", "--select", *(models or MODELS), *arguments)
        assert answer.success, answer.exception or [item.message for item in answer.result]

    def dbt(self, *arguments: str) -> Any:
        """Call dbt in this process."""
        return _dbt(self.url, self.manifest, self.folder, arguments)

    def content(self) -> dict[str, list[dict[str, Any]]]:
        """Everything in the canonical tables."""
        return {model: self.rows("canonical", model) for model in MODELS}


@contextmanager
def built(url: str) -> Iterator[Warehouse]:
    """Put landing, the seeds and all models, still empty, into an empty database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_LANDING)
        connection.execute(script("golden_tables"))
        for system in discover().values():
            for stream in system.streams:
                connection.execute(sql.SQL(_STREAM).format(sql.Identifier(stream.name.table)))
    with tempfile.TemporaryDirectory() as folder:
        parsed = _dbt(url, None, folder, ["parse"])
        assert parsed.success, parsed.exception
        warehouse = Warehouse(url, parsed.result, folder)
        for command in ("seed", "run"):
            answer = warehouse.dbt(command)
            assert answer.success, answer.exception or [item.message for item in answer.result]
        yield warehouse


def _dbt(url: str, manifest: Any, folder: str, arguments: Sequence[str]) -> Any:
    from dbt.cli.main import dbtRunner

    address = make_url(url)
    os.environ |= {
        "ACCORD_DBT_HOST": str(address.host or address.query["host"]),
        "ACCORD_DBT_PORT": str(address.port or 5432),
        "ACCORD_DBT_USER": address.username or "postgres",
        "ACCORD_DBT_PASSWORD": str(address.password or ""),
        "ACCORD_DBT_DATABASE": address.database or "postgres",
    }
    return dbtRunner(manifest=manifest).invoke(
        [
            *("--quiet", "--log-level-file", "none", "--no-write-json"),
            *arguments,
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)),
            *("--target-path", folder),
        ]
    )
