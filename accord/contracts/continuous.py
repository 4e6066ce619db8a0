"""Results without a deadline: whatever changes has to be everywhere within a declared time.

Pure decisions over measured facts, like those about days in `accord.contracts.outcomes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from accord.contracts.outcomes import Outcome, OutcomeState, State


@dataclass(frozen=True, slots=True)
class FlowFacts:
    """What is known about a flow that never ends; all times carry a time zone.

    `compared_at` is when the destinations were last read back, `apart` how many objects were not
    as they should be then, and `apart_since` when they last were all equal before that. `objects`
    is how many were compared. `waiting_since` is when the oldest write was intended that has not
    arrived yet, `landed_since` when the oldest change was landed that no pass has gone over.
    """

    compared_at: datetime | None = None
    objects: int = 0
    apart: int = 0
    apart_since: datetime | None = None
    waiting_since: datetime | None = None
    landed_since: datetime | None = None


def state_now(outcome: Outcome, facts: FlowFacts, now: datetime) -> OutcomeState:
    """Say how a continuous outcome stands at `now`."""
    zone = ZoneInfo(outcome.timezone)
    since, what, remedy = _open(outcome, facts)
    due = (since or now) + outcome.acceptable_latency
    verdict: State = "met"
    if facts.compared_at is None:
        verdict = "pending"
    elif since is not None:
        verdict = "pending" if now <= due else "missed"
    return OutcomeState(
        outcome=outcome.name,
        state=verdict,
        day=now.astimezone(zone).date(),
        due_at=due.astimezone(zone),
        detail=_told(facts, what, due.astimezone(zone), zone, verdict),
        remedy=remedy,
        difference=Decimal(facts.apart) if facts.compared_at else None,
    )


def _open(outcome: Outcome, facts: FlowFacts) -> tuple[datetime | None, str, str]:
    """What is not done yet, since when, and what to do about it."""
    if facts.compared_at is None:
        return None, "nothing has been compared yet", f"run `accord run --flow {outcome.flow}`"
    if facts.apart > outcome.tolerance:
        what = f"{facts.apart} of {facts.objects} differ"
        remedy = f"run `accord reconcile --flow {outcome.flow}` to see which"
        return facts.apart_since or facts.compared_at, what, remedy
    if facts.waiting_since:
        remedy = "see `accord status` for what is held, waiting or unknown"
        return facts.waiting_since, "some writes have not arrived", remedy
    if facts.landed_since:
        remedy = "see the web UI: the sensor of the flow has to be on, and its runs have to end"
        return facts.landed_since, "some changes have not been gone over", remedy
    return None, "", ""


def _told(facts: FlowFacts, what: str, due: datetime, zone: ZoneInfo, verdict: State) -> str:
    if facts.compared_at is None:
        return f"{what[0].upper()}{what[1:]}."
    clock = facts.compared_at.astimezone(zone).strftime("%H:%M on %Y-%m-%d")
    if verdict == "met":
        return f"All {facts.objects} objects were equal at {clock}."
    by = due.strftime("%H:%M on %Y-%m-%d")
    still = f"due by {by}" if verdict == "pending" else f"it was due by {by}"
    return f"{what[0].upper()}{what[1:]}; {still}."
