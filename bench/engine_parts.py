"""The engine's parts, each at every size: landing, canonical, gate and delivery, as tables."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import measuring, rivals, workload
from bench.ground import EMPTY, Ground
from bench.measuring import Measured
from bench.tables import Row, beside, show

_COMPARED = 100_000
_ONCE = 300_000
_DOCUMENTS = {"emulator": 100, "nowhere": 10}
_MODELS = "bench_models"


@dataclass(slots=True)
class Bench:
    """What all parts share: the ground, the sizes, and how often each is repeated."""

    ground: Ground
    sizes: Sequence[int]
    repeats: int
    with_dlt: bool
    modelled: bool = False

    def repeated(self, size: int) -> range:
        """The repetitions at a size; large ones are made once."""
        return range(1 if size > _ONCE else self.repeats)

    def pages(self, size: int, *, every: int = 0) -> Path:
        """The orders as pages, made on first use."""
        path = self.ground.folder / f"orders-{size}-{every}.ndjson"
        return path if path.exists() else workload.write_pages(path, size, every=every)

    def days(self, size: int) -> Path:
        """The till lines as day files, made on first use."""
        path = self.ground.folder / f"days-{size}"
        return path if path.exists() else workload.write_day_files(path, size)

    def measured(self, name: str, size: int, *, like: str = EMPTY, **more: Any) -> Measured:
        """Repeat a case, each time on a database of its own; the last one is kept as `last`."""
        found = []
        for _ in self.repeated(size):
            store = self.ground.database("bench_last", like=like)
            found.append(measuring.case(name, {"store": store, **more}))
        return measuring.middle(found)


def landing(bench: Bench) -> None:
    """Land orders and till lines at every size; then beside dlt, again, and in part."""
    rows: list[Row] = []
    for title, kind in (("JSON pages", "orders"), ("POS day files", "days")):
        found = {}
        for size in bench.sizes:
            source = _source(bench, kind, size)
            found[size] = bench.measured(f"land_{kind}", size, **source)
            copy = bench.measured("copy_limit", size, **source)
            parse = bench.measured("parse_limit", size, **source)
            rows.append(Row(title, found[size], {"COPY limit": copy, "parse limit": parse}))
    show("Landing", rows)
    if _COMPARED in bench.sizes:
        _orders_beside_dlt(bench)
    _corrections(bench)
    bench.ground.forget("bench_last")


def canonical(bench: Bench) -> None:
    """Build the canonical models of the till lines at every size."""
    rows = []
    for size in bench.sizes:
        like = _landed(bench, size)
        home = str(bench.ground.folder)
        rows.append(Row("dbt, 4 models", bench.measured("build", size, like=like, home=home)))
        bench.ground.forget("bench_last", like)
    show("Canonical", rows)


def gate(bench: Bench) -> None:
    """Judge the sales at every size, in SQL and by Great Expectations."""
    rows = []
    for size in bench.sizes:
        like = _landed(bench, size)
        store = bench.ground.database("bench_built", like=like)
        home = str(bench.ground.folder)
        measuring.case("build", {"store": store, "home": home})
        found = measuring.middle(
            [measuring.case("judge", {"store": store}) for _ in bench.repeated(size)]
        )
        rows.append(Row("SQL pass", found))
        rows.append(Row("Great Expectations", _second(found)))
        bench.ground.forget("bench_built", like)
    show("Gate of the sales", rows)


def delivery(bench: Bench) -> None:
    """Deliver documents: one for each 100 records to the emulator, one for each 10 to nowhere."""
    rows = []
    for to, share in _DOCUMENTS.items():
        for size in bench.sizes:
            documents = size // share
            found = []
            for _ in bench.repeated(size):
                home = bench.ground.folder / "sandbox-of-one"
                store = bench.ground.database("bench_last")
                options = {"store": store, "documents": documents, "to": to, "home": str(home)}
                found.append(measuring.case("deliver", options))
                shutil.rmtree(home, ignore_errors=True)
            rows.append(Row(f"documents to {to}", measuring.middle(found)))
    show("Delivery", rows)
    bench.ground.forget("bench_last")


def _source(bench: Bench, kind: str, size: int) -> dict[str, Any]:
    path = bench.pages(size) if kind == "orders" else bench.days(size)
    return {"pages" if kind == "orders" else "days": str(path)}


def _second(found: Measured) -> Measured:
    told = found.told
    return Measured(
        told["second"], found.whole, found.cpu, told["second_rss"], found.tree, told, found.repeats
    )


def _orders_beside_dlt(bench: Bench) -> None:
    """The same pages by us and by dlt, typing into columns counted in on both sides."""
    pages = bench.pages(_COMPARED)
    ours = bench.measured("land_orders", _COMPARED, pages=str(pages))
    same, few = (
        bench.measured(
            "land_orders_again",
            _COMPARED,
            before=str(pages),
            pages=str(bench.pages(_COMPARED, every=every)),
        )
        for every in (0, 100)
    )
    first = [("Accord, typed too", _typed(ours))]
    again = [("Accord, all again", same), ("Accord, 1 in 100 changed", few)]
    python = rivals.interpreter() if bench.with_dlt else None
    if python is not None:
        first += list(_by_dlt(bench, python, rivals.WAYS, pages))
        again += list(_by_dlt(bench, python, rivals.AGAIN, pages))
    beside(f"{_COMPARED:,} JSON records of 12 fields, loaded and typed", first)
    beside(f"The same {_COMPARED:,} records once more", again)


def _by_dlt(
    bench: Bench, python: Path, ways: Iterable[rivals.Way], pages: Path
) -> Iterable[tuple[str, Measured]]:
    for way in ways:
        found = []
        for _ in bench.repeated(_COMPARED):
            bench.ground.database("bench_last")
            address = bench.ground.address.sibling("bench_last")
            found.append(rivals.loaded(python, way, pages, address))
        yield way.title, measuring.middle(found)


def _typed(found: Measured) -> Measured:
    seconds = found.seconds + found.told["typing"]
    return Measured(
        seconds, found.whole, found.cpu, found.rss, found.tree, found.told, found.repeats
    )


def _corrections(bench: Bench) -> None:
    """Land the largest folder, correct 1,000 lines in it, and find them."""
    size = max(bench.sizes)
    folder = bench.ground.folder / "corrected"
    shutil.copytree(bench.days(size), folder)
    store = bench.ground.database("bench_last")
    options = {"store": store, "days": str(folder)}
    measuring.case("land_days", options)
    workload.correct(folder, days=5, lines=200)
    found = measuring.case("find_changed", options)
    shutil.rmtree(folder)
    told = found.told
    print(
        f"\n{found.records:,} corrected lines of {size:,}, in 5 day files: noticed in "
        f"{told['notice'] * 1000:.0f} ms, landed in {told['land']:.2f} s,\nthe days to build found "
        f"in {told['watermark'] * 1000:.0f} ms. Everything read once more, nothing new: "
        f"{told['nothing_new']:.2f} s."
    )


def _landed(bench: Bench, size: int) -> str:
    """A database with the dbt project and so many till lines in it."""
    home = str(bench.ground.folder)
    if not bench.modelled:
        store = bench.ground.database(_MODELS)
        measuring.case("prepare", {"store": store, "home": home})
        bench.modelled = True
    name = f"bench_landed_{size}"
    store = bench.ground.database(name, like=_MODELS)
    measuring.case("land_days", {"store": store, "days": str(bench.days(size))})
    return name
