"""Completes groups: what blocking left out is scored too, so that a group is judged whole."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from accord.matching.clustering import Groups, Two
from accord.matching.model import Model
from accord.matching.pairs import odds_of
from accord.matching.scoring import score

# Above these odds, three to two, two records are taken to be more likely one than two.
LIKELY = 0.5
# Evidence that does not exceed any: to keep all pairs.
LEAST = -1e6
# What two records lose that share nothing and contradict each other in nothing.
_SILENCE = 2.0
_LARGEST = 80


def complete(
    connection: duckdb.DuckDBPyConnection, bits: Mapping[Two, float], model: Model, prior: float
) -> dict[Two, float]:
    """Score what blocking left out within each group that likely pairs connect.

    Returns how each of those speaks, and makes the table `together` of all pairs within a group.
    """
    _group(connection, bits)
    score(
        connection,
        entity=model.entity,
        records=max(model.records, 2),
        m=model.m,
        u=model.u,
        floor=LEAST,
        pairs="within",
        into="completed",
    )
    connection.execute(
        "create or replace temporary table together as"
        " select n_l, n_r, against from completed union all"
        " select n_l, n_r, against from scored"
        " join members a on a.n = n_l join members b on b.n = n_r where a.root = b.root"
    )
    rows = connection.execute(
        f"select l.id, r.id, evidence, {odds_of(model.entity)} from completed"
        " join forms l on l.n = n_l join forms r on r.n = n_r",
        {"prior": prior},
    ).fetchall()
    return {(left, right): _spoken(evidence, odds) for left, right, evidence, odds in rows}


def _group(connection: duckdb.DuckDBPyConnection, bits: Mapping[Two, float]) -> None:
    """Make the tables `members` of each group, and `within` of its pairs that were not scored."""
    groups = Groups({record for pair in bits for record in pair})
    for (left, right), odds in bits.items():
        if odds > LIKELY:
            groups.join(left, right)
    sizes = groups.sizes()
    roots = {r: root for r, root in groups.all().items() if 2 < sizes[root] <= _LARGEST}
    grouped = pa.table(
        {"id": pa.array(roots, pa.string()), "root": pa.array(roots.values(), pa.string())}
    )
    connection.register("grouped", grouped)
    connection.execute(
        "create or replace temporary table members as"
        " select n, root from grouped join forms using (id)"
    )
    connection.unregister("grouped")
    connection.execute(
        "create or replace temporary table within as"
        " with missing as (select l.n as n_l, r.n as n_r from members l join members r"
        " on l.root = r.root and l.n < r.n)"
        " from missing anti join scored using (n_l, n_r)"
    )


def _spoken(evidence: float, odds: float) -> float:
    """Let the prior, which every pair repeats, not outvote the pairs that are known to be one."""
    return odds if odds > LIKELY else max(odds, min(evidence - _SILENCE, LIKELY - 1.0))


def conflicts(connection: duckdb.DuckDBPyConnection) -> set[Two]:
    """Return the pairs that are two whatever their score."""
    rows: list[Two] = connection.execute(
        "select l.id, r.id from (select n_l, n_r from scored where conflict"
        " union select n_l, n_r from completed where conflict) s"
        " join forms l on l.n = s.n_l join forms r on r.n = s.n_r"
    ).fetchall()
    return set(rows)
