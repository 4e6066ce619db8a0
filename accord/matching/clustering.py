"""Which records are one customer: groups joined one by one, the surest first, each judged whole.

Connected components would let one doubtful link chain two customers into one. Here two groups are
joined only when what is known of all pairs between them speaks for it, so that a wrong link is
outvoted by the pairs that contradict it. Must-links and cannot-links are obeyed before anything.
The outcome does not depend on the order in which records or pairs come.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

Two = tuple[str, str]

# What a pair counts that was never compared: nothing spoke for it.
_UNCOMPARED = -4.0
# No pair outvotes others by more than this, or than this beyond the threshold, however sure it is.
_MOST = 12.0
# The share of the average over all pairs in what two groups are worth; the rest is the best pair.
_AVERAGE = 0.65
# What could join either of two groups that are apart joins one that is likelier by so many bits.
MARGIN = 1.0


def cluster(
    ids: Iterable[str],
    bits: Mapping[Two, float],
    *,
    must_link: Iterable[Two] = (),
    cannot_link: Iterable[Two] = (),
    silent: Collection[Two] = frozenset(),
    threshold: float = 0.0,
    margin: float = MARGIN,
) -> dict[str, str]:
    """Return for each record the smallest id of its cluster.

    `bits` are log2 odds that two records are one, for the pairs that were compared. Two groups
    join when the odds between them pass `threshold`. In `silent` pairs nothing contradicts: where
    they do not speak for it themselves, they leave it to the others. A cannot-link wins over any
    chain of others; where it contradicts a must-link, the must-link holds for that pair alone.
    What could join either of two groups that are apart joins one only where the other is less
    likely by at least `margin` bits: a record that may be father or son is neither.
    """
    found = {record: record for record in ids}
    must, apart = set(must_link), set(cannot_link)
    decided = [record for pairs in (must, apart) for pair in pairs for record in pair]
    groups = Groups({*decided, *(record for pair in bits for record in pair)})
    for left, right in sorted(must):
        groups.join(left, right)
    rooted: dict[Two, _Between] = {}
    apart = {_ordered(groups.of(left), groups.of(right)) for left, right in apart}
    most = _MOST + max(threshold, 0.0)
    for (left, right), odds in _tangled(groups, bits, decided, threshold):
        key = _ordered(groups.of(left), groups.of(right))
        if key[0] != key[1] and (odds > threshold or (left, right) not in silent):
            rooted[key] = rooted.get(key, _NOTHING) + _Between.of(odds, most)
    for left, right in silent:
        if bits.get((left, right), threshold) <= threshold and left in groups and right in groups:
            key = _ordered(groups.of(left), groups.of(right))
            if key[0] != key[1]:
                rooted[key] = rooted.get(key, _NOTHING) + _SILENT
    for part in _components(rooted, groups.sizes(), apart, threshold):
        if list(part.sizes.values()) == [1, 1] and not part.apart:
            groups.join(*part.sizes)
            continue
        _agglomerate(groups, part, threshold, margin)
    return found | groups.all()


def _tangled(
    groups: Groups, bits: Mapping[Two, float], decided: Collection[str], threshold: float
) -> Iterator[tuple[Two, float]]:
    """Join the pairs that stand alone, and return those that others touch."""
    touched = Counter(decided)
    for left, right in bits:
        touched[left] += 1
        touched[right] += 1
    for (left, right), odds in bits.items():
        if touched[left] > 1 or touched[right] > 1:
            yield (left, right), odds
        elif odds > threshold:
            groups.join(left, right)


class Groups:
    """A union of records that answers with the smallest id of a group."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._above = {i: i for i in ids}

    def __contains__(self, record: str) -> bool:
        return record in self._above

    def of(self, record: str) -> str:
        """Return the smallest id of the record's group."""
        above = self._above
        while above[record] != record:
            above[record] = above[above[record]]
            record = above[record]
        return record

    def join(self, left: str, right: str) -> None:
        """Make two groups one."""
        first, second = _ordered(self.of(left), self.of(right))
        self._above[second] = first

    def sizes(self) -> dict[str, int]:
        """Return how many records each group has."""
        found: dict[str, int] = defaultdict(int)
        for record in self._above:
            found[self.of(record)] += 1
        return found

    def all(self) -> dict[str, str]:
        """Return the smallest id of the group of each record."""
        return {record: self.of(record) for record in self._above}


