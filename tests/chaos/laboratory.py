"""The laboratory itself: tells schedules, lets the world be quiet, and asks the oracle."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from tests.chaos.happened import in_schedule
from tests.chaos.oracle import differences
from tests.chaos.processes import Ended
from tests.chaos.schedules import Order, Schedule, drawn
from tests.chaos.turns import GENERAL
from tests.chaos.world import World

LONG_ENOUGH = 600.0


@dataclass(frozen=True, slots=True)
class Failure:
    """A seed whose world did not end as it has to, and in which ways."""

    seed: int
    wrong: tuple[str, ...]
    family: str = GENERAL

    def __str__(self) -> str:
        told = "\n".join(f"  - {line}" for line in self.wrong)
        family = "" if self.family == GENERAL else f' FAMILY="{self.family}"'
        replay = f"make chaos SEEDS=1 FIRST_SEED={self.seed}{family}"
        return f"seed {self.seed} failed\n{told}\nreplay: {replay}"


def tell(world: World, seed: int, family: str = GENERAL) -> Failure | None:
    """Tell the schedule of a seed; return how it failed, or None."""
    wrong = story(world, drawn(seed, family))
    return Failure(seed, tuple(wrong), family) if wrong else None


def story(world: World, schedule: Schedule) -> list[str]:
    """Tell a schedule, and say what is wrong at its end."""
    try:
        world.reset(schedule.seed)
        world.met.update(in_schedule(schedule))
        for number, round_ in enumerate(schedule.rounds):
            world.live(round_, (schedule.seed, number))
        return [*quiet(world, schedule), *differences(world, schedule)]
    except Exception:  # noqa: BLE001 - whatever no run may ever end with is the finding
        for process in world.processes:
            process.end()
        return [traceback.format_exc(limit=-6)]


def quiet(world: World, schedule: Schedule) -> list[str]:
    """Run without faults until nothing is left to do; say what kept on being wrong.

    The tills export every day whole. The first run follows at once, while things are still on their
    way; then they arrive, a steward has sent again what was refused for no reason, and the last run
    may have nothing to do.
    """
    for file in schedule.final:
        world.folder.put(file.day, file.content)
    wrong: list[str] = []
    for distrust in (False, True, False):
        if distrust and not _refused(world):
            continue
        before = _effects(world)
        (ended,) = world.run_all((Order(schedule.days, distrust=distrust, read_back=True),))
        world.sky.pass_(LONG_ENOUGH)
        wrong += [f"a run in peace had trouble: {error}" for error in ended.trouble]
    if _effects(world) != before:
        wrong.append("the last run changed something")
    return wrong + _unsettled(ended)


def _refused(world: World) -> bool:
    found = world.admin.execute(
        "select from ops.dead_letters where stage = 'delivery' and state = 'waiting'"
    )
    return found.fetchone() is not None


def _effects(world: World) -> tuple[int, int]:
    return len(world.accounting.journal()), len(world.poor.journal)


def _unsettled(ended: Ended) -> list[str]:
    return [
        f"the last run left {counts[state]} {state} in {system} on {day}"
        for system, delivered in ended.delivered.items()
        for day, counts in delivered.counts.items()
        for state in ("waiting", "unknown", "delivered")
        if counts[state]
    ]
