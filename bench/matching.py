"""Matching: all records of a store at once, and a thousand new ones against those stored.

The records are made up: four of five are persons, one of five is another record of a customer
already there. The look-up of candidates in the store is not part of it: each new record is scored
against twenty stored ones.
"""

from __future__ import annotations

from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import pyarrow.parquet as parquet

from accord.matching import block_keys_all, match_all, score_new
from accord.matching.measures import pairwise
from bench import measuring
from bench.engine_parts import Bench
from bench.made_up_customers import customers
from bench.tables import plain

_NEW = 1_000
_CANDIDATES = 20_000
_STORED = 1_000_000


def match_everything(options: dict[str, Any]) -> dict[str, Any]:
    """Match all records of a file, learning the model from them."""
    made = parquet.read_table(options["file"])
    records = made.drop_columns(["customer"])
    started, cpu = perf_counter(), process_time()
    found = match_all(records, entity="customer")
    seconds, working = perf_counter() - started, process_time() - cpu
    ids = made.column("id").to_pylist()
    truth = dict(zip(ids, map(str, made.column("customer").to_pylist()), strict=True))
    return {
        "seconds": seconds,
        "records": records.num_rows,
        "working": working,
        "pairs": len(found.pairs),
        "likely": pairwise(found.likely, truth).as_dict(),
        "linked": pairwise(found.clusters, truth).as_dict(),
    }


def match_new(options: dict[str, Any]) -> dict[str, Any]:
    """Find the keys of new records, and score each against its candidates."""
    records = parquet.read_table(options["file"]).drop_columns(["customer"])
    model = match_all(records.slice(0, _CANDIDATES), entity="customer").model
    stored, new = records.slice(0, _CANDIDATES), records.slice(_CANDIDATES, _NEW)
    names, others = new.column("id").to_pylist(), stored.column("id").to_pylist()
    each = _CANDIDATES // _NEW
    pairs = [
        (name, others[at * each + more]) for at, name in enumerate(names) for more in range(each)
    ]
    started, cpu = perf_counter(), process_time()
    block_keys_all(new, entity="customer")
    score_new(new, stored, entity="customer", model=model, pairs=pairs, records=_STORED)
    seconds = perf_counter() - started
    return {"seconds": seconds, "records": _NEW, "working": process_time() - cpu}


def measured(bench: Bench) -> None:
    """Measure both at every size, each in a process of its own, and print them."""
    rows = []
    for size in bench.sizes:
        file = _made(bench.ground.folder, size)
        found = measuring.case("match_everything", {"file": str(file)})
        linked, likely = found.told["linked"], found.told["likely"]
        rows.append(
            [
                f"{size:,}", f"{found.seconds:.1f}", f"{found.told['working']:.1f}",
                f"{found.rss:.0f}", f"{likely['precision']:.3f}", f"{likely['recall']:.3f}",
                f"{linked['precision']:.4f}",
            ]
        )  # fmt: skip
    heads = ["records", "seconds", "CPU s", "peak MB", "precision", "recall", "linked precision"]
    plain("All records matched, the model learnt from them", heads, rows)
    new = measuring.case("match_new", {"file": str(_made(bench.ground.folder, _CANDIDATES + _NEW))})
    plain(
        "New records: keys, and twenty candidates each scored",
        ["new", "seconds", "CPU s", "peak MB"],
        [[f"{_NEW:,}", f"{new.seconds:.2f}", f"{new.told['working']:.2f}", f"{new.rss:.0f}"]],
    )


def _made(folder: Path, size: int) -> Path:
    path = folder / f"customers-{size}.parquet"
    if not path.exists():
        parquet.write_table(customers(size), path)
    return path
