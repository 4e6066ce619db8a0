"""Builds the tills' day files, whole and broken, and reads them back."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import systems.pos
from accord.connector import Connection
from accord.contracts import odcs
from accord.contracts.model import Contract, SchemaMode
from accord.records import Page, Reading
from accord.secrets import Secrets
from systems.pos import sales_lines
from systems.pos.client import PosClient, connect

POS = Path(next(iter(systems.pos.__path__)))
COLUMNS = (
    *("InvoiceNo", "StockCode", "Description", "Quantity"),
    *("InvoiceDate", "UnitPrice", "CustomerID", "Country"),
)
DAY = "2011-01-04"


def a_contract(*, mode: SchemaMode = "evolve") -> Contract:
    """Return the contract of the stream, in the given mode."""
    contract = odcs.load(POS / "contracts" / "sales_lines.v1.odcs.yaml")
    return replace(contract, schema_mode=mode)


def a_row(day: str = DAY, **changes: str) -> list[str]:
    """Return the values of a good line, with `changes` by column name."""
    row = {
        "InvoiceNo": "540001",
        "StockCode": "41002",
        "Description": "TIN BOAT",
        "Quantity": "2",
        "InvoiceDate": f"{day} 09:30:00",
        "UnitPrice": "3.25",
        "CustomerID": "30001.0",
        "Country": "France",
    }
    return list((row | changes).values())


def a_line(day: str = DAY, **changes: str) -> bytes:
    """Return a good line as CSV without its line end, with `changes` by column name."""
    return as_csv(a_row(day, **changes))


def as_csv(row: Sequence[str]) -> bytes:
    """Write one record as a till does, without its line end."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerow(row)
    return written.getvalue().removesuffix("\r\n").encode()


def a_file(
    *lines: bytes, columns: Sequence[str] = COLUMNS, end: bytes = b"\n", last: bytes | None = None
) -> bytes:
    """Return a file of a header and `lines`; `last` ends the last line instead of `end`."""
    content = end.join([as_csv(columns), *lines])
    return content + (end if last is None else last)


def read(
    content: bytes, *, day: str = DAY, contract: Contract | None = None, page_records: int = 5000
) -> tuple[Reading, Page]:
    """Read a file to its end; return the reading and everything in it as one page."""
    reading = sales_lines.reading(
        day, content, contract=contract or a_contract(), page_records=page_records
    )
    pages = list(reading.pages)
    return reading, Page(
        [record for page in pages for record in page.records],
        [item for page in pages for item in page.rejected],
    )


def a_client(folder: Path | str, **files: Any) -> PosClient:
    """Return a client of a folder (or an address), configured as the system's own toml says."""
    settings = tomllib.loads((POS / "system.toml").read_text(encoding="utf-8"))
    settings["files"] |= files
    url = folder if isinstance(folder, str) else folder.absolute().as_uri()
    return connect(Connection(system="pos", url=url, settings=settings, secrets=Secrets({})))
