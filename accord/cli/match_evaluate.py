"""`accord match evaluate`: how well labelled records are matched, and at what cost."""

from __future__ import annotations

import resource
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from accord.cli.exits import Exit
from accord.errors import Stop

if TYPE_CHECKING:
    from accord.matching.labelled import Labelled
    from accord.matching.model import Matches


def evaluate(
    out: Console,
    records: Path,
    truth: Path,
    *,
    link: Path | None,
    entity: str,
    maps: Sequence[str],
) -> tuple[Exit, dict[str, Any]]:
    """Match the records without looking at the truth, then compare."""
    from accord.matching import match_all
    from accord.matching.labelled import SOURCE, labelled

    asked = labelled(records, truth, link=link, entity=entity, names=_names(maps))
    started = perf_counter()
    found = match_all(asked.records, entity=entity, source=SOURCE if link else None)
    seconds = perf_counter() - started
    report = {
        **_figures(found, asked),
        "seconds": round(seconds, 3),
        "peak_mb": round(_peak(), 1),
        "bands": _bands(found, asked),
        "records": asked.records.num_rows,
        "model": found.model.version,
    }
    _show(out, report)
    return Exit.OK, report


def _names(maps: Sequence[str]) -> Mapping[str, str]:
    found = {}
    for text in maps:
        given, equals, name = text.rpartition("=")
        if not (given and equals and name):
            raise Stop(
                f"--map {text} is not COLUMN=canonical", remedy="write --map surname=last_name"
            )
        found[given.strip()] = name.strip()
    return found


def _figures(found: Matches, asked: Labelled) -> dict[str, Any]:
    from accord.matching.measures import b_cubed, largest, pairwise

    side = asked.side if asked.is_linked else None
    return {
        "pairwise": pairwise(found.likely, asked.truth, side=side).as_dict(),
        "cluster": {
            **b_cubed(found.likely, asked.truth).as_dict(),
            "largest": largest(found.likely),
        },
    }


def _bands(found: Matches, asked: Labelled) -> dict[str, Any]:
    """How right the engine is where it links by itself, and what it asks a steward."""
    from accord.matching.measures import pairwise

    truth, side = asked.truth, asked.side if asked.is_linked else None
    reviewed = [
        truth[pair.left] == truth[pair.right]
        for pair in found.pairs
        if pair.band == "review" and (side is None or side(pair.left) != side(pair.right))
    ]
    return {
        "link": pairwise(found.clusters, truth, side=side).as_dict(),
        "review": {"pairs": len(reviewed), "true": sum(reviewed)},
    }


def _peak() -> float:
    """The peak of this process's own memory in MB."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _show(out: Console, report: Mapping[str, Any]) -> None:
    table = Table("judged by", "precision", "recall", "F1")
    link = report["bands"]["link"]
    for title, told in (
        ("pairs of records", report["pairwise"]),
        ("each record's cluster (B-cubed)", report["cluster"]),
        ("pairs linked without asking", link),
    ):
        table.add_row(title, *(f"{told[name]:.4f}" for name in ("precision", "recall", "f1")))
    out.print(table)
    review = report["bands"]["review"]
    out.print(
        f"{report['records']} records in {report['seconds']} s, {report['peak_mb']} MB at most;"
        f" largest cluster {report['cluster']['largest']};"
        f" {review['pairs']} pairs for a steward, {review['true']} of them one."
    )
