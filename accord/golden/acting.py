"""One action of a steward, from its first decision to the golden records that follow from it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from accord.errors import Stop
from accord.golden.consolidate import Entity, redecided
from accord.golden.resolving import Resolver
from accord.store import audit, desk, identity
from accord.store.audit import By
from accord.store.database import Connection
from accord.store.identity import Two


@dataclass(frozen=True, slots=True)
class Done:
    """What was done: its name, by which it can be undone, and the golden ids it concerned."""

    action_id: str
    golden_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """One action of a steward, from its first decision to what follows from it."""

    connection: Connection
    entity: Entity
    resolver: Resolver
    by: By
    act: str
    action_id: str

    @classmethod
    def begun(cls, connection: Connection, entity: Entity, by: By, act: str) -> Work:
        """Begin an action."""
        action = str(uuid.uuid4())
        at = entity.clock()
        resolver = entity.resolver(connection, at=at, run_id=action, by=by.who)
        return cls(connection, entity, resolver, by, act, action)

    def link(self, two: Two) -> None:
        """Decide that two records are one. Raises Stop where somebody decided that they are not."""
        left, right = (desk.group_of(self.connection, record) for record in two)
        if set(left) != set(right) and desk.between(self.connection, "cannot_link", left, right):
            raise Stop(
                "A steward has decided to keep these apart",
                remedy="undo that first: accord match actions",
            )
        self._decide("must_link", [two])
        self._hold_together({*left, *right})

    def keep_apart(self, pairs: Iterable[Two]) -> None:
        """Decide that records are not one."""
        self._decide("cannot_link", pairs)

    def separate(self, these: set[int], rest: set[int]) -> None:
        """Decide that these records are one, the rest another one, and no two of them the same."""
        standing = desk.between(self.connection, "must_link", these, rest)
        desk.withdraw(
            self.connection, standing, action=self.action_id, by=self.by.who, at=self.resolver.at
        )
        self.keep_apart((one, other) for one in these for other in rest)
        self._hold_together(these)
        self._hold_together(rest)

    def done(
        self,
        what: audit.What,
        records: Sequence[int],
        *,
        together: Mapping[int, str] | None = None,
    ) -> Done:
        """Bring the golden records in line, and note what was done.

        `together` says of some records where they belong, whatever they do now.
        """
        resolved = self.resolver.around(records, together=together)
        homes = identity.memberships(self.connection, records)
        ids = sorted({*resolved.golden_ids, *homes.values()})
        redecided(self.connection, self.entity, ids, at=self.resolver.at, run_id=self.action_id)
        audit.note(self.connection, what, ids, self.by, detail=self.action_id)
        return Done(self.action_id, tuple(ids))

    def _hold_together(self, records: set[int]) -> None:
        """Decide what it takes for records to stay one even if all were matched anew."""
        groups = self.resolver.groups(sorted(records))
        strayed = [min(group) for group in groups if min(records) not in group]
        self._decide("must_link", [(min(records), record) for record in strayed])

    def _decide(self, kind: desk.Kind, pairs: Iterable[Two]) -> None:
        desk.decide(
            self.connection,
            self.entity.name,
            kind,
            pairs,
            act=self.act,
            action=self.action_id,
            by=self.by,
            at=self.resolver.at,
        )