@dataclass(frozen=True, slots=True)
class _Between:
    """What is known between two groups."""

    total: float = 0.0
    known: int = 0
    silent: int = 0
    best: float = -_MOST

    @classmethod
    def of(cls, odds: float, most: float) -> _Between:
        held = max(-_MOST, min(most, odds))
        return cls(held, 1, 0, held)

    def __add__(self, other: _Between) -> _Between:
        return _Between(
            self.total + other.total,
            self.known + other.known,
            self.silent + other.silent,
            max(self.best, other.best),
        )

    def worth(self, pairs: int) -> float:
        speaking = pairs - self.silent
        if not speaking:
            return self.best
        average = (self.total + (speaking - self.known) * _UNCOMPARED) / speaking
        return _AVERAGE * average + (1 - _AVERAGE) * self.best


_NOTHING = _Between()
_SILENT = _Between(silent=1)


@dataclass(slots=True)
class _Component:
    """The groups of one component while they are being joined."""

    sizes: dict[str, int]
    between: dict[str, dict[str, _Between]]
    apart: dict[str, set[str]] = field(default_factory=dict)

    def worth(self, left: str, right: str) -> float:
        known = self.between[left][right]
        return round(known.worth(self.sizes[left] * self.sizes[right]), 9)

    def may_be_either(self, left: str, right: str, than: float) -> bool:
        """Whether one of these fits another, better `than` so, that the other is apart from."""
        return any(
            self.worth(one, other) > than
            for one, apart in ((left, self.apart.get(right, ())), (right, self.apart.get(left, ())))
            for other in apart
            if other in self.between[one] and other not in self.apart.get(one, ())
        )

    def join(self, left: str, right: str) -> None:
        """Let `left` take in `right`."""
        self.sizes[left] += self.sizes.pop(right)
        self.between[left].pop(right, None)
        for other, known in self.between.pop(right).items():
            self.between[other].pop(right, None)
            if other != left:
                joined = self.between[left].get(other, _NOTHING) + known
                self.between[left][other] = self.between[other][left] = joined
        for other in self.apart.pop(right, ()):
            self.apart[other].discard(right)
            self.apart[other].add(left)
            self.apart.setdefault(left, set()).add(other)


def _agglomerate(groups: Groups, part: _Component, threshold: float, margin: float) -> None:
    waiting = [
        (-part.worth(left, right), left, right)
        for left, others in part.between.items()
        for right in others
        if left < right
    ]
    heapq.heapify(waiting)
    while waiting:
        minus, left, right = heapq.heappop(waiting)
        if right not in part.between.get(left, {}) or -minus != part.worth(left, right):
            continue
        if -minus <= threshold:
            break
        if right in part.apart.get(left, ()):
            continue
        if part.may_be_either(left, right, max(threshold, -minus - margin)):
            continue
        groups.join(left, right)
        part.join(left, right)
        for other in part.between[left]:
            first, second = _ordered(left, other)
            heapq.heappush(waiting, (-part.worth(first, second), first, second))


def _components(
    rooted: Mapping[Two, _Between],
    sizes: Mapping[str, int],
    apart: Iterable[Two],
    threshold: float,
) -> list[_Component]:
    """Take apart what no pair above the threshold connects."""
    reach = Groups({group for pair in rooted for group in pair})
    for (left, right), known in rooted.items():
        if known.best > threshold:
            reach.join(left, right)
    parts: dict[str, _Component] = {}
    for (left, right), known in rooted.items():
        root = reach.of(left)
        if root == reach.of(right):
            part = parts.setdefault(root, _Component({}, defaultdict(dict)))
            part.between[left][right] = part.between[right][left] = known
            part.sizes[left], part.sizes[right] = sizes[left], sizes[right]
    for left, right in apart:
        if left == right or left not in reach or right not in reach:
            continue
        root = reach.of(left)
        if root == reach.of(right):
            parts[root].apart.setdefault(left, set()).add(right)
            parts[root].apart.setdefault(right, set()).add(left)
    return [parts[root] for root in sorted(parts)]


def _ordered(left: str, right: str) -> Two:
    return (left, right) if left < right else (right, left)
