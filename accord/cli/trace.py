"""What `accord trace` does and shows: one golden record, whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console

from accord.cli.entities import golden_entity
from accord.cli.exits import Exit
from accord.cli.show import values_table
from accord.cli.world import opened
from accord.golden.tracing import Kept, Told, Trace, trace
from accord.store import audit
from accord.store.database import Role
from accord.store.desk import Holding

_STAY = ("record", "belonged to", "from", "until", "because", "score", "by")
_HOLDING = ("destination", "its id there", "newest write", "delivered")


def trace_record(console: Console, entity: str, name: str) -> tuple[Exit, dict[str, Any]]:
    """Show whose word each value is, what lost, where its records come from, and what became."""
    with opened() as world, world.store.session(Role.STEWARD) as connection:
        found = trace(connection, golden_entity(entity), name)
        trail = [
            entry
            for golden_id in (found.golden_id, *found.merged)
            for entry in audit.entries_about(connection, golden_id)
        ]
    _show(console, found)
    for entry in trail:
        told = " · ".join(filter(None, (entry.detail, entry.why)))
        console.print(
            f"  {entry.at:%Y-%m-%d %H:%M}  {entry.who}: {entry.what}  {told}",
            markup=False,
            highlight=False,
        )
    return Exit.OK, {**_report(found), "audit": [asdict(entry) for entry in trail]}


def _show(console: Console, found: Trace) -> None:
    console.print(f"[bold]{found.golden_id}[/]", highlight=False)
    for merged in found.merged:
        console.print(f"  formerly also {merged}", highlight=False)
    rows = [
        (
            it.attribute.name,
            it.winner.value if it.winner else "",
            _source(it),
            ", ".join(f"{lost.value} ({_name(lost)})" for lost in it.losers),
        )
        for it in found.attributes
        if it.winner or it.losers
    ]
    console.print(values_table("", ("", "value", "from", "others say"), rows))
    stays = [
        (
            f"{it.system}:{it.source_key}", it.golden_id, f"{it.valid_from:%Y-%m-%d %H:%M}",
            f"{it.valid_to:%Y-%m-%d %H:%M}" if it.valid_to else "now", it.decision,
            f"{it.score:.3f}" if it.score is not None else "", it.decided_by,
        )
        for it in found.stays
    ]  # fmt: skip
    console.print(values_table("\nRecords", _STAY, stays))
    if found.holdings:
        console.print(values_table("\nDeliveries", _HOLDING, map(_holding, found.holdings)))
    for it in found.conflicts:
        told = f"{it.attribute} was edited in {it.system}: {it.answer or it.state}"
        console.print(f"  conflict {it.conflict_id}: {told}", markup=False, highlight=False)


def _report(found: Trace) -> dict[str, Any]:
    return {
        "golden_id": found.golden_id,
        "merged": list(found.merged),
        "attributes": {it.attribute.name: _kept(it) for it in found.attributes},
        "members": [asdict(it) for it in found.members],
        "history": [asdict(it) for it in found.stays],
        "deliveries": [asdict(it) for it in found.holdings],
        "conflicts": [asdict(it) for it in found.conflicts],
        "actions": [asdict(it) for it in found.actions],
    }


def _kept(it: Kept) -> Mapping[str, Any]:
    return {
        "value": it.value,
        "system": it.winner.by.system if it.winner else None,
        "record": _name(it.winner) if it.winner else None,
        "owner": it.attribute.owner,
        "accepted_once": it.is_accepted,
        "losers": [{"value": lost.value, "record": _name(lost)} for lost in it.losers],
    }


def _holding(it: Holding) -> tuple[str, ...]:
    return (
        f"{it.system}.{it.kind}",
        it.destination_id,
        it.state or "",
        f"{it.delivered_at:%Y-%m-%d %H:%M}",
    )


def _source(it: Kept) -> str:
    if it.winner is None:
        return ""
    owner = "" if it.winner.by.system == it.attribute.owner else f", for {it.attribute.owner}"
    return f"{_name(it.winner)}{', accepted once' if it.is_accepted else owner}"


def _name(told: Told) -> str:
    return f"{told.by.system}:{told.by.source_key}"
