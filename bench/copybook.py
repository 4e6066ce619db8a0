"""Decoding EBCDIC: how many megabytes of records a minute, on one core, with and without landing.

The records are those of the mainframe's loyalty accounts: text, packed, zoned and binary numbers, a
view chosen by a condition, a table of fixed and one of counted length.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from accord import catalog
from accord.connector import Connection, Source
from accord.copybook import framed
from accord.records import Window
from accord.secrets import Secrets
from bench import measuring
from bench.engine_parts import Bench
from bench.measuring import Measured, middle
from bench.tables import plain
from systems.mainframe import emulator_records, records
from systems.mainframe.emulator import NAME
from systems.mainframe.emulator_records import Account, Movement

NIGHT = date(2026, 3, 8)
ENOUGH = 50
"""Megabytes a minute that a core has to decode at least."""
_PIECE = 1 << 20


def decode(options: dict[str, Any]) -> dict[str, Any]:
    """Take an extract apart and decode each of its accounts; keep nothing."""
    decoders = records.decoders("cp1047")
    with _extracted(options["accounts"]) as path, path.open("rb") as file:
        started = process_time()
        decoded = 0
        for frame in framed(iter(partial(file.read, _PIECE), b""), "rdw"):
            if decoders.kind(frame.raw) == "D":
                decoders.account(frame.raw)
                decoded += 1
        seconds = process_time() - started
        return {"seconds": seconds, "records": decoded, "bytes": path.stat().st_size}


def read(options: dict[str, Any]) -> dict[str, Any]:
    """Read an extract by the mainframe's client: both looks, the contract, the payloads."""
    system = catalog.discover()["mainframe"]
    with _extracted(options["accounts"]) as path:
        url = path.parent.as_uri()
        client = system.connect(Connection("mainframe", url, system.settings, Secrets({})))
        if not isinstance(client, Source):
            raise TypeError("the mainframe cannot be read")
        started = process_time()
        [piece] = client.slices("loyalty_accounts", Window())
        reading = client.read("loyalty_accounts", piece)
        found = sum(len(page.records) for page in reading.pages)
        seconds = process_time() - started
        return {"seconds": seconds, "records": found, "bytes": path.stat().st_size}


def measured(bench: Bench) -> None:
    """Decode and read extracts of every size, and print the rates."""
    rows = []
    for title, case in (("decoded", "decode"), ("read by the client", "read")):
        for size in bench.sizes:
            options = {"accounts": size}
            found = middle([measuring.case(case, options) for _ in bench.repeated(size)])
            rows.append(_row(title, found))
    plain(f"Copybook (at least {ENOUGH} MB a minute)", _HEADS, rows)


_HEADS = ("records", "MB", "CPU s", "MB a minute", "peak MB")


def _row(title: str, found: Measured) -> list[str]:
    size = found.told["bytes"] / 1e6
    rate = size / found.seconds * 60
    return [
        title, f"{found.records:,}", f"{size:.1f}", f"{found.seconds:.2f}", f"{rate:,.0f}",
        f"{found.rss:,.0f}",
    ]  # fmt: skip


@contextmanager
def _extracted(accounts: int) -> Iterator[Path]:
    """Write an extract of so many accounts, with none to twelve movements each, for a while."""
    points = sum(number % 100_000 for number in range(accounts))
    ends = emulator_records.header(NIGHT), emulator_records.trailer(accounts, points)
    with TemporaryDirectory() as folder:
        path = Path(folder) / NAME.format(day=f"{NIGHT:%Y%m%d}")
        with path.open("wb") as file:
            for body in chain(ends[:1], _bodies(accounts), ends[1:]):
                file.write(emulator_records.file_of([body]))
        yield path


def _bodies(accounts: int) -> Iterator[bytes]:
    movements = [Movement(NIGHT, place * 11 - 30, place * 701) for place in range(12)]
    for number in range(accounts):
        yield emulator_records.account(
            Account(
                number=f"{number:08}",
                name="HALE  BENEDICT",
                born_on=date(1988, 1, 14),
                address=("80 OLD ROAD", "YORK", "YO1 7AE"),
                country="GB",
                phone="02079460768",
                tier="SILVER",
                points=number % 100_000,
                changed_at=datetime(2026, 2, 28, 9, 52, 31, tzinfo=UTC),
                is_open=True,
                movements=movements[: number % 13],
            )
        )
