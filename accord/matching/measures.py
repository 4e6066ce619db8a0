"""How good a clustering is, beside the true one.

Pairwise: of the pairs of records that share a cluster, how many truly do, and of those that truly
do, how many were found. Cluster (B-cubed; Bagga and Baldwin, 1998): the same asked of each record's
own cluster and averaged over the records, so that one large cluster does not drown the others.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """Precision and recall, each 1.0 where there was nothing to be wrong about."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def as_dict(self) -> dict[str, float]:
        """Return the three figures, rounded."""
        return {
            "precision": round(self.precision, 4),
            "recall": round(self.recall, 4),
            "f1": round(self.f1, 4),
        }


def pairwise(
    found: Mapping[str, str],
    truth: Mapping[str, str],
    *,
    side: Callable[[str], str] | None = None,
) -> Measure:
    """Measure pairs of records; with `side`, only pairs of records on two sides count."""
    both = _pairs({i: (found[i], truth[i]) for i in truth}, side)
    return Measure(
        _share(both, _pairs({i: found[i] for i in truth}, side)), _share(both, _pairs(truth, side))
    )


def b_cubed(found: Mapping[str, str], truth: Mapping[str, str]) -> Measure:
    """Measure each record's cluster, averaged over the records."""
    ours, theirs = Counter(found[i] for i in truth), Counter(truth.values())
    both = Counter((found[i], truth[i]) for i in truth)
    records = max(len(truth), 1)
    return Measure(
        sum(n * n / ours[mine] for (mine, _), n in both.items()) / records if truth else 1.0,
        sum(n * n / theirs[their] for (_, their), n in both.items()) / records if truth else 1.0,
    )


def largest(found: Mapping[str, str]) -> int:
    """Return how many records the largest cluster has."""
    return max(Counter(found.values()).values(), default=0)


def _pairs(groups: Mapping[str, Hashable], side: Callable[[str], str] | None) -> int:
    sizes: dict[Hashable, Counter[str]] = defaultdict(Counter)
    for record, group in groups.items():
        sizes[group][side(record) if side else ""] += 1
    total = 0
    for counts in sizes.values():
        size = sum(counts.values())
        total += size * (size - 1) // 2
        if side:
            total -= sum(count * (count - 1) // 2 for count in counts.values())
    return total


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
