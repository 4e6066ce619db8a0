"""Twins: what a story has come to, beside the same story told without any fault.

Both end with the same customers, who say the same, and whom people deleted in a system is there
again only if that is so in peace too; but for what depends on the moment. Of whom a steward was
asked, the records may stand together or apart. What an owner was given with a record that we made
there is what could be read until then. And a card that could not be read says nothing of its
account.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.chaos.customers.oracle import rows
from tests.chaos.customers.processes import ENTITY
from tests.chaos.customers.schedules import Deed
from tests.chaos.customers.world import World

_DELETED: Mapping[Deed, str] = {
    "crm deletes": "salesforce",
    "billing deletes": "stripe",
    "marketing archives": "mailchimp",
    "marketing deletes": "mailchimp",
}
_ON_CARDS = ("loyalty_code", "loyalty_points", "loyalty_tier")


@dataclass(frozen=True, slots=True)
class Customer:
    """What a customer says; None where a steward was asked who it is.

    `deleted` are those of its records that people had deleted, and that are there all the same.
    `given` are attributes whose owner has something from us, as it got it with a new record.
    """

    said: Mapping[str, str] | None
    deleted: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()


Customers = Mapping[frozenset[str], Customer]
"""The customers by who they are: the records that people made of them, and did not delete."""


def customers(world: World) -> Customers:
    """The customers as they are now."""
    people = {key: f"{system} {number}" for (system, number), key in world.company.keys.items()}
    deleted = {
        f"{_DELETED[act.deed]} {act.number}"
        for act in world.company.schedule.acts
        if act.deed in _DELETED
    }
    records: dict[str, set[str]] = {}
    for row in rows(world, "select source_key, golden_id from canonical.customer_members"):
        names = {people[row["source_key"]]} if row["source_key"] in people else set()
        records.setdefault(row["golden_id"], set()).update(names)
    spoilt = any(act.deed == "a card is spoilt" for act in world.company.schedule.acts)
    said = {
        row["golden_id"]: {
            name: str(value)
            for name, value in row["said"].items()
            if not (spoilt and name in _ON_CARDS)
        }
        for row in _said(world)
    }
    found: dict[frozenset[str], Customer] = {}
    asked, given = _asked(world), _given(world)
    in_doubt = {golden for two in asked for golden in two}
    for group in _together(list(said), asked):
        known = frozenset(name for golden in group for name in records.get(golden, ()))
        sure = said[group[0]] if in_doubt.isdisjoint(group) else None
        theirs = frozenset(name for golden in group for name in given.get(golden, ()))
        found[known - deleted] = Customer(sure, known & deleted, theirs)
    return found


def apart(peace: Customers, story: Customers) -> Iterator[str]:
    """Say in which ways the customers of a story are not those of its twin without faults."""
    for known in sorted(peace.keys() ^ story.keys(), key=sorted):
        if known:
            yield f"{sorted(known)} are one customer {'only' if known in peace else 'not'} in peace"
    for known in sorted(peace.keys() & story.keys(), key=sorted):
        calm, told = peace[known], story[known]
        if again := told.deleted - calm.deleted:
            yield f"{sorted(again)} were deleted, and are there again"
        if calm.said is None or told.said is None or calm.deleted != told.deleted:
            continue
        both = (calm.given | told.given) & _taken_with(calm.said) & _taken_with(told.said)
        for name in sorted((calm.said.keys() | told.said.keys()) - both):
            if calm.said.get(name) != told.said.get(name):
                yield (
                    f"{sorted(known)} say {told.said.get(name)!r} of their {name} and"
                    f" {calm.said.get(name)!r} in peace"
                )


def _said(world: World) -> list[dict[str, Any]]:
    return rows(
        world,
        "select golden_id, jsonb_strip_nulls(to_jsonb(c))"
        " - '{golden_id,revision,changed_at}'::text[] as said from canonical.customers as c",
    )


def _given(world: World) -> dict[str, set[str]]:
    """By golden id, the attributes whose owner says what we wrote, and what is taken with them."""
    found: dict[str, set[str]] = {}
    for row in rows(
        world,
        "select m.golden_id, r.system, r.echoed from ops.golden_records as r"
        " inner join ops.golden_members as m on m.record_id = r.record_id and m.valid_to is null"
        " where r.removed_at is null",
    ):
        owned = {
            it.taken_with
            for it in ENTITY.authority.attributes
            if it.name in row["echoed"] and it.owner == row["system"]
        }
        found.setdefault(row["golden_id"], set()).update(_all_of(owned))
    return found


def _taken_with(said: Mapping[str, str]) -> frozenset[str]:
    """The attributes said, and those that are taken with them."""
    attributes = ENTITY.authority.attributes
    return _all_of({it.taken_with for it in attributes if it.name in said})


def _all_of(groups: Collection[str]) -> frozenset[str]:
    return frozenset(it.name for it in ENTITY.authority.attributes if it.taken_with in groups)


def _asked(world: World) -> list[tuple[str, str]]:
    """The golden customers of each two records that a steward was ever asked about."""
    found = rows(
        world,
        "select l.golden_id as one, r.golden_id as other from ops.golden_reviews as v"
        " inner join ops.golden_members as l on l.record_id = v.left_id and l.valid_to is null"
        " inner join ops.golden_members as r on r.record_id = v.right_id and r.valid_to is null",
    )
    return [(row["one"], row["other"]) for row in found]


def _together(golden_ids: list[str], asked: list[tuple[str, str]]) -> list[list[str]]:
    """Golden customers, in one group where somebody was asked whether they are one."""
    groups = {golden: [golden] for golden in golden_ids}
    for left, right in asked:
        one, other = groups.get(left), groups.get(right)
        if one is not None and other is not None and one is not other:
            one += other
            groups.update(dict.fromkeys(other, one))
    return list({id(group): group for group in groups.values()}.values())
