"""Outcomes measured: the declared business results against the ledger and the reconciliation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from accord.contracts.outcomes import DayFacts, Outcome, OutcomeState, state
from accord.store import reports
from accord.store.database import Connection

_DAYS_BACK = 9


def outcome_states(
    connection: Connection,
    outcomes: Mapping[str, Outcome],
    streams: Mapping[str, Sequence[str]],
    now: datetime,
) -> list[OutcomeState]:
    """How each outcome stands at `now`; `streams` names those that each flow comes from."""
    days = [(now.date() - timedelta(days=back)).isoformat() for back in range(-1, _DAYS_BACK)]
    states = []
    for outcome in outcomes.values():
        found = reports.day_facts(
            connection,
            comparison=outcome.reconciliation,
            streams=streams.get(outcome.flow, ()),
            days=days,
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
        states.append(state(outcome, facts, now))
    return states
