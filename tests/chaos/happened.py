"""What really happened in schedules: each kind of trouble, counted when it came about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import psycopg

from tests.chaos.schedules import Order, Round, Schedule
from tests.chaos.weather import READS, STATUSES, WISHING, WRITES

if TYPE_CHECKING:
    from tests.chaos.processes import Ended

NETWORK = frozenset(
    {
        *({*READS, *WRITES} - {"status_before", "status_after", *WISHING}),
        *(f"{name} {status}" for name in ("status_before", "status_after") for status in STATUSES),
        *(f"status_before {status} and a wish" for status in STATUSES),
        *("too_many", "too_many and a wish", "muddled"),
    }
)
"""What may become of a request, with every status, and with a wish to be left alone or without."""

COMPANY = frozenset(
    {
        "a record is poisoned at landing", "a record is poisoned at the gate",
        "a record is poisoned at the destination", "a file is half-written",
        "a file changes while it is read", "two files have one time stamp", "a token is revoked",
        "a process is killed", "the database goes away", "the disk is full", "a clock is off",
        "a clock is set back", "two runs are made at once", "several batches leave at once",
    }
)  # fmt: skip


def in_schedule(schedule: Schedule) -> Iterator[str]:
    """What happens in a schedule however its runs go."""
    lines = {line.poison for file in schedule.final for line in file.lines} - {""}
    yield from (f"a record is poisoned {where}" for where in lines)
    whole = {file.content for file in schedule.final}
    changes = [change for round_ in schedule.rounds for change in round_.changes]
    if any(it.content is not None and not it.content.endswith(b"\n") for it in changes):
        yield "a file is half-written"
    stamped = [change for change in changes if change.same_time]
    if len(stamped) > 1 and len({change.content for change in stamped} | whole) > 1:
        yield "two files have one time stamp"
    if any(later.skew < earlier.skew for earlier, later in pairwise(schedule.rounds)):
        yield "a clock is set back"


def in_round(round_: Round, runs: Iterable[Ended]) -> Iterator[str]:
    """What happened in a round whose runs have ended."""
    if round_.skew:
        yield "a clock is off"
    if round_.is_revoked:
        yield "a token is revoked"
    if len(round_.orders) > 1:
        yield "two runs are made at once"
    yield from (told for order in round_.orders for told in _ordered(order))
    for run in runs:
        if run.life.is_dead:
            yield "a process is killed"
        if run.life.was_cut:
            yield "the database goes away"
        if any(isinstance(error, psycopg.errors.DiskFull) for error in run.trouble):
            yield "the disk is full"


def _ordered(order: Order) -> Iterator[str]:
    if order.at_once > 1 and len(order.days) > 1:
        yield "several batches leave at once"


def seldom(met: Counter[str], least: int) -> list[str]:
    """Which kinds of trouble came about fewer than so many times."""
    return sorted(kind for kind in NETWORK | COMPANY if met[kind] < least)
