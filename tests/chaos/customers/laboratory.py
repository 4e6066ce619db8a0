"""The customers' laboratory itself: tells schedules, lets the world be quiet, asks the oracle."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tests.chaos.customers.oracle import differences, doubted, made_again, rows
from tests.chaos.customers.processes import Ended
from tests.chaos.customers.schedules import Order, Schedule, drawn
from tests.chaos.customers.steward import decide
from tests.chaos.customers.twins import apart, customers
from tests.chaos.customers.world import World

LONG_ENOUGH = 600.0
MOST_RUNS = 6
TWINS = 4
"""One in so many seeds is told a second time, without faults."""

Homes = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Failure:
    """A seed whose world did not end as it has to, and in which ways."""

    seed: int
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        told = "\n".join(f"  - {line}" for line in self.wrong)
        replay = f"make chaos ONLY=customers SEEDS=1 FIRST_SEED={self.seed}"
        return f"seed {self.seed} of the customers failed\n{told}\nreplay: {replay}"


def tell(world: World, seed: int, *, twin: bool | None = None) -> Failure | None:
    """Tell the schedule of a seed, some also without faults; return how it failed, or None."""
    schedule = drawn(seed)
    has_twin = seed % TWINS == 0 if twin is None else twin
    try:
        wrong = twins(world, schedule) if has_twin else story(world, schedule)
    except Exception:  # noqa: BLE001 - whatever no run may ever end with is the finding
        wrong = [traceback.format_exc(limit=-8)]
    return Failure(seed, tuple(dict.fromkeys(wrong))) if wrong else None


def twins(world: World, schedule: Schedule) -> list[str]:
    """Tell a story, and again without faults; say what is wrong, or differs in the end."""
    wrong = story(world, schedule)
    if wrong:
        return wrong
    ended = customers(world)
    wrong = [f"without faults: {line}" for line in story(world, schedule.in_peace())]
    return wrong or list(apart(customers(world), ended))


def story(world: World, schedule: Schedule) -> list[str]:
    """Tell a story chapter by chapter; say what is wrong at the end of each."""
    world.reset(schedule)
    before: Homes = {}
    for number, chapter in enumerate(schedule.chapters):
        for round_ in chapter.rounds:
            world.live(round_)
        if any(act.deed == "marketing deletes" for act in chapter.acts):
            world.read_long_ago()  # of whom marketing deletes for good nothing else ever tells
        wrong = [*quiet(world), *differences(world)]
        if not wrong and number == 0:
            wrong = list(made_again(world))
        if not wrong:
            wrong = list(_moved(before, homes(world), world.touched))
        if not wrong and decide(world, chapter.steward):
            wrong = [*quiet(world), *differences(world)]
        if wrong:
            return [f"chapter {number + 1}: {line}" for line in wrong]
        before, _ = homes(world), world.touched.clear()
    return []


def quiet(world: World) -> list[str]:
    """Run without faults until a run changes nothing; say what kept on being wrong."""
    world.heaven.pass_(LONG_ENOUGH)
    wrong: list[str] = []
    order = Order()
    for _ in range(MOST_RUNS):
        before = effects(world)
        (ended,) = world.run_all((order,))
        world.heaven.pass_(LONG_ENOUGH)
        wrong += [f"a run in peace had trouble: {error}" for error in ended.trouble]
        if wrong:
            return wrong
        # One that learned what had become of a write counts it, though nothing happened.
        if effects(world) == before and not _delivered(ended):
            return _unsettled(world, ended)
    return ["the runs never come to rest"]


def _delivered(ended: Ended) -> int:
    told = (it for delivered in ended.delivered.values() for it in delivered.counts.values())
    return sum(counts["delivered"] for counts in told)


def effects(world: World) -> tuple[object, ...]:
    """Everything that ever happened in the systems and to the customers."""
    company = world.company
    [golden] = rows(world, "select last_value, is_called from ops.golden_revisions")
    return (
        len(company.crm.journal()), len(company.billing.journal()),
        len(company.marketing.journal()), golden["last_value"],
    )  # fmt: skip


def homes(world: World) -> dict[tuple[str, str], str]:
    """The golden id of each record."""
    found = rows(world, "select system, source_key, golden_id from canonical.customer_members")
    return {(row["system"], row["source_key"]): row["golden_id"] for row in found}


def _moved(before: Homes, now: Homes, touched: set[str]) -> list[str]:
    """The customers nobody touched whose records have another golden id than before."""
    moved = {key: golden for key, golden in before.items() if now.get(key) != golden}
    changed = {golden for (_, key), golden in before.items() if key in touched}
    return [
        f"the golden id of {system} {key} changed, though nobody touched it"
        for (system, key), golden in moved.items()
        if golden not in changed
    ]


def _unsettled(world: World, ended: Ended) -> list[str]:
    in_doubt = Counter(part for part, _ in doubted(world))
    wrong = [
        f"the last run left {counts[state]} {state} of {part}"
        for part, delivered in ended.delivered.items()
        for counts in delivered.counts.values()
        for state in ("waiting", "unknown", "held")
        if counts[state] != (in_doubt[part] if state == "held" else 0)
    ]
    for done in ended.golden:
        if done.golden_created or done.golden_changed or done.golden_vanished:
            wrong.append(f"the last run changed golden records: {done}")
    return wrong
