"""Tells many schedules on several processes, each with a world of its own."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.chaos import laboratory, world
from tests.chaos.customers import laboratory as customers_laboratory
from tests.chaos.customers import world as customers_world
from tests.chaos.turns import FAMILIES, GENERAL
from tests.support import postgres

TAKINGS, CUSTOMERS = "takings", "customers"
_TOLD_EACH = 200
_EACH_TENTH = 10
"""A schedule of customers takes so much longer that one is told for so many of takings."""

Tell = Callable[[int], object]


def main(arguments: Sequence[str] | None = None) -> int:
    """Tell the schedules asked for; 1 when one of them failed."""
    asked = _asked(arguments)
    with (
        postgres.server() as server,
        ProcessPoolExecutor(asked.jobs, multiprocessing.get_context("spawn")) as workers,
    ):
        failed = [
            _told_by_all(workers, asked, server, company)
            for company in (TAKINGS, CUSTOMERS)
            if asked.only in ("", company)
        ]
    return 1 if any(failed) else 0


def told(server: str, seeds: Sequence[int], company: str, family: str) -> list[int]:
    """Tell some schedules in a database of their own; print the failures, return their seeds."""
    failed, began = [], time.monotonic()
    with _laboratory(server, company, family) as tell:
        for number, seed in enumerate(seeds, start=1):
            failure = tell(seed)
            if failure is not None:
                failed.append(seed)
                print(failure, flush=True)
            if number % _TOLD_EACH == 0:
                each = 1000 * (time.monotonic() - began) / number
                print(f"… {number} told, {len(failed)} failed, {each:.0f} ms each", flush=True)
    return failed


def _told_by_all(
    workers: ProcessPoolExecutor, asked: argparse.Namespace, server: str, company: str
) -> list[int]:
    count = asked.seeds
    if company == CUSTOMERS and not asked.only:
        count = -(-asked.seeds // _EACH_TENTH)
    seeds, began = range(asked.first, asked.first + count), time.monotonic()
    jobs = min(asked.jobs, len(seeds))
    parts = [
        workers.submit(told, server, seeds[place::jobs], company, asked.family)
        for place in range(jobs)
    ]
    failed = sum((part.result() for part in parts), [])
    seconds = time.monotonic() - began
    print(
        f"{len(seeds)} schedules of {company} in {seconds:.0f} s,"
        f" {len(failed)} failed: {sorted(failed)}"
    )
    return failed


@contextmanager
def _laboratory(server: str, company: str, family: str) -> Iterator[Tell]:
    """The laboratory of one company, on a database of its own."""
    with (
        postgres.fresh_database(server) as database,
        tempfile.TemporaryDirectory(dir=_fast_folder()) as folder,
    ):
        if company == TAKINGS:
            with world.built(database, Path(folder)) as made:
                yield partial(laboratory.tell, made, family=family)
        else:
            with customers_world.built(database, Path(folder)) as founded:
                yield partial(customers_laboratory.tell, founded)


def _fast_folder() -> str | None:
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
    return str(memory) if os.access(memory, os.W_OK) else None


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many schedules")
    parser.add_argument("--first", type=int, default=1, help="the first one's seed")
    parser.add_argument("--family", choices=FAMILIES, default=GENERAL, help="what they are rich in")
    parser.add_argument(
        "--only",
        choices=("", TAKINGS, CUSTOMERS),
        default="",
        help="whose; else those of takings, and of customers one for each ten",
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    return parser.parse_args(arguments)
