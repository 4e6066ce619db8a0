"""Scored pairs, kept as columns and told one by one, with what speaks for and against each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import duckdb
import pyarrow as pa

from accord.matching.comparisons import COMPARISONS
from accord.matching.model import Band, Evidence, Pair

# What speaks against a pair, in bits, from which on it has a vote about its group.
AGAINST = -1.5
# From these odds on, in bits, a customer is linked without asking.
LINK = 8.0
# The same by entity: shops describe products so freely that few are sure.
LINKS: Mapping[str, float] = {"customer": LINK, "product": 18.0}
# So far below that stays what a date of birth or a first name contradicts: a person is asked.
_ASKED = 1.0
# Below these odds, in bits, two records have too little in common for a third to be like both.
FAR = -12.0
# Below these odds, in bits, two records are taken for two customers without asking.
REVIEW = -3.0


def probability(bits: float) -> float:
    """Return the probability of log2 odds."""
    return float(1.0 / (1.0 + 2.0 ** min(-bits, 1000.0)))


@dataclass(frozen=True)
class ScoredPairs(Sequence[Pair]):
    """The pairs of a table (left, right, bits, and a level and a weight for each comparison).

    Of the pairs that were scored, also below review, nothing contradicts in `silent` ones, and no
    third record makes `parted` ones one without asking.
    """

    table: pa.Table
    entity: str
    clusters: Mapping[str, str]
    silent: frozenset[tuple[str, str]] = frozenset()
    parted: frozenset[tuple[str, str]] = frozenset()

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @overload
    def __getitem__(self, place: int) -> Pair: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Pair]: ...
    def __getitem__(self, place: int | slice) -> Pair | Sequence[Pair]:
        """Return one pair, or those of a slice."""
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        if place < 0:
            place += len(self)
        if not 0 <= place < len(self):
            raise IndexError(place)
        [row] = self.table.slice(place, 1).to_pylist()
        left, right = row["left"], row["right"]
        return Pair(
            left,
            right,
            probability(row["bits"]),
            self._band(left, right),
            tuple(
                Evidence(c.column, c.levels[-row[f"level_{c.column}"]].name, weight)
                for c in COMPARISONS[self.entity]
                if row[f"level_{c.column}"]
                for weight in (round(row[f"weight_{c.column}"], 2),)
            ),
        )

    def _band(self, left: str, right: str) -> Band:
        return "link" if self.clusters[left] == self.clusters[right] else "review"


def probabilities(pairs: Sequence[Pair]) -> Iterator[tuple[str, str, float]]:
    """Tell the left, the right and the probability of each pair, without its evidence."""
    if not isinstance(pairs, ScoredPairs):
        yield from ((it.left, it.right, it.probability) for it in pairs)
        return
    for batch in pairs.table.select(["left", "right", "bits"]).to_batches():
        for left, right, bits in zip(*(it.to_pylist() for it in batch.columns), strict=True):
            yield left, right, probability(bits)


def silent_pairs(
    connection: duckdb.DuckDBPyConnection, *, scored: str = "scored"
) -> frozenset[tuple[str, str]]:
    """Return the pairs in which hardly anything speaks against that the two are one, by ids."""
    return _named(connection, scored, "against > ?", AGAINST)


def parted_pairs(
    connection: duckdb.DuckDBPyConnection, *, prior: float, scored: str = "scored"
) -> frozenset[tuple[str, str]]:
    """Return the pairs that no third record makes one without asking, by ids.

    Those that have little else in common are left out: nobody is like both.
    """
    return _named(connection, scored, "parted and evidence + ? > ?", prior, FAR)


def _named(
    connection: duckdb.DuckDBPyConnection, scored: str, where: str, *values: float
) -> frozenset[tuple[str, str]]:
    """Return the ids of the scored pairs of which this holds."""
    rows = connection.execute(
        f"select l.id, r.id from {scored} s join forms l on l.n = s.n_l"
        f" join forms r on r.n = s.n_r where {where}",
        values,
    ).fetchall()
    return frozenset(rows)


def odds_of(entity: str) -> str:
    """SQL for the odds of a scored pair, in bits, under the parameter `prior`."""
    most = LINKS[entity] - _ASKED
    return (
        f"case when contradicted then least(evidence + $prior, {most}) else evidence + $prior end"
    )


def scored_pairs(
    connection: duckdb.DuckDBPyConnection, *, entity: str, prior: float, scored: str = "scored"
) -> pa.Table:
    """Return the pairs from review upwards by their records' ids, in their order."""
    return connection.sql(
        f"select l.id as left, r.id as right, {odds_of(entity)} as bits,"
        f" s.* exclude (n_l, n_r, evidence, against, contradicted, parted)"
        f" from {scored} s join forms l on l.n = s.n_l join forms r on r.n = s.n_r"
        " where evidence + $prior >= $review order by s.n_l, s.n_r",
        params={"prior": prior, "review": REVIEW},
    ).to_arrow_table()
