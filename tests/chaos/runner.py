"""Tells many schedules on several processes, each with a world of its own."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.chaos.laboratory import tell
from tests.chaos.turns import FAMILIES, GENERAL
from tests.chaos.world import built
from tests.support import postgres

_TOLD_EACH = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """Tell the schedules asked for; 1 when one of them failed."""
    asked = _asked(arguments)
    seeds = range(asked.first, asked.first + asked.seeds)
    began = time.monotonic()
    with (
        postgres.server() as server,
        ProcessPoolExecutor(asked.jobs, multiprocessing.get_context("spawn")) as workers,
    ):
        jobs = min(asked.jobs, len(seeds))
        parts = [
            workers.submit(told, server, seeds[place::jobs], asked.family) for place in range(jobs)
        ]
        failed = sum((part.result() for part in parts), [])
    seconds = time.monotonic() - began
    print(f"{len(seeds)} schedules in {seconds:.0f} s, {len(failed)} failed: {sorted(failed)}")
    return 1 if failed else 0


def told(server: str, seeds: Sequence[int], family: str) -> list[int]:
    """Tell some schedules in a database of their own; print the failures, return their seeds."""
    failed, began = [], time.monotonic()
    with (
        postgres.fresh_database(server) as database,
        tempfile.TemporaryDirectory(dir=_fast_folder()) as folder,
        built(database, Path(folder)) as world,
    ):
        for number, seed in enumerate(seeds, start=1):
            failure = tell(world, seed, family)
            if failure is not None:
                failed.append(seed)
                print(failure, flush=True)
            if number % _TOLD_EACH == 0:
                each = 1000 * (time.monotonic() - began) / number
                print(f"… {number} told, {len(failed)} failed, {each:.0f} ms each", flush=True)
    return failed


def _fast_folder() -> str | None:
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
    return str(memory) if os.access(memory, os.W_OK) else None


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many schedules")
    parser.add_argument("--first", type=int, default=1, help="the first one's seed")
    parser.add_argument("--family", choices=FAMILIES, default=GENERAL, help="what they are rich in")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    return parser.parse_args(arguments)
