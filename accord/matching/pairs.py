"""Scored pairs, kept as columns and told one by one, with what speaks for and against each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import duckdb
import pyarrow as pa

from accord.matching.comparisons import COMPARISONS
from accord.matching.model import Band, Evidence, Pair

# Below these odds, in bits, two records are taken for two customers without asking.
REVIEW = -3.0


def probability(bits: float) -> float:
    """Return the probability of log2 odds."""
    return float(1.0 / (1.0 + 2.0 ** min(-bits, 1000.0)))


@dataclass(frozen=True)
class ScoredPairs(Sequence[Pair]):
    """The pairs of a table (left, right, bits, and a level and a weight for each comparison)."""

    table: pa.Table
    entity: str
    clusters: Mapping[str, str]

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


def scored_pairs(
    connection: duckdb.DuckDBPyConnection, *, prior: float, scored: str = "scored"
) -> pa.Table:
    """Return the pairs from review upwards by their records' ids, in their order."""
    return connection.sql(
        f"select l.id as left, r.id as right, evidence + ? as bits,"
        f" s.* exclude (n_l, n_r, evidence)"
        f" from {scored} s join forms l on l.n = s.n_l join forms r on r.n = s.n_r"
        " where evidence + ? >= ? order by s.n_l, s.n_r",
        params=[prior, prior, REVIEW],
    ).to_arrow_table()
