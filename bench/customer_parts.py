"""Every customer changes, as tables: each step of the pass, and how it grows tenfold."""

from __future__ import annotations

from bench.customers import AFTERWARDS, ON_THE_WAY, STEPS
from bench.engine_parts import LAST, Bench
from bench.measuring import Measured
from bench.tables import plain

SIZES = (1_000, 10_000)
_HEADS = ("seconds", "ours, CPU s", "vendors', CPU s", "first load, s")


def measured(bench: Bench) -> None:
    """Change every customer, and time the way from the sources to all three destinations."""
    sizes = [size for size in SIZES if size <= max(bench.sizes)] or [min(bench.sizes)]
    found: dict[int, Measured] = {}
    for size in sizes:
        home = str(bench.ground.folder / f"customers-{size}")
        found[size] = bench.once("change_customers", customers=size, home=home)
        rows = [_row(step, found[size]) for step in STEPS]
        plain(f"{size:,} customers, each changed: by step", _HEADS, rows)
        print(
            f"{' and '.join(ON_THE_WAY)}: {found[size].seconds:.1f} s from source to all three "
            f"destinations, the first load {found[size].told['first']:.1f} s; "
            f"{' and '.join(AFTERWARDS)} come after. Peak of the pass {found[size].rss:,.0f} MB; "
            f"PostgreSQL's CPU over both passes {found[size].server:.1f} s."
        )
    if len(found) > 1:
        smaller, larger = found.values()
        print(f"t({larger.records:,}) / t({smaller.records:,}) = {_times(larger, smaller):.1f}")
    bench.ground.forget(LAST)


def _row(step: str, found: Measured) -> tuple[str, ...]:
    told = found.told
    names = (step, f"{step}_cpu", f"{step}_vendors_cpu", f"first_{step}")
    return (step.replace("_", " "), *(f"{told[name]:.2f}" for name in names))


def _times(larger: Measured, smaller: Measured) -> float:
    return larger.seconds / smaller.seconds
