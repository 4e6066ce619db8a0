"""The tables that are printed: what was measured, beside limits and others, with growth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rich import box
from rich.console import Console
from rich.table import Table

from bench.measuring import Measured

_WIDTH = 118
_TENFOLD = 10


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: what it is, what it took, and limits to compare it with."""

    title: str
    found: Measured
    limits: Mapping[str, Measured] = field(default_factory=dict)


def console() -> Console:
    """A console that fits the tables, also where the output is a file."""
    return Console(width=_WIDTH, highlight=False)


def show(title: str, rows: Sequence[Row]) -> None:
    """Print one part's rows, and how time and memory grow from each size to ten times it."""
    limits = list(dict.fromkeys(name for row in rows for name in row.limits))
    outside = any("outside" in row.found.told for row in rows)
    heads = ["", "records", "seconds", "records/s", "peak MB"]
    heads += [f"{name}, /s" for name in limits] + ["outside s"] * outside + ["growth", "times"]
    table = _table(title, heads)
    by_title: dict[str, dict[int, Measured]] = defaultdict(dict)
    for row in rows:
        found = row.found
        by_title[row.title][found.records] = found
        cells = [
            row.title,
            f"{found.records:,}",
            f"{found.seconds:.2f}",
            f"{found.rate:,.0f}",
            _mb(found),
        ]
        cells += [f"{row.limits[name].rate:,.0f}" if name in row.limits else "" for name in limits]
        if outside:
            cells.append(f"{found.told['outside']:.2f}")
        smaller = by_title[row.title].get(found.records // _TENFOLD)
        table.add_row(*cells, _growth(found, smaller), str(found.repeats))
    console().print(table)


def beside(title: str, rows: Sequence[tuple[str, Measured]]) -> None:
    """Print ways of doing the same, and how many times as much as the first each takes.

    CPU seconds hardly change when the machine has other work; they include every import.
    """
    heads = ["", "seconds", "beside", "CPU s", "PostgreSQL's", "both beside", "peak MB", "times"]
    table = _table(title, heads)
    first = rows[0][1]
    for name, found in rows:
        table.add_row(
            name,
            f"{found.seconds:.2f}",
            f"{found.seconds / first.seconds:.1f} x",
            f"{found.cpu:.2f}",
            f"{found.server:.2f}",
            f"{(found.cpu + found.server) / (first.cpu + first.server):.1f} x",
            _mb(found),
            str(found.repeats),
        )
    console().print(table)


def plain(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table of texts."""
    table = _table(title, ["", *heads])
    for row in rows:
        table.add_row(*row)
    console().print(table)


def _growth(found: Measured, smaller: Measured | None) -> str:
    if smaller is None or not smaller.seconds:
        return ""
    memory = f", {found.rss / smaller.rss:.1f} x MB" if smaller.rss else ""
    return f"{found.seconds / smaller.seconds:.1f} x s{memory}"


def _mb(found: Measured) -> str:
    return f"{found.rss:,.0f}" if found.rss else ""


def _table(title: str, heads: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    table.add_column(heads[0])
    for head in heads[1:]:
        table.add_column(head, justify="right")
    return table
