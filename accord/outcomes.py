"""Outcomes measured: the declared business results against the ledger and the reconciliation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from accord.catalog import Delivery
from accord.contracts.continuous import FlowFacts, state_now
from accord.contracts.outcomes import DayFacts, Outcome, OutcomeState, state
from accord.reconcile import comparison_of
from accord.store import reports
from accord.store.builds import golden_target
from accord.store.database import Connection

_DAYS_BACK = 9


def outcome_states(
    connection: Connection,
    outcomes: Mapping[str, Outcome],
    streams: Mapping[str, Sequence[str]],
    now: datetime,
    *,
    deliveries: Iterable[Delivery] = (),
) -> list[OutcomeState]:
    """How each outcome stands at `now`.

    `streams` names those that each flow comes from; `deliveries` are those whose destinations a
    continuous outcome is compared with.
    """
    ends = list(deliveries)
    return [
        _of_days(connection, outcome, streams.get(outcome.flow, ()), now)
        if outcome.deadline is not None
        else _of_now(connection, outcome, streams.get(outcome.flow, ()), ends, now)
        for outcome in outcomes.values()
    ]


def _of_days(
    connection: Connection, outcome: Outcome, streams: Sequence[str], now: datetime
) -> OutcomeState:
    days = [(now.date() - timedelta(days=back)).isoformat() for back in range(-1, _DAYS_BACK)]
    found = reports.day_facts(
        connection, comparison=outcome.reconciliation, streams=streams, days=days
    )
    facts = {
        date.fromisoformat(row.day): DayFacts(
            landed=row.landed,
            first_arrived_at=row.first_arrived_at,
            last_arrived_at=row.last_arrived_at,
            reconciled_at=row.reconciled_at,
            difference=row.difference,
        )
        for row in found
    }
    return state(outcome, facts, now)


def _of_now(
    connection: Connection,
    outcome: Outcome,
    streams: Sequence[str],
    deliveries: Sequence[Delivery],
    now: datetime,
) -> OutcomeState:
    ends = [delivery for delivery in deliveries if delivery.flow == outcome.flow]
    found = reports.flow_state(
        connection,
        flow=outcome.flow,
        comparisons=[comparison_of(delivery) for delivery in ends],
        streams=streams,
        target=golden_target(outcome.flow),
    )
    facts = FlowFacts(
        compared_at=found.compared_at if ends else None,
        objects=found.objects,
        apart=found.apart,
        apart_since=found.apart_since,
        waiting_since=found.waiting_since,
        landed_since=found.landed_since,
    )
    return state_now(outcome, facts, now)
