"""Which records are one, and under which golden id: pure functions over pairs and decisions.

A golden id is founded by one record, for good. A group of records bears the oldest of the ids that
its records founded. So an id changes only for records whose group does, the oldest survives a
merge, and a group that parts again finds its own id where it left it. Records that belong together
stay so until a person says otherwise: new scores only ever bring groups together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Protocol

from accord.store.identity import Decisions, Founded, Membership, Pair, Two

_MOST_BITS = 40.0
_REASONS = ("known_id", "identifier", "matched")


class Cluster(Protocol):
    """Joins records by the odds of their pairs, such as `accord.matching.clustering.cluster`."""

    def __call__(
        self,
        ids: Iterable[str],
        bits: Mapping[tuple[str, str], float],
        *,
        must_link: Iterable[tuple[str, str]],
        cannot_link: Iterable[tuple[str, str]],
        silent: Collection[tuple[str, str]],
        threshold: float,
    ) -> Mapping[str, str]:
        """Return the smallest id of each record's group."""


@dataclass(frozen=True, slots=True)
class Homes:
    """Under which golden id each group goes; a group without any has to found one."""

    named: Mapping[str, frozenset[int]]
    nameless: tuple[frozenset[int], ...]


def bits(probability: float) -> float:
    """The log2 odds of a probability, within bounds."""
    held = min(max(probability, 2.0**-_MOST_BITS), 1 - 2.0**-_MOST_BITS)
    return log2(held / (1 - held))


def grouped(
    records: Sequence[int],
    pairs: Sequence[Pair],
    decisions: Decisions,
    cluster: Cluster,
    *,
    threshold: float,
    together: Mapping[int, str],
    silent: Iterable[Two] = (),
    parted: Iterable[Two] = (),
) -> list[frozenset[int]]:
    """Group records that are one; `threshold` is in bits.

    In `silent` pairs nothing contradicts; those that are not known of at all speak against it.
    Groups with a `parted` pair between them are not joined by scores.
    Decisions come first, then what belongs `together` already (records of the same name there),
    then keys, neither of which goes against a decision, then scores.
    """
    joined = joined_before(pairs, decisions, together=together)
    apart = [*sorted(decisions.cannot_link), *sorted(parted)]
    found = cluster(
        [_name(record) for record in records],
        {
            (_name(it.left_id), _name(it.right_id)): bits(it.probability)
            for it in pairs
            if it.reason == "matched"
        },
        must_link=[(_name(left), _name(right)) for left, right in joined],
        cannot_link=[(_name(left), _name(right)) for left, right in apart],
        silent={(_name(left), _name(right)) for left, right in silent},
        threshold=threshold,
    )
    groups: dict[str, set[int]] = {}
    for record in records:
        groups.setdefault(found[_name(record)], set()).add(record)
    return [frozenset(group) for group in groups.values()]


def homes(groups: Iterable[Collection[int]], founded: Mapping[int, Founded]) -> Homes:
    """Give each group the oldest of the golden ids that its records founded."""
    named: dict[str, frozenset[int]] = {}
    nameless: list[frozenset[int]] = []
    for group in groups:
        ids = [founded[record] for record in group if record in founded]
        if ids:
            named[min(ids, key=lambda it: it.number).golden_id] = frozenset(group)
        else:
            nameless.append(frozenset(group))
    return Homes(named, tuple(sorted(nameless, key=min)))


def survivors(
    named: Mapping[str, Collection[int]], founded: Mapping[int, Founded]
) -> dict[str, str]:
    """What each id that one of these records founded resolves to; "" where to itself."""
    return {
        founded[record].golden_id: "" if founded[record].golden_id == name else name
        for name, group in named.items()
        for record in group
        if record in founded
    }


def moves(
    named: Mapping[str, Collection[int]],
    now: Mapping[int, str],
    founded: Mapping[int, Founded],
    pairs: Iterable[Pair],
    decisions: Decisions,
) -> list[Membership]:
    """The records that belong elsewhere than now, each with what speaks most for it."""
    going = {
        record: name for name, group in named.items() for record in group if now.get(record) != name
    }
    home = {record: name for name, group in named.items() for record in group}
    best: dict[int, Pair] = {}
    for pair in pairs:
        if home.get(pair.left_id) == home.get(pair.right_id):
            for record in (pair.left_id, pair.right_id):
                if record in going and (record not in best or _better(pair, best[record])):
                    best[record] = pair
    linked = {record for two in decisions.must_link for record in two}
    return [
        _membership(record, name, founded.get(record), best.get(record), by_hand=record in linked)
        for record, name in sorted(going.items())
    ]


def _membership(
    record: int, name: str, founded: Founded | None, pair: Pair | None, *, by_hand: bool
) -> Membership:
    if founded is not None and founded.golden_id == name:
        return Membership(record, name, "founder")
    if by_hand or pair is None:
        return Membership(record, name, "steward" if by_hand else "matched")
    return Membership(record, name, pair.reason, pair.probability, pair.model_version)


def _better(pair: Pair, than: Pair) -> bool:
    return (_REASONS.index(pair.reason), -pair.probability) < (
        _REASONS.index(than.reason),
        -than.probability,
    )


def joined_before(
    pairs: Iterable[Pair], decisions: Decisions, *, together: Mapping[int, str]
) -> list[Two]:
    """What is joined before any score; only a decision joins what another one keeps apart."""
    groups = Union(apart=decisions.cannot_link)
    joined = [two for two in sorted(decisions.must_link) if groups.join(two, always=True)]
    first: dict[str, int] = {}
    for record, name in sorted(together.items()):
        two = (first.setdefault(name, record), record)
        if two[0] != record and groups.join(two):
            joined.append(two)
    keys = sorted(
        (it for it in pairs if it.reason != "matched"),
        key=lambda it: (_REASONS.index(it.reason), it.left_id, it.right_id),
    )
    joined += [two for it in keys if groups.join(two := (it.left_id, it.right_id))]
    return joined


class Union:
    """Groups of records that are joined two by two, and know which they must not meet."""

    def __init__(self, records: Iterable[int] = (), *, apart: Iterable[Two] = ()) -> None:
        self._group: dict[int, set[int]] = {record: {record} for record in records}
        self._apart: dict[int, set[int]] = {}
        for left, right in apart:
            self._apart.setdefault(left, set()).add(right)
            self._apart.setdefault(right, set()).add(left)

    def join(self, two: Two, *, always: bool = False) -> bool:
        """Join two records' groups, unless they must not meet; tell whether they are one now."""
        few, many = sorted((self._group.setdefault(record, {record}) for record in two), key=len)
        if few is many:
            return True
        if not always and any(self._apart.get(record, set()) & many for record in few):
            return False
        many |= few
        self._group.update(dict.fromkeys(few, many))
        return True

    def groups(self) -> list[frozenset[int]]:
        """All groups."""
        return [
            frozenset(it) for it in {id(group): group for group in self._group.values()}.values()
        ]


def _name(record: int) -> str:
    return f"{record:015}"
