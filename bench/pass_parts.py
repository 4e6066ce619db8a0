"""Whole commands as tables: the real retailer's days in one pass, again, and the light commands."""

from __future__ import annotations

from dataclasses import replace

from accord.store import server
from bench import passes
from bench.engine_parts import Bench
from bench.measuring import Measured
from bench.tables import plain

_HEADS = ("seconds", "CPU s", "peak MB of the pass", "with its children", "days", "lines", "posted")


def retail(bench: Bench) -> None:
    """Make two passes over the real retailer's days: all new, then nothing new."""
    days = passes.unpacked(bench.ground.folder / "retail")
    if days is None:
        return
    home = bench.ground.folder / "retail-home"
    environment = passes.environment(home, days)
    with server.running(replace(bench.ground.settings, home=home)):
        found = [passes.passed(environment) for _ in range(2)]
    rows = [
        _row(title, item) for title, item in zip(("first pass", "nothing new"), found, strict=True)
    ]
    plain(
        "The real retailer's days, from files to posted documents, in one `accord run`",
        _HEADS,
        rows,
    )
    print("Peaks and CPU are Accord's own; PostgreSQL is a process beside it.")


def commands(bench: Bench) -> None:
    """Time the light commands on an installation that has made a pass."""
    home = bench.ground.folder / "light-home"
    environment = passes.environment(home)
    with server.running(replace(bench.ground.settings, home=home)):
        passes.passed(environment)
        rows = []
        for arguments in passes.LIGHT:
            found = passes.light(environment, arguments, repeats=max(3, bench.repeats))
            rows.append(
                (
                    " ".join(["accord", *arguments]),
                    f"{found.cpu:.2f}", f"{found.whole:.2f}", f"{found.rss:.0f}",
                )
            )  # fmt: skip
    plain("Light commands", ("CPU s", "seconds", "peak MB"), rows)


def _row(title: str, found: Measured) -> tuple[str, ...]:
    report = found.told
    return (
        title,
        f"{found.whole:.1f}", f"{found.cpu:.1f}", f"{found.rss:.0f}", f"{found.tree:.0f}",
        f"{report['days']:,}", f"{passes.counted(report, 'landing', 'read'):,}",
        f"{passes.counted(report, 'delivery', 'delivered'):,}",
    )  # fmt: skip
