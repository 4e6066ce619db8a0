"""Resolving: bringing golden ids in line with the pairs that are known and what stewards decided.

Whoever belongs together stays so, whatever the scores of the day: they only bring records and
groups together. To take them apart is for a person.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from accord.golden.comparing import compare
from accord.golden.identity import Union, grouped, homes, joined_before, moves, survivors
from accord.golden.matcher import Matcher, Scored
from accord.store import golden, identity, statistics
from accord.store.ahead import Ahead
from accord.store.database import Connection
from accord.store.identity import IDENTIFIER, Decisions, Pair, Two

_KIND = "kind"
"""The column by which an identifier of a person is none of an organisation."""
_SHORT = 0.001
"""How many bits an old score is kept short of linking."""

_AT_ONCE = 5_000
"""Records whose keys are found at once, while the keys of those before them are stored."""

_NOTHING = Scored([], {})

_Said = tuple[Sequence[int], Sequence[golden.Valued], Sequence[tuple[int, str, str]]]
"""Some records, what they are compared by, and what identifies them."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of some records: where each belongs now, their pairs, and what was decided."""

    now: Mapping[int, str]
    pairs: Sequence[Pair]
    decisions: Decisions


@dataclass(frozen=True, slots=True)
class Resolved:
    """What resolving came to: the golden ids concerned, and how many records and ids moved."""

    golden_ids: frozenset[str] = frozenset()
    founded: int = 0
    linked: int = 0
    merged: int = 0
    reviews: int = 0


