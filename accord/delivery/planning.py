"""Planning: what a delivery would write, told object by object and field by field, unsent.

A plan goes the way of a delivery up to the outbox, and then undoes it. Its digest is that of a
delivery which would do the same, so that exactly this can be asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import psycopg

from accord.delivery.decide import Extent
from accord.delivery.intending import Approve, Intending
from accord.store.database import Role, Store
from accord.store.due import Due, Standing, Told
from accord.store.outbox import Outbox

Kind = Literal["create", "update", "send again", "remove"]

REVIEW = "review:"
"""How a need begins that a steward's decision meets, and no object."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field that would be written; None is a field that was, or will be, not there."""

    name: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One write that a run would make, or would hold for want of a verdict or of what it needs."""

    object_key: str
    partition: str
    kind: Kind
    passes: bool
    needs: Sequence[str]
    fields: Sequence[Field]

    @property
    def held(self) -> str:
        """Why it would certainly be held; "" where it would not."""
        if not self.passes:
            return "the gate has no passing verdict"
        asked = any(need.startswith(REVIEW) for need in self.needs)
        return "a steward has to decide first whether it is there already" if asked else ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a delivery would do: how many writes of each kind, and the identity of it all."""

    digest: str
    days: Sequence[str]
    writes: Mapping[str, int]
    held: int
    extent: Extent


def plan(
    store: Store,
    outbox: Outbox,
    days: Sequence[str],
    approve: Approve,
    *,
    distrust: bool = False,
    show: Callable[[Change], None] = lambda _: None,
) -> Plan:
    """Tell each change to `show`, and what they come to; the store is left as it was."""
    writes: Counter[str] = Counter()
    asked_about = 0
    with store.session(Role.DELIVERER) as connection, connection.transaction():
        connection.execute("set transaction isolation level repeatable read")

        def tell(wanted: Sequence[tuple[Due, Standing, bool]]) -> None:
            nonlocal asked_about
            told = outbox.due.told(connection, [item for item, _, _ in wanted])
            for item, _, passes in wanted:
                change = _change(item, told[item.object_key], passes=passes)
                writes[change.kind] += not change.held
                asked_about += passes and bool(change.held)
                show(change)

        intending = Intending(outbox, approve, distrust, rehearse=True, tell=tell)
        intent = intending.intend(connection, days)
        held = sum(counts["held"] for counts in intent.counts.values()) + asked_about
        made = Plan(intent.digest, tuple(days), dict(+writes), held, intent.extent)
        raise psycopg.Rollback
    return made


def _change(item: Due, told: Told, *, passes: bool) -> Change:
    kind: Kind
    if item.effect == "remove":
        kind, fields = "remove", _differences(told.sent or {}, {})
    elif told.sent is None:
        kind, fields = "create", _differences({}, {**told.seed, **item.content})
    else:
        fields = _differences(told.sent, item.content)
        kind = "update" if fields else "send again"
    return Change(item.object_key, item.partition_key, kind, passes, tuple(told.needs), fields)


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Field, ...]:
    return tuple(
        Field(name, old.get(name), new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    )
