"""`python -m bench`: measure and print; `--help` tells what can be chosen."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter

from bench import copybook, customer_parts, engine_parts, matching, pass_parts
from bench.engine_parts import Bench
from bench.ground import ground

PARTS: dict[str, Callable[[Bench], None]] = {
    "landing": engine_parts.landing,
    "canonical": engine_parts.canonical,
    "gate": engine_parts.gate,
    "delivery": engine_parts.delivery,
    "copybook": copybook.measured,
    "matching": matching.measured,
    "customers": customer_parts.measured,
    "retail": pass_parts.retail,
    "commands": pass_parts.commands,
}
SIZES = (10_000, 100_000, 1_000_000)


def main() -> None:
    """Measure the parts asked for, one after the other, on a server of their own."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is cleared away
    started = perf_counter()
    print(_machine(), flush=True)
    with ground() as measured_on:
        bench = Bench(measured_on, sorted(asked.sizes), asked.repeats, not asked.without_dlt)
        failed = [name for name in asked.only or PARTS if not _is_measured(name, bench)]
    print(f"\nLoad at the end {os.getloadavg()[0]:.1f}; {perf_counter() - started:.0f} s in all.")
    if failed:
        sys.exit(f"NOT MEASURED TO THE END: {', '.join(failed)}. The errors are told above.")


def _is_measured(name: str, bench: Bench) -> bool:
    """Measure one part; one that fails is told, and leaves the others their turn."""
    started, part = perf_counter(), PARTS[name]
    purpose = (part.__doc__ or "").partition("\n")[0]
    print(f"\n{name}: {purpose}", file=sys.stderr, flush=True)
    try:
        part(bench)
    except Exception:  # noqa: BLE001 - whatever it was, the other parts can still be measured
        print(f"\n{name.upper()} FAILED\n{traceback.format_exc(limit=-4)}", flush=True)
        return False
    print(f"{name} took {perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    return True


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=SIZES,
        help="how many records (default: %(default)s)",
    )
    parser.add_argument(
        "--only", nargs="+", choices=list(PARTS), help="measure these parts (default: all)"
    )
    parser.add_argument(
        "--repeats", type=int, default=3, help="repetitions of sizes up to 300,000; larger: 1"
    )
    parser.add_argument("--without-dlt", action="store_true", help="leave dlt out")
    return parser.parse_args()


def _machine() -> str:
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, load at the start {os.getloadavg()[0]:.1f}\n"
        "Medians of fresh processes; a load above 0 at the start means others were measured too."
    )


if __name__ == "__main__":
    main()
