"""What a person and a program are told about a pass, and about how everything stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from accord import catalog
from accord.cli.exits import Exit
from accord.cli.world import World
from accord.outcomes import outcome_states
from accord.store import alerts, dead_letters, reports
from accord.store.database import Connection
from accord.store.reports import Flow, Gate

_COUNTS = {
    "landing": ("read", "landed", "unchanged", "rejected", "removed"),
    "identity": ("read", "landed", "unchanged", "removed"),
    "gate": ("checked", "passed", "rejected"),
    "delivery": ("due", "delivered", "unchanged", "rejected", "held", "waiting", "unknown"),
}

Report = dict[str, Any]


def standing(
    connection: Connection, world: World, now: datetime, *, runs: Sequence[str] | None = None
) -> Report:
    """Everything a pass (its `runs`) or, without one, the whole history has come to.

    Plain values only, so that it can be printed as JSON as it is.
    """
    flows = reports.flows(connection, runs)
    letters = dead_letters.waiting(connection)
    dead = Counter((letter.stage, letter.name, letter.part) for letter in letters)
    outcomes = world.outcomes
    states = outcome_states(
        connection, outcomes, world.streams(), now, deliveries=catalog.deliveries(world.systems)
    )
    return {
        "balanced": all(flow.balanced for flow in flows) and not reports.unbalanced(connection),
        "flows": [
            _flow(flow, dead=dead[flow.stage, flow.name, flow.part], ends=_ends(flow, world))
            for flow in flows
        ],
        "golden": [asdict(it) for it in reports.golden(connection)],
        "gates": [_gate(gate) for gate in reports.gates(connection)],
        "outcomes": [
            {
                "outcome": state.outcome,
                "says": outcomes[state.outcome].says,
                "owner": outcomes[state.outcome].owner,
                "state": state.state,
                "met": state.state == "met",
                "day": state.day.isoformat(),
                "due_at": state.due_at.isoformat(),
                "timezone": outcomes[state.outcome].timezone,
                "detail": state.detail,
                "remedy": state.remedy,
            }
            for state in states
        ],
        "dead": len(letters),
        "dead_letters": [
            {
                "id": str(letter.dead_letter_id),
                "stage": letter.stage,
                "name": letter.name,
                "partition": letter.partition_key,
                "record": letter.record_key,
                "cause": letter.cause,
                "detail": letter.detail,
                "remedy": letter.remedy,
                "since": letter.first_seen_at.isoformat(),
            }
            for letter in letters
        ],
        "alerts": [
            {
                "topic": alert.topic,
                "state": alert.state,
                "severity": alert.severity,
                "owner": alert.owner,
                "subject": alert.subject,
                "message": alert.message,
                "at": alert.last_raised_at.isoformat(),
                "repeats": alert.repeats,
            }
            for alert in alerts.listed(connection, recovered=True, limit=20)
        ],
    }


def exit_of(report: Report) -> Exit:
    """The exit code a report deserves."""
    if not report["balanced"]:
        return Exit.UNBALANCED
    return Exit.TROUBLE if report.get("trouble") else Exit.OK


def _flow(flow: Flow, *, dead: int, ends: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "stage": flow.stage,
        "name": flow.name,
        "part": flow.part,
        **ends,
        "partitions": flow.partitions,
        **{name: getattr(flow, name) for name in _COUNTS[flow.stage]},
        "dead": dead,
        "balanced": flow.balanced,
        "posted_at": flow.posted_at.isoformat(),
    }


def _ends(flow: Flow, world: World) -> Mapping[str, Any]:
    """Where a flow's stage begins or ends: the systems, and whether it only reads back."""
    if flow.stage == "landing":
        backs = {
            str(stream.name)
            for system in world.systems.values()
            for stream in system.streams
            if stream.read_back
        }
        return {"systems": [flow.name.partition(".")[0]], "read_back": flow.name in backs}
    if flow.stage == "delivery":
        return {"systems": [flow.part.partition(".")[0]]}
    return {}


def _gate(gate: Gate) -> Mapping[str, Any]:
    return {
        "entity": gate.entity,
        "verdict": "closed" if gate.closed else "open",
        "checked": gate.checked,
        "rejected": gate.rejected,
        "open": gate.open,
        "closed": gate.closed,
        "closed_days": gate.closed_days or [],
        "closed_by": gate.closed_by or [],
        "unusual": gate.warned,
    }
