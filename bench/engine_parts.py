"""The engine's parts, each at every size: landing, canonical, gate and delivery, as tables."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from bench import measuring, rivals, workload
from bench.ground import EMPTY, ENDING, Ground
from bench.measuring import Measured, middle
from bench.tables import Row, beside, show

_COMPARED = 100_000
_ONCE = 300_000
_RECORDS_A_DOCUMENT = 100
_LATENCY = 5
_BOTH = ("deliver_changes", "deliver_nowhere")
_PATIENCE = 600.0  # seconds; all parts are to be measured within 20 minutes
_MODELS, _LANDED, LAST = "bench_models", "bench_landed", "bench_last"


@dataclass(slots=True)
class Bench:
    """What all parts share: the ground, the sizes, and how often each is repeated."""

    ground: Ground
    sizes: Sequence[int]
    repeats: int
    with_dlt: bool
    built: dict[int, str] = field(default_factory=dict)
    began: float = field(default_factory=perf_counter)

    def repeated(self, size: int) -> range:
        """The repetitions at a size; large ones, and all after some minutes, are made once."""
        is_late = perf_counter() - self.began > _PATIENCE
        return range(1 if size > _ONCE or is_late else self.repeats)

    def pages(self, size: int, *, every: int = 0) -> Path:
        """The orders as pages, made on first use."""
        path = self.ground.folder / f"orders-{size}-{every}.ndjson"
        return path if path.exists() else workload.write_pages(path, size, every=every)

    def days(self, size: int) -> Path:
        """The till lines as day files, made on first use."""
        path = self.ground.folder / f"days-{size}"
        return path if path.exists() else workload.write_day_files(path, size)

    def measured(self, name: str, size: int, *, like: str = EMPTY, **more: Any) -> Measured:
        """Repeat a case, each time on a database of its own; the last one is kept."""
        return middle([self.once(name, like=like, **more) for _ in self.repeated(size)])

    def once(self, name: str, *, like: str = EMPTY, **more: Any) -> Measured:
        """Run a case on a fresh database."""
        print(f"  measuring {name} …", file=sys.stderr, flush=True)
        store = self.ground.database(LAST, like=like)
        return self.watched(lambda: measuring.case(name, {"store": store, **more}))

    def watched(self, measure: Callable[[], Measured]) -> Measured:
        """Measure, and note what PostgreSQL did meanwhile."""
        before = self.ground.cpu()
        found = measure()
        sleep(ENDING)
        return replace(found, server=self.ground.cpu() - before)


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
    bench.ground.forget(LAST)


def canonical(bench: Bench) -> None:
    """Build the canonical models of the till lines at every size."""
    rows = [Row("dbt, 4 models", _built(bench, size)) for size in bench.sizes]
    show("Canonical", rows)


def gate(bench: Bench) -> None:
    """Judge the sales at every size, in SQL and by Great Expectations."""
    rows = []
    for size in bench.sizes:
        if size not in bench.built:
            _built(bench, size)
        store = bench.ground.database(LAST, like=bench.built[size])
        found = middle([measuring.case("judge", {"store": store}) for _ in bench.repeated(size)])
        rows += [Row("SQL pass", found), Row("Great Expectations", _second(found))]
    show("Gate of the sales", rows)
    bench.ground.forget(LAST, *bench.built.values())
    bench.built.clear()


def delivery(bench: Bench) -> None:
    """Deliver one document for each 100 records: to the emulator, and to nowhere at all."""
    home = bench.ground.folder / "sandbox-of-one"
    rows = []
    for to in ("emulator", "nowhere"):
        for size in bench.sizes:
            found = []
            for _ in bench.repeated(size):
                documents = size // _RECORDS_A_DOCUMENT
                found.append(bench.once("deliver", documents=documents, to=to, home=str(home)))
                shutil.rmtree(home, ignore_errors=True)
            rows.append(Row(f"documents to {to}", middle(found)))
    show("Delivery", rows)
    _changes(bench)
    _due(bench)
    bench.ground.forget(LAST)


def _changes(bench: Bench) -> None:
    """Deliver changes over HTTP at 5 ms latency, in batches of 200 and one record a call.

    Each beside the same to nowhere, in turn: what the engine costs by itself.
    """
    ways: tuple[tuple[str, int, dict[str, Any]], ...] = (
        ("batches of 200, 8 at once", 1, {"batch": 200, "concurrent": 8, "single": False}),
        ("one record a call, 16 at once", 20, {"batch": 10, "concurrent": 16, "single": True}),
    )
    home = str(bench.ground.folder)
    rows, told = [], []
    for title, part, how in ways:
        for size in bench.sizes:
            options = {"changes": size // part, "latency_ms": _LATENCY, "home": home, **how}
            over_http, nowhere = in_turn(
                {name: partial(bench.once, name, **options) for name in _BOTH},
                bench.repeated(size),
            )
            rows += [Row(title, over_http[1]), Row(f"{title}, to nowhere", nowhere[1])]
            told.append(_own_cost(title, over_http[1], nowhere[1]))
    show(f"Changes over HTTP, {_LATENCY} ms latency (outside: all threads together)", rows)
    print("\n".join(told))


def _own_cost(title: str, over_http: Measured, nowhere: Measured) -> str:
    """Say what the engine takes by itself, for each change and beside the time over HTTP."""
    outside, alone = over_http.told["outside"], nowhere.told
    each = 1e6 / nowhere.records
    processors = alone["ours"] + alone["server"]
    return (
        f"{nowhere.records:,} in {title}: the engine alone takes "
        f"{nowhere.seconds * each:.1f} µs each, {nowhere.seconds / outside:.2f} of the "
        f"{outside * each:.1f} µs over HTTP;\nof processors it takes {alone['ours'] * each:.1f} µs "
        f"of ours and {alone['server'] * each:.1f} of PostgreSQL's, {processors / outside:.2f} of "
        "it."
    )


def _due(bench: Bench) -> None:
    """Find 1,000 changed objects among all that are stored."""
    for size in bench.sizes:
        found = bench.measured("find_due", size, stored=size)
        print(
            f"{found.records:,} changed of {size:,} found, with what is known of each, "
            f"in {found.seconds * 1000:.0f} ms"
        )


def _source(bench: Bench, kind: str, size: int) -> dict[str, Any]:
    path = bench.pages(size) if kind == "orders" else bench.days(size)
    return {"pages" if kind == "orders" else "days": str(path)}


def _second(found: Measured) -> Measured:
    return replace(found, seconds=found.told["second"], rss=found.told["second_rss"])


def _orders_beside_dlt(bench: Bench) -> None:
    """The same pages by us and by dlt in turn, typing into columns counted in on both sides."""
    pages = str(bench.pages(_COMPARED))
    few = str(bench.pages(_COMPARED, every=100))
    first: dict[str, Callable[[], Measured]] = {
        "Accord, typed too": lambda: _typed(bench.once("land_orders", pages=pages))
    }
    again: dict[str, Callable[[], Measured]] = {
        "Accord, nothing changed": lambda: bench.once(
            "land_orders_again", before=pages, pages=pages
        ),
        "Accord, 1 in 100 changed": lambda: bench.once(
            "land_orders_again", before=pages, pages=few
        ),
    }
    python = rivals.interpreter() if bench.with_dlt else None
    if python is not None:
        for ways, found in ((rivals.WAYS, first), (rivals.AGAIN, again)):
            found |= {way.title: partial(_by_dlt, bench, python, way, Path(pages)) for way in ways}
    beside(
        f"{_COMPARED:,} JSON records of 12 fields, loaded and typed",
        in_turn(first, bench.repeated(_COMPARED)),
    )
    beside(f"The same {_COMPARED:,} records once more", in_turn(again, range(1)))


def in_turn(
    ways: Mapping[str, Callable[[], Measured]], repetitions: Iterable[int]
) -> list[tuple[str, Measured]]:
    """Repeat all ways one after the other, so that a busy moment does not fall on one alone."""
    rounds = [{title: run() for title, run in ways.items()} for _ in repetitions]
    return [(title, middle([found[title] for found in rounds])) for title in ways]


def _by_dlt(bench: Bench, python: Path, way: rivals.Way, pages: Path) -> Measured:
    print(f"  measuring {way.title} …", file=sys.stderr, flush=True)
    bench.ground.database(LAST)
    address = bench.ground.address.sibling(LAST)
    return bench.watched(lambda: rivals.loaded(python, way, pages, address))


def _typed(found: Measured) -> Measured:
    return replace(found, seconds=found.seconds + found.told["typing"])


def _corrections(bench: Bench) -> None:
    """Land the largest folder, correct 1,000 lines in it, and find them."""
    size = max(bench.sizes)
    folder = bench.ground.folder / "corrected"
    shutil.copytree(bench.days(size), folder)
    store = bench.ground.database(LAST)
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


def _built(bench: Bench, size: int) -> Measured:
    """Build the models from so many landed lines; the database of it is kept for the gate."""
    home, name = str(bench.ground.folder), f"bench_built_{size}"
    if not bench.built:
        measuring.case("prepare", {"store": bench.ground.database(_MODELS), "home": home})
    store = bench.ground.database(_LANDED, like=_MODELS)
    measuring.case("land_days", {"store": store, "days": str(bench.days(size))})
    found = bench.measured("build", size, like=_LANDED, home=home)
    bench.ground.database(name, like=LAST)
    bench.ground.forget(_LANDED)
    bench.built[size] = name
    return found
