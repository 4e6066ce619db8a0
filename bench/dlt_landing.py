"""dlt loading the same orders: run by the interpreter of dlt's own environment, not by ours.

`dlt_landing.py PAGES URL` with the way as JSON on standard input: `items` is what the resource
yields (rows, or Arrow tables made of them), `loader` the loader file format ("" is dlt's default),
`disposition` append or upsert, `runs` how often the same pages are loaded.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Rows = list[dict[str, Any]]

DATASET = "by_dlt"
MOMENTS = ("created_at", "updated_at")


def tables(pages: Iterable[Rows]) -> Iterator[Any]:
    """Yield an Arrow table a page, its moments typed as dlt types them for rows."""
    import pyarrow as pa  # type: ignore[import-not-found]
    from pyarrow import compute

    for rows in pages:
        table = pa.Table.from_pylist(rows)
        for name in MOMENTS:
            typed = compute.strptime(table[name], "%Y-%m-%dT%H:%M:%SZ", "us")
            place = table.schema.get_field_index(name)
            table = table.set_column(place, name, typed.cast(pa.timestamp("us", "UTC")))
        yield table


def read(path: str) -> Iterator[Rows]:
    """Yield the rows of each page."""
    import orjson  # type: ignore[import-not-found]

    with Path(path).open("rb") as file:
        for body in file:
            yield orjson.loads(body)["records"]


def load(pages: str, url: str, way: dict[str, Any]) -> dict[str, Any]:
    """Load the pages; return the seconds of the last run and how many records are there."""
    home = tempfile.mkdtemp()
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
    os.environ["DLT_DATA_DIR"] = home
    import dlt  # type: ignore[import-not-found]

    if way["items"] == "arrow":
        import pyarrow.compute  # type: ignore[import-not-found]  # noqa: F401 - not to be timed

    upsert = {"disposition": "merge", "strategy": "upsert"}
    disposition = upsert if way["disposition"] == "upsert" else "append"

    def orders() -> Iterator[Any]:
        yield from tables(read(pages)) if way["items"] == "arrow" else read(pages)

    resource = dlt.resource(orders, write_disposition=disposition, primary_key="id")

    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=home,
        destination=dlt.destinations.postgres(url),
        dataset_name=DATASET,
    )
    for _ in range(way["runs"]):
        started = time.perf_counter()
        pipeline.run(resource(), loader_file_format=way["loader"] or None)
        seconds = time.perf_counter() - started
    with pipeline.sql_client() as client:
        ((records,),) = client.execute_sql("select count(*) from orders")
    shutil.rmtree(home, ignore_errors=True)
    return {"seconds": seconds, "records": records}


if __name__ == "__main__":
    print(json.dumps(load(sys.argv[1], sys.argv[2], json.load(sys.stdin))))
