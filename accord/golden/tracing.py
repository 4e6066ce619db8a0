"""All there is to tell of one golden record: its records, whose word each value is, its history.

It runs on a connection inside the caller's transaction and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accord.authority import Attribute, Decided, Member
from accord.golden.consolidate import Entity
from accord.golden.naming import the_golden
from accord.golden.surviving import decided
from accord.store import desk
from accord.store.database import Connection
from accord.store.desk import Action, Holding, Listed, Side, Stay


@dataclass(frozen=True, slots=True)
class Told:
    """What one record says of an attribute, as normalised and as its system wrote it."""

    by: Side
    value: str
    given: str | None


@dataclass(frozen=True, slots=True)
class Kept:
    """One attribute: whose word counts, and what the other records say instead."""

    attribute: Attribute
    winner: Told | None
    losers: tuple[Told, ...]
    is_accepted: bool

    @property
    def value(self) -> str | None:
        """What the golden record says."""
        return self.winner.value if self.winner else None


@dataclass(frozen=True, slots=True)
class Trace:
    """One golden record, the golden ids that resolve to it, and what became of it where."""

    golden_id: str
    merged: tuple[str, ...]
    members: tuple[Side, ...]
    attributes: tuple[Kept, ...]
    stays: tuple[Stay, ...]
    actions: tuple[Action, ...]
    conflicts: tuple[Listed, ...]
    holdings: tuple[Holding, ...]


def trace(connection: Connection, entity: Entity, name: str) -> Trace:
    """Tell of the golden record that a name stands for: an id, part of one, or system:key.

    Raises Stop when there is none.
    """
    golden_id, founder = the_golden(connection, entity.name, name)
    group = desk.group_of(connection, founder)
    members = {side.record_id: side for side in desk.sides(connection, group)}
    survivors = entity.survivors(connection, at=entity.clock(), run_id="")
    rows = survivors.members([golden_id]).get(golden_id, [])
    accepted = survivors.accepted([golden_id])
    once = {(it.record_id, it.attribute) for it in accepted}
    found = decided(entity.authority, rows, accepted)
    return Trace(
        golden_id=golden_id,
        merged=tuple(desk.merged_into(connection, golden_id)),
        members=tuple(members.values()),
        attributes=tuple(
            _kept(attribute, found[attribute.name], members, once)
            for attribute in entity.authority.attributes
        ),
        stays=tuple(desk.history(connection, group)),
        actions=tuple(desk.actions(connection, entity.name, golden_id=golden_id)),
        conflicts=tuple(desk.conflicts(connection, entity.name, golden_id=golden_id)),
        holdings=tuple(desk.holdings(connection, golden_id)),
    )


def _kept(
    attribute: Attribute,
    found: Decided,
    members: Mapping[int, Side],
    once: set[tuple[int, str]],
) -> Kept:
    def told(member: Member, value: str) -> Told:
        side = members[member.record_id]
        return Told(side, value, side.given.get(attribute.name))

    winner = found.winner
    return Kept(
        attribute=attribute,
        winner=told(winner, found.value) if winner and found.value is not None else None,
        losers=tuple(told(member, said) for member, said in found.losers),
        is_accepted=winner is not None and (winner.record_id, attribute.name) in once,
    )