@dataclass(frozen=True, slots=True)
class Resolver:
    """Resolves one entity's records, in the caller's transaction, for one run or one person."""

    connection: Connection
    entity: str
    matcher: Matcher
    at: datetime
    run_id: str
    identifying: Sequence[str] = ()
    by: str = ""

    @property
    def link(self) -> float:
        """The probability from which a pair is linked."""
        return _odds(self.matcher.threshold)

    def new_and_changed(self, *, retrain: bool = False) -> Resolved:
        """Find out who the records of this consolidation are.

        Those that are new, or not what they were in what is compared, are compared with whom they
        might be; where most records are new, or with `retrain`, all are compared with all, by a
        model learnt anew.
        """
        fresh = golden.compared_anew(
            self.connection, [*self.matcher.compared, *self.identifying, _KIND]
        )
        gone = golden.gone(self.connection)
        self._index(fresh, gone)
        statistics.refresh(self.connection, [("ops", "golden_blocks")], touched=len(fresh))
        live, matched = golden.counted(self.connection, self.entity)
        model = golden.model(self.connection, self.entity)
        if live and (retrain or model is None or live > 2 * matched):
            return self.everything()
        found = _NOTHING
        if fresh and model is not None:
            found = compare(self.connection, self.matcher, fresh, model, among=live)
            identity.forget_doubts(self.connection, fresh, link=self.link)
            identity.keep_pairs(self.connection, found.pairs)
        told = self._keep_keys(fresh)
        concerned = sorted({*fresh, *gone, *(record for two in told for record in two)})
        return self.around(concerned, fresh=frozenset(fresh), found=found)

    def everything(self) -> Resolved:
        """Compare all records with all, by a model learnt from them, and resolve them anew."""
        everybody = identity.everybody(self.connection, self.entity)
        identity.forget_scores(self.connection, self.entity)
        self._keep_keys(everybody)
        decisions = identity.decisions_of(self.connection, self.entity)
        now = identity.memberships(self.connection, everybody)
        joined = joined_before(
            identity.pairs_among(self.connection, everybody), decisions, together=now
        )
        live, _ = golden.counted(self.connection, self.entity)
        records = golden.live_values(self.connection, self.entity)
        found = self.matcher.match(records, joined, decisions.cannot_link)
        identity.keep_pairs(self.connection, found.pairs)
        golden.keep_model(
            self.connection,
            self.entity,
            version=self.matcher.version(found.model),
            model=found.model,
            records=live,
            by=self.by or "accord",
        )
        union = Union(everybody)
        for two in (*joined, *found.clusters.items()):
            union.join(two)
        return self._settle(everybody, union.groups(), found.evidence, self._known(everybody))

    def around(
        self,
        records: Sequence[int],
        *,
        fresh: Collection[int] = (),
        found: Scored = _NOTHING,
        together: Mapping[int, str] | None = None,
    ) -> Resolved:
        """Resolve these records and all that are linked to them, by what is known of them.

        Only scores of `fresh` records, and what was just `found`, bring anything together that was
        not so before; the others are weighed with them. `together` says of some records where they
        belong, whatever they do now.
        """
        if not records:
            return Resolved()
        reached = identity.around(self.connection, records, link=self.link)
        known = self._known(reached)
        groups = grouped(
            reached,
            self._counting(known.pairs, fresh, found),
            known.decisions,
            self.matcher.cluster,
            threshold=self.matcher.threshold,
            together={**known.now, **(together or {})},
            silent=found.silent,
            parted=found.parted,
        )
        return self._settle(reached, groups, found.evidence, known)

    def groups(self, records: Sequence[int]) -> list[frozenset[int]]:
        """How these records would be grouped if they were new, changing nothing."""
        return grouped(
            records,
            identity.pairs_among(self.connection, records),
            identity.decisions_among(self.connection, records),
            self.matcher.cluster,
            threshold=self.matcher.threshold,
            together={},
        )

    def _counting(self, pairs: Iterable[Pair], fresh: Collection[int], found: Scored) -> list[Pair]:
        """What counts for joining: an old score too, but it is never enough by itself."""
        just = {(it.left_id, it.right_id) for it in found.pairs}
        return [
            it
            if it.reason != "matched"
            or it.left_id in fresh
            or it.right_id in fresh
            or (it.left_id, it.right_id) in just
            else replace(
                it, probability=min(it.probability, _odds(self.matcher.threshold - _SHORT))
            )
            for it in pairs
        ]

    def _index(self, fresh: Sequence[int], gone: Sequence[int]) -> None:
        """Keep under which keys and identifiers these records are found; those gone, under none."""
        identity.drop_blocks(self.connection, gone)
        with Ahead(self._said(fresh)) as parts:
            for records, values, identifiers in parts:
                keys = [(f"{IDENTIFIER}{name}:{value}", it) for it, name, value in identifiers]
                keys += self.matcher.keys(values)
                parts.leave(partial(identity.keep_blocks, self.connection, records, keys))

    def _said(self, records: Sequence[int]) -> Generator[_Said, None, None]:
        for first in range(0, len(records), _AT_ONCE):
            some = records[first : first + _AT_ONCE]
            identifiers = golden.identifiers_of(self.connection, some, self.identifying)
            yield some, golden.values_of(self.connection, some), identifiers

    def _keep_keys(self, records: Sequence[int]) -> list[Two]:
        """Keep what is the same by an identifier, or by a golden id of ours; return the latter."""
        by_id = identity.known_founders(self.connection, self.entity)
        shared = identity.sharing(self.connection, records)
        identity.keep_pairs(
            self.connection,
            [
                *(Pair(left, right, 1.0, "identifier") for left, right in shared),
                *(Pair(left, right, 1.0, "known_id") for left, right in by_id),
            ],
        )
        return by_id

    def _known(self, records: Sequence[int]) -> _Known:
        return _Known(
            identity.memberships(self.connection, records),
            identity.pairs_among(self.connection, records),
            identity.decisions_among(self.connection, records),
        )

    def _settle(
        self,
        records: Sequence[int],
        groups: Iterable[Collection[int]],
        evidence: Mapping[Two, str],
        known: _Known,
    ) -> Resolved:
        """Give each group its golden id, and ask about what is left in doubt."""
        now = known.now
        founded = identity.founded(self.connection, records)
        found = homes(groups, founded)
        made = identity.found(
            self.connection,
            self.entity,
            [min(group) for group in found.nameless],
            at=self.at,
            run_id=self.run_id,
        )
        named = {**found.named, **{made[min(group)]: group for group in found.nameless}}
        founded = {**founded, **identity.founded(self.connection, list(made))}
        going = moves(named, now, founded, known.pairs, known.decisions)
        merged = self._point(survivors(named, founded), founded)
        identity.move(self.connection, going, by=self.by, at=self.at, run_id=self.run_id)
        tables = [("ops", name) for name in ("golden_pairs", "golden_ids", "golden_members")]
        statistics.refresh(self.connection, tables, touched=len(going))
        reviews = self._ask(records, evidence)
        return Resolved(
            golden_ids=frozenset(
                {it.golden_id for it in going}
                | {now[it.record_id] for it in going if it.record_id in now}
            ),
            founded=len(made),
            linked=sum(it.decision != "founder" for it in going),
            merged=merged,
            reviews=reviews,
        )

    def _point(self, resolved: Mapping[str, str], founded: Mapping[int, identity.Founded]) -> int:
        """Let merged ids resolve to their survivors; return how many are newly merged."""
        before = {it.golden_id: it.survivor or "" for it in founded.values()}
        changed = {name: to for name, to in resolved.items() if before.get(name) != to}
        identity.resolve(self.connection, changed)
        return sum(bool(to) for to in changed.values())

    def _ask(self, records: Sequence[int], evidence: Mapping[Two, str]) -> int:
        doubts = identity.doubts(self.connection, records)
        return identity.ask(
            self.connection,
            self.entity,
            doubts,
            evidence,
            records,
            at=self.at,
            run_id=self.run_id,
        )


def _odds(bits: float) -> float:
    """The probability that so many bits are."""
    return float(1.0 / (1.0 + 2.0**-bits))
