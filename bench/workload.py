"""What is measured with: orders as JSON pages, and till lines as day files; made up, repeatable."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from accord.catalog import Stream
from accord.contracts import json_pages, odcs
from accord.names import StreamName
from accord.records import Page, Reading, Slice, Window

PAGE_RECORDS = 1000
LINES_A_DAY = 1464  # what the real retailer's 219 days have on average
FIRST_DAY = date(2019, 1, 1)
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
CONTRACT = Path(__file__).parent / "orders.v1.odcs.yaml"
ORDERS = Stream(
    StreamName("bench", "orders"), CONTRACT, partitioned=False, read_back=False, title="Orders"
)
# What a staging model does: the newest version of each key, every field in its own type.
TYPED = """
create table staging.bench_orders as
select typed.*
from (
    select distinct on (partition_key, source_key) payload
    from landing.bench__orders
    order by partition_key desc, source_key desc, version desc
) as newest
cross join json_to_record(convert_from(payload, 'UTF8')::json) as typed (
    id text, number bigint, status text, currency text, amount numeric, quantity integer,
    customer_code text, product_code text, title text, is_gift boolean,
    created_at timestamptz, updated_at timestamptz
)
where payload is not null
"""


class _Listing(msgspec.Struct):
    """One page, as the connector of a new system sees it."""

    records: list[msgspec.Raw]


class OrderPages:
    """A source that reads pages from a file, one a line, as a scaffolded system reads its API."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._orders = json_pages.compiled(odcs.load(CONTRACT), key="id")

    def slices(self, stream: str, window: Window) -> Sequence[Slice]:  # noqa: ARG002 - no days
        """Return the whole file as one piece."""
        return [Slice(stream, partition="", signature=self._path.name)]

    def read(self, stream: str, piece: Slice) -> Reading:  # noqa: ARG002 - there is one
        """Read the pages, every record checked against the contract."""
        return Reading(digest="", partitions=[""], pages=self._pages())

    def _pages(self) -> Iterator[Page]:
        listing = msgspec.json.Decoder(_Listing)
        with self._path.open("rb") as file:
            for body in file:
                yield self._orders.page(listing.decode(body).records)


def orders(records: int) -> Iterator[dict[str, Any]]:
    """Yield so many orders of 12 fields."""
    random = Random(7)
    for number in range(records):
        day, second = 1 + number % 28, number % 60
        yield {
            "id": f"ord_{number:09d}",
            "number": 100_000 + number,
            "status": random.choice(("open", "paid", "shipped")),
            "currency": "GBP",
            "amount": f"{random.randrange(100, 99_999) / 100:.2f}",
            "quantity": random.randrange(1, 50),
            "customer_code": f"cus_{random.randrange(50_000):07d}",
            "product_code": f"SKU-{random.randrange(4_000):05d}",
            "title": f"Hanging lantern no. {random.randrange(1_000)}",
            "is_gift": random.random() < 0.1,
            "created_at": f"2026-03-{day:02d}T09:00:{second:02d}Z",
            "updated_at": f"2026-04-{day:02d}T10:30:{second:02d}Z",
        }


def write_pages(path: Path, records: int, *, every: int = 0) -> Path:
    """Write the orders as pages, one a line; every so-manieth order is a changed one."""
    made = orders(records)
    with path.open("wb") as file:
        while page := list(islice(made, PAGE_RECORDS)):
            for order in page:
                if every and order["number"] % every == 0:
                    order["status"] = "returned"
            file.write(json.dumps({"records": page}, separators=(",", ":")).encode() + b"\n")
    return path


def write_day_files(folder: Path, lines: int) -> Path:
    """Write so many till lines as one file a business day, the last day perhaps a short one."""
    folder.mkdir(parents=True)
    random, left, age = Random(7), lines, 0
    while left > 0:
        day = FIRST_DAY + timedelta(days=age)
        rows = [_line(random, day, number) for number in range(min(left, LINES_A_DAY))]
        (folder / f"{day}.csv").write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
        left, age = left - LINES_A_DAY, age + 1
    return folder


def correct(folder: Path, *, days: int, lines: int) -> None:
    """Correct the quantity in the first so many lines of each of so many files.

    They are the newest but the last, which may be a short one.
    """
    for path in sorted(folder.glob("*.csv"))[-days - 1 : -1]:
        rows = path.read_text(encoding="utf-8").split("\n")
        for place in range(1, 1 + lines):
            fields = rows[place].split(",")
            fields[3] = str(int(fields[3]) + 1)
            rows[place] = ",".join(fields)
        path.write_text("\n".join(rows), encoding="utf-8")


def _line(random: Random, day: date, number: int) -> str:
    """Make up one line: mostly sales of some 4,000 articles, some returns, some postage."""
    receipt, chance = 500_000 + (day - FIRST_DAY).days * 100 + number // 20, random.random()
    article, customer = random.randrange(4_000), random.randrange(4_500)
    returned = chance < 0.02
    return ",".join(
        (
            f"C{receipt}" if returned else str(receipt),
            "POST" if chance > 0.995 else f"{10_000 + article}",
            "POSTAGE" if chance > 0.995 else f"PAINTED TIN BOX NO {article}",
            str(-random.randrange(1, 9) if returned else random.randrange(1, 48)),
            f"{day} {8 + number * 10 // LINES_A_DAY:02d}:{number % 60:02d}:00",
            f"{random.randrange(4, 2_000) / 100}",
            f"{12_000 + customer}.0" if chance < 0.75 else "",
            "United Kingdom" if chance < 0.9 else "France",
        )
    )
