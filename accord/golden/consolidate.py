"""Consolidation: from what systems tell to golden records, as one transaction.

What landed since the last time is read through the views that feed the entity, normalised, matched,
given its golden id, and decided attribute by attribute. Only what changed is written. Then edits in
places that do not own them are found, and copies that are not as they should be are sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from accord.authority import Authority, authority_of
from accord.contracts.model import Contract
from accord.errors import Stop
from accord.golden import conflicts
from accord.golden.matcher import Matcher, Matching
from accord.golden.reading import Reader
from accord.golden.resolving import Resolved, Resolver
from accord.golden.surviving import claims_of, survive
from accord.golden.values import Normalise
from accord.lineage import Feed
from accord.store import golden, statistics
from accord.store.database import Connection, Role, Store
from accord.store.survivors import Survivors, Written


@dataclass(frozen=True, slots=True)
class Consolidated:
    """What a consolidation came to: `read = new + changed + unchanged + removed`, in records.

    `linked` counts records that joined others, `merged` golden ids that now resolve to an older
    one; `golden_…` count golden records.
    """

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    linked: int = 0
    merged: int = 0
    reviews_opened: int = 0
    golden_created: int = 0
    golden_changed: int = 0
    golden_vanished: int = 0
    conflicts_found: int = 0

    def counts(self) -> dict[str, int]:
        """All counts by name, for metadata."""
        return asdict(self)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity with golden records: its contract, who has authority, how records are matched."""

    contract: Contract
    authority: Authority
    matcher: Matcher
    normalise: Normalise
    clock: Callable[[], datetime] = field(default=_now, kw_only=True)

    @classmethod
    def of(cls, contract: Contract) -> Entity:
        """The entity of a contract, matched and normalised by the matching library.

        Raises Stop where the contract's home country is none.
        """
        from accord.matching.normalise import normalised

        authority, home = authority_of(contract), contract.home_country
        if home and normalised(contract.name, "country", home) != home:
            raise Stop(
                f"The contract of {contract.name} is at home in {home}, which is no country",
                remedy="give its homeCountry as an ISO 3166-1 code, such as GB",
            )
        return cls(contract, authority, Matching(contract.name, authority.names), normalised)

    @property
    def name(self) -> str:
        """Its name, such as customer."""
        return self.contract.name

    def resolver(
        self, connection: Connection, *, at: datetime, run_id: str, by: str = ""
    ) -> Resolver:
        """What finds out who is who, for one run or one person."""
        identifying = self.authority.identifying
        return Resolver(connection, self.name, self.matcher, at, run_id, identifying, by)

    def survivors(self, connection: Connection, *, at: datetime, run_id: str) -> Survivors:
        """Its golden tables, for one run or one person."""
        schema, _, table = self.contract.table.partition(".")
        return Survivors(
            connection,
            self.name,
            (schema, table),
            self.authority.names,
            claims_of(self.authority),
            at,
            run_id,
        )


def consolidate(
    store: Store,
    feeds: Iterable[Feed],
    entity: Entity,
    *,
    run_id: str,
    retrain: bool = False,
    by: str = "",
) -> Consolidated:
    """Bring an entity's golden records up to what its systems tell.

    With `retrain` the matching model is learnt anew and every record compared with every other.
    Nothing is kept when it fails. Raises Unbalanced when records are not accounted for.
    """
    with store.transaction(Role.RESOLVER) as connection:
        golden.serialise(connection, entity.name)
        at = entity.clock()
        last = golden.last_pass(connection, entity.name)
        reader = Reader(
            connection,
            entity.name,
            entity.authority.names,
            entity.normalise,
            at,
            run_id,
            entity.contract.home_country,
        )
        told = reader.read(feeds, since=last.began_at if last else at)
        resolver = entity.resolver(connection, at=at, run_id=run_id, by=by)
        resolved = resolver.new_and_changed(retrain=retrain)
        is_other = last is not None and last.basis != entity.contract.digest
        written, found = _decided(connection, entity, resolved, at, run_id, everything=is_other)
        golden.post(
            connection, entity.name, read=told.read, kept=told.kept, unchanged=told.unchanged,
            run_id=run_id,
        )  # fmt: skip
        golden.note_pass(connection, entity.name, basis=entity.contract.digest, at=at)
    return Consolidated(
        read=told.read,
        new=told.kept.new,
        changed=told.kept.changed,
        unchanged=told.unchanged,
        removed=told.kept.removed,
        linked=resolved.linked,
        merged=resolved.merged,
        reviews_opened=resolved.reviews,
        golden_created=written.created,
        golden_changed=written.changed,
        golden_vanished=written.vanished,
        conflicts_found=found,
    )


def redecided(
    connection: Connection, entity: Entity, golden_ids: Iterable[str], *, at: datetime, run_id: str
) -> Written:
    """Decide again what these golden records say, after a person decided who they are."""
    survivors, ids = entity.survivors(connection, at=at, run_id=run_id), set(golden_ids)
    written = survive(survivors, entity.authority, ids)
    conflicts.settle(survivors, entity.authority, [], ids)
    return written


def _decided(
    connection: Connection,
    entity: Entity,
    resolved: Resolved,
    at: datetime,
    run_id: str,
    *,
    everything: bool,
) -> tuple[Written, int]:
    """Decide what the golden records concerned say; return that, and how many conflicts it left."""
    survivors = entity.survivors(connection, at=at, run_id=run_id)
    changed = survivors.changed()
    edits = conflicts.note_echoes(survivors, entity.authority, changed)
    homes = survivors.golden_ids(golden.touched(connection))
    ids = {*resolved.golden_ids, *homes.values()}
    if everything:
        ids.update(golden.golden_ids(connection, entity.name))
    written = survive(survivors, entity.authority, ids)
    schema, table = survivors.table
    tables = [(schema, table), (schema, f"{entity.name}_members")]
    statistics.refresh(connection, tables, touched=written.created + written.changed)
    found = conflicts.settle(survivors, entity.authority, edits, ids)
    known = [it for it in changed if it.previous is not None]
    survivors.resend(conflicts.differing(survivors, entity.authority, known))
    return written, found
