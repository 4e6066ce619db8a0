"""Authority: whose value counts, per attribute of an entity; read from its contract.

Pure functions over what the records of one golden record say. `accord.golden` does the same in one
SQL statement for many golden records at once; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from accord.contracts.model import Column, Contract
from accord.errors import Stop

Policy = Literal["overwrite", "hold", "accept_once"]
Rule = Literal["first", "any_opt_out"]
OPTED_OUT = "opted_out"
ALWAYS, OWNER, COPY, LAST = -1, 0, 98, 99
"""Ranks: what wins over every system, the owner's, a copied opt-out's, and what was accepted."""

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: the systems whose value counts, the owner first, and who may hold a copy.

    Attributes of one `group` are taken from one record. One that `identifies` is the same in two
    records only when they are about the same thing. `conflict` answers an edit in a copy. A system
    that holds the attributes of which this one is `composed` may put it together by itself.
    """

    name: str
    order: tuple[str, ...]
    copies: frozenset[str] = frozenset()
    rule: Rule = "first"
    group: str = ""
    conflict: Policy = "overwrite"
    identifies: bool = False
    composed: tuple[str, ...] = ()

    @property
    def owner(self) -> str:
        """The system whose value wins."""
        return self.order[0]

    @property
    def taken_with(self) -> str:
        """The name of what it is taken together with; its own where it stands alone."""
        return self.group or self.name

    def composed_from(self, values: Mapping[str, Any]) -> str | None:
        """What a system makes of these values where it is composed; None where nothing is."""
        parts = [str(values[name]) for name in self.composed if values.get(name)]
        return " ".join(parts) or None

    def rank(self, system: str, value: str) -> int | None:
        """How early this value of this system counts, the least first; None where it never does."""
        if self.rule == "any_opt_out" and value == OPTED_OUT:
            return ALWAYS
        return self.order.index(system) if system in self.order else None

    def rank_of_copy(self, system: str, value: str) -> int | None:
        """The same for a value of our own that came back: only an opt-out counts, and not first."""
        if self.rule != "any_opt_out" or value != OPTED_OUT:
            return None
        return self.order.index(system) if system in self.order else COPY


@dataclass(frozen=True, slots=True)
class Authority:
    """The authority over one entity."""

    entity: str
    attributes: tuple[Attribute, ...]

    def __getitem__(self, name: str) -> Attribute:
        """The attribute of that name. Raises KeyError."""
        for attribute in self.attributes:
            if attribute.name == name:
                return attribute
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all attributes, in the contract's order."""
        return tuple(attribute.name for attribute in self.attributes)

    @property
    def identifying(self) -> tuple[str, ...]:
        """The attributes that tell by themselves who it is."""
        return tuple(attribute.name for attribute in self.attributes if attribute.identifies)

    def held_by(self, system: str) -> frozenset[str]:
        """The attributes that a system keeps: as their owner, or as a copy."""
        return frozenset(
            it.name for it in self.attributes if it.owner == system or system in it.copies
        )

    def copied_to(self, system: str) -> frozenset[str]:
        """The attributes of which a system may hold a copy; none of a system that is only read."""
        return frozenset(it.name for it in self.attributes if system in it.copies)


@dataclass(frozen=True, slots=True)
class Member:
    """One record of a golden record, with its normalised values.

    `echoed` are attributes whose value is our own, come back; `accepted` those that a steward let
    win until the owner's value changes. `record_id` orders records by when they were first seen.
    """

    record_id: int
    system: str
    changed_at: datetime | None
    values: Mapping[str, str]
    echoed: frozenset[str] = frozenset()
    accepted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decided:
    """The value of one attribute, whose it is, and what the other records say instead."""

    value: str | None = None
    winner: Member | None = None
    losers: tuple[tuple[Member, str], ...] = field(default=())


def authority_of(contract: Contract) -> Authority:
    """Read the authority over an entity from its contract. Raises Stop, naming what is unclear."""
    found = Authority(
        contract.name,
        tuple(_attribute(contract, column) for column in contract.columns if column.custom),
    )
    orders: dict[str, tuple[str, ...]] = {}
    for attribute in found.attributes:
        if orders.setdefault(attribute.taken_with, attribute.order) != attribute.order:
            _refuse(contract, attribute.name, "give what is taken together one authority")
    return found


def decide(authority: Authority, members: Sequence[Member]) -> dict[str, Decided]:
    """Decide every attribute of one golden record from what its records say."""
    best: dict[str, tuple[_Claim, Member]] = {}
    for attribute in authority.attributes:
        for member in members:
            claim = _claim(attribute, member)
            name = attribute.taken_with
            if claim is not None and (name not in best or claim < best[name][0]):
                best[name] = (claim, member)
    winners = {name: member for name, (_, member) in best.items()}
    return {
        attribute.name: _decided(attribute.name, winners.get(attribute.taken_with), members)
        for attribute in authority.attributes
    }


_Claim = tuple[bool, int, bool, float, int]


def _claim(attribute: Attribute, member: Member) -> _Claim | None:
    """How good a member's claim to an attribute is, the least first; None without any."""
    value = member.values.get(attribute.name)
    if value is None:
        return None
    age = ((member.changed_at or _LONG_AGO) - _LONG_AGO).total_seconds()
    if attribute.name in member.accepted:
        return False, LAST, False, -age, member.record_id
    rank, is_echoed = attribute.rank(member.system, value), attribute.name in member.echoed
    # What came back to us from a copy is no statement of its own; the owner is never a copy. An
    # opt-out is not forgotten with the record it came from: its copy stands until the owner speaks.
    if is_echoed and member.system != attribute.owner:
        rank = attribute.rank_of_copy(member.system, value)
    return None if rank is None else (True, rank, is_echoed, -age, member.record_id)


def _decided(name: str, winner: Member | None, members: Sequence[Member]) -> Decided:
    value = winner.values.get(name) if winner else None
    losers = tuple(
        (member, said)
        for member in members
        if (said := member.values.get(name)) is not None and said != value
    )
    return Decided(value, winner if value is not None else None, losers)


def _attribute(contract: Contract, column: Column) -> Attribute:
    custom: Mapping[str, Any] = column.custom
    known = {
        "authority", "authorityRule", "copies", "conflict", "takenTogether", "identifies",
        "composedOf",
    }  # fmt: skip
    if odd := sorted(set(custom) - known):
        _refuse(contract, column.name, f"{odd[0]} means nothing here; remove it")
    order = tuple(custom.get("authority") or ())
    if not order:
        _refuse(contract, column.name, "list the systems whose value counts, the owner first")
    rule, conflict = custom.get("authorityRule", "first"), custom.get("conflict", "overwrite")
    if rule not in get_args(Rule):
        _refuse(contract, column.name, f"authorityRule is one of {', '.join(get_args(Rule))}")
    if conflict not in get_args(Policy):
        _refuse(contract, column.name, f"conflict is one of {', '.join(get_args(Policy))}")
    return Attribute(
        name=column.name,
        order=order,
        copies=frozenset(custom.get("copies") or ()),
        rule=rule,
        group=str(custom.get("takenTogether", "")),
        conflict=conflict,
        identifies=custom.get("identifies") is True,
        composed=tuple(custom.get("composedOf") or ()),
    )


def _refuse(contract: Contract, attribute: str, remedy: str) -> None:
    raise Stop(
        f"The contract {contract.name} is not clear about the authority over {attribute}",
        remedy=remedy,
    )
