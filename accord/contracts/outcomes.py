"""Declared business results and whether they are met: pure decisions over measured facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from accord.errors import Stop

State = Literal["met", "late", "pending", "missed"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One declared result: who wants what by when, and how it is measured.

    Each business day is due on the next calendar day at `deadline`, local time. A day whose export
    arrives after that is due `acceptable_latency` after its arrival. An outcome without a deadline
    is continuous: whatever changes is due everywhere `acceptable_latency` after it was seen.
    """

    name: str = ""
    says: str
    owner: str
    flow: str
    reconciliation: str = ""
    deadline: time | None = None
    timezone: str
    acceptable_latency: timedelta
    measure: str
    tolerance: Decimal = Decimal(0)
    closed_on: tuple[Weekday, ...] = ()


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What is known about one business day; all times carry a time zone.

    `first_arrived_at` and `last_arrived_at` are when its export first came and last changed,
    `reconciled_at` when both sides were first seen equal, `difference` the latest comparison.
    """

    landed: bool = False
    first_arrived_at: datetime | None = None
    last_arrived_at: datetime | None = None
    reconciled_at: datetime | None = None
    difference: Decimal | None = None


@dataclass(frozen=True, slots=True)
class OutcomeState:
    """How an outcome stands: for which day, due when, in a sentence, and what to do."""

    outcome: str
    state: State
    day: date
    due_at: datetime
    detail: str
    remedy: str = ""
    difference: Decimal | None = None


def load_outcomes(path: Path) -> dict[str, Outcome]:
    """Read the declared outcomes by name. Raises Stop, naming the fault and the remedy."""
    import yaml

    try:
        raw = yaml.safe_load(path.read_bytes())
        declared = msgspec.convert(raw, dict[str, Outcome])
        for outcome in declared.values():
            ZoneInfo(outcome.timezone)
            if (outcome.deadline is None) != (not outcome.reconciliation):
                raise ValueError  # noqa: TRY301 - told with the other faults
    except (OSError, yaml.YAMLError, msgspec.ValidationError, ValueError, KeyError) as error:
        fault = str(error) if isinstance(error, msgspec.ValidationError) else type(error).__name__
        raise Stop(
            f"The outcomes in {path.name} cannot be used: {fault}",
            remedy="mend the entry; put times and decimals into quotes, name an IANA time zone, "
            "and give a deadline and a reconciliation together or not at all",
        ) from error
    return {name: msgspec.structs.replace(outcome, name=name) for name, outcome in declared.items()}


def state(outcome: Outcome, facts: Mapping[date, DayFacts], now: datetime) -> OutcomeState:
    """Say how `outcome` stands at `now`.

    The day shown is yesterday; but while yesterday is still pending, a day before it that is
    missed is shown instead, because somebody has to act on it.
    """
    newest = _trading_day_before(outcome, now.astimezone(ZoneInfo(outcome.timezone)).date())
    current = of_day(outcome, newest, facts.get(newest, DayFacts()), now)
    if current.state == "pending":
        before = _trading_day_before(outcome, newest)
        previous = of_day(outcome, before, facts.get(before, DayFacts()), now)
        if previous.state == "missed":
            return previous
    return current


def of_day(outcome: Outcome, day: date, facts: DayFacts, now: datetime) -> OutcomeState:
    """Judge one business day."""
    zone = ZoneInfo(outcome.timezone)
    at = outcome.deadline or time()
    deadline = datetime.combine(day + timedelta(days=1), at, zone)
    due = _due(outcome, deadline, facts)
    verdict, happened, remedy = _judged(outcome, day, facts, due=due, now=now)
    return OutcomeState(
        outcome=outcome.name,
        state=verdict,
        day=day,
        due_at=due,
        detail=_with_arrival(happened, facts, deadline),
        remedy=remedy,
        difference=facts.difference,
    )


def _trading_day_before(outcome: Outcome, day: date) -> date:
    for back in range(1, 8):
        earlier = day - timedelta(days=back)
        if earlier.strftime("%A").lower() not in outcome.closed_on:
            return earlier
    return day - timedelta(days=1)


def _due(outcome: Outcome, deadline: datetime, facts: DayFacts) -> datetime:
    """Return when the day has to be held: a late arrival, or a correction, gets its own time."""
    arrivals = [facts.first_arrived_at]
    if facts.reconciled_at and not _holds(outcome, facts):
        arrivals.append(facts.last_arrived_at)
    late = [arrived for arrived in arrivals if arrived is not None and arrived > deadline]
    return max([deadline, *(arrived + outcome.acceptable_latency for arrived in late)])


def _holds(outcome: Outcome, facts: DayFacts) -> bool:
    return facts.difference is not None and abs(facts.difference) <= outcome.tolerance


def _judged(
    outcome: Outcome, day: date, facts: DayFacts, *, due: datetime, now: datetime
) -> tuple[State, str, str]:
    open_state: State = "pending" if now <= due else "missed"
    still = f"due by {_clock(due)}" if now <= due else f"it was due by {_clock(due)}"
    if facts.reconciled_at and _holds(outcome, facts):
        held = _clock(facts.reconciled_at.astimezone(due.tzinfo))
        if facts.reconciled_at <= due:
            return "met", f"accounting has held the day {day} since {held}", ""
        return "late", f"accounting has held the day {day} only since {held}; {still}", ""
    if facts.first_arrived_at is None:
        words = "has not arrived yet" if now <= due else "has not arrived"
        remedy = "have the export of that day sent; the next pass delivers it by itself"
        return open_state, f"the export of {day} {words}; {still}", remedy
    if not facts.landed:
        remedy = "see the dead letters for the cause, and have the export sent again"
        return open_state, f"the export of {day} could not be read; {still}", remedy
    if facts.difference is None:
        remedy = "see `accord status` for the gate and the deliveries of that day"
        return open_state, f"accounting has not been compared for {day}; {still}", remedy
    since = " since a correction" if facts.reconciled_at else ""
    remedy = f"run `accord reconcile --from {day} --to {day}` to see what differs"
    return open_state, f"accounting differs by {facts.difference} for {day}{since}; {still}", remedy


def _with_arrival(happened: str, facts: DayFacts, deadline: datetime) -> str:
    first = facts.first_arrived_at
    if first is not None and first > deadline:
        arrived = _clock(first.astimezone(deadline.tzinfo))
        happened = f"{happened}; the day's export arrived late, at {arrived}"
    return f"{happened[0].upper()}{happened[1:]}."


def _clock(moment: datetime) -> str:
    return moment.strftime("%H:%M on %Y-%m-%d")
