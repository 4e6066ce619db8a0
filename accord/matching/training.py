"""Learns, without labels, how often records of one customer agree: Splink 5 on DuckDB.

What happens by chance (u) is counted on pairs taken at random. How often one customer's records
agree (m) is estimated by Splink's expectation maximisation, once for each of several ways of
picking pairs that are mostly the same customer, on all comparisons that the picking leaves open.
Few records can teach little, so what was believed before keeps a weight.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from math import ceil
from typing import Any

import duckdb

from accord.matching.comparisons import COMPARISONS, FORMS, TERMS, Comparison
from accord.matching.scoring import compared_forms

# Splink picks the pairs that agree on all of these; the names of one customer must be among them,
# or what identifies it, since neighbours and relatives agree on all else.
_PICKED_BY: Mapping[str, tuple[str, ...]] = {
    "customer": (
        "email", "tax_id", "birth", "given,family", "given,phone", "given,address",
        "given,postcode", "family,birth", "given,birth", "bag", "bag,phone", "bag,postcode",
        "bag,address",
    ),
    "product": (),
}  # fmt: skip
# The names of companies stay as they are believed: chains of shops would teach that one customer
# has many names.
_BELIEVED = frozenset({"name"})
_FEWEST_RECORDS = 400
_FEWEST_PAIRS = 60
_FEWEST_SAID = 20
_MOST_PAIRS = 20_000
# A comparison that so many ways of picking have taught is known.
_MOST_SESSIONS = 3
_LARGEST_GROUP = 60
_RANDOM_RECORDS = 20_000
_RANDOM_PAIRS = 300_000
_BELIEF_U = 1000
_BELIEF_M = 100
_MOST_LEARNT = 3000


def by_chance(connection: duckdb.DuckDBPyConnection, *, entity: str) -> dict[str, list[float]]:
    """Return u of each comparison, level by level, counted on pairs picked by their hash."""
    counted = [c for c in COMPARISONS[entity] if c.column not in _BELIEVED]
    sides = ", ".join(f"{s}.{f} as {f}_{s}" for f in compared_forms(entity) for s in "lr")
    levels = ", ".join(f"{c.case} as {c.column}" for c in counted)
    connection.execute(
        "create or replace temporary table shuffled as"
        " select n, row_number() over (order by hash(id), id) as place from"
        f" (select n, id from forms order by hash(id), id limit {_RANDOM_RECORDS})"
    )
    ((records,),) = connection.execute("select count(*) from shuffled").fetchall()
    distances = min(max(records - 1, 1), ceil(_RANDOM_PAIRS / max(records, 1)))
    connection.execute(
        "create or replace temporary table random_pairs as"
        " select l.n as n_l, r.n as n_r from shuffled l, shuffled r"
        " where r.place > l.place and r.place <= l.place + ?",
        [distances],
    )
    connection.execute(
        "create or replace temporary table random_levels as with joined as ("
        f" select {sides} from random_pairs p"
        " join forms l on l.n = p.n_l join forms r on r.n = p.n_r)"
        f" select {levels} from joined"
    )
    found = {c.column: [level.u for level in c.levels] for c in COMPARISONS[entity]}
    for comparison in counted:
        rows = connection.execute(
            f"select {comparison.column}, count(*) from random_levels"
            f" where {comparison.column} > 0 group by 1"
        ).fetchall()
        found[comparison.column] = _blended(
            dict(rows), [level.u for level in comparison.levels], _BELIEF_U
        )
    for table in ("random_levels", "random_pairs", "shuffled"):
        connection.execute(f"drop table {table}")
    return found


def _blended(counts: Mapping[int, float], believed: Sequence[float], weight: float) -> list[float]:
    """Blend counts by level number with shares that are worth `weight` counts."""
    highest = len(believed)
    total = sum(counts.values()) + weight * sum(believed)
    return [
        float(f"{(counts.get(highest - place, 0) + weight * share) / total:.4g}")
        for place, share in enumerate(believed)
    ]


def learnt(
    connection: duckdb.DuckDBPyConnection, *, entity: str, u: Mapping[str, Sequence[float]]
) -> dict[str, list[float]]:
    """Return m of each comparison, level by level."""
    ((records,),) = connection.execute("select count(*) from forms").fetchall()
    learnt: dict[str, dict[int, float]] = {c.column: {} for c in COMPARISONS[entity]}
    sessions: Counter[str] = Counter()
    present = _present(connection, (*FORMS[entity], *TERMS[entity]))
    for picked_by in _PICKED_BY[entity] if records >= _FEWEST_RECORDS else ():
        if not set(picked_by.split(",")) <= present:
            continue
        known = {column for column, times in sessions.items() if times >= _MOST_SESSIONS}
        taught = _session(connection, picked_by.split(","), entity, u, known=known, present=present)
        sessions.update(taught.keys())
        for column, counts in taught.items():
            for number, count in counts.items():
                learnt[column][number] = learnt[column].get(number, 0.0) + count
    return {
        c.column: _blended(
            _at_most(learnt[c.column], _MOST_LEARNT), [level.m for level in c.levels], _BELIEF_M
        )
        for c in COMPARISONS[entity]
    }


def _at_most(counts: Mapping[int, float], most: float) -> dict[int, float]:
    total = sum(counts.values())
    return {n: count * min(1.0, most / total) for n, count in counts.items()} if total else {}


def _session(
    connection: duckdb.DuckDBPyConnection,
    picked_by: Sequence[str],
    entity: str,
    u: Mapping[str, Sequence[float]],
    *,
    known: Collection[str],
    present: Collection[str],
) -> dict[str, dict[int, float]]:
    """Train once, and return how many matches were seen at each level of each open comparison."""
    chosen = [
        c
        for c in COMPARISONS[entity]
        if not (used := _used(c)) & set(picked_by) and used & set(present)
    ]
    taught = [c for c in chosen if c.column not in _BELIEVED]
    is_new = any(c.column not in known for c in taught)
    if not is_new or len(chosen) < 2:
        return {}
    pairs = _pairs(connection, picked_by)
    if pairs < _FEWEST_PAIRS:
        return {}
    _sample(connection, picked_by, share=_MOST_PAIRS / pairs)
    trained = _trained(connection, picked_by, chosen, u)
    if trained is None:
        return {}
    share, m = trained
    matches = share * min(pairs, _MOST_PAIRS)
    return {
        c.column: {
            len(c.levels) - place: matches * often for place, often in enumerate(m[c.column])
        }
        for c in taught
    }


def _present(connection: duckdb.DuckDBPyConnection, forms: Sequence[str]) -> set[str]:
    """Return the forms that at least some records have."""
    counts = ", ".join(f"count({form})" for form in forms)
    (row,) = connection.execute(f"select {counts} from forms").fetchall()
    return {form for form, said in zip(forms, row, strict=True) if said >= _FEWEST_SAID}


def _pairs(connection: duckdb.DuckDBPyConnection, picked_by: Sequence[str]) -> float:
    columns = ", ".join(picked_by)
    said = " and ".join(f"{column} is not null" for column in picked_by)
    ((pairs,),) = connection.execute(
        "select coalesce(sum(size * (size - 1) / 2), 0) from ("
        f" select count(*) as size from forms where {said} group by {columns})"
        " where size <= ?",
        [_LARGEST_GROUP],
    ).fetchall()
    return float(pairs)


def _sample(
    connection: duckdb.DuckDBPyConnection, picked_by: Sequence[str], *, share: float
) -> None:
    """Make the table `picked` of about this share of the groups, each with all its records."""
    said = " and ".join(f"{column} is not null" for column in picked_by)
    connection.execute(
        f"create or replace temporary table picked as select * from forms where {said}"
        f" and hash({', '.join(picked_by)}) % 10000 < ?"
        f" qualify count(*) over (partition by {', '.join(picked_by)}) between 2 and ?",
        [max(int(share * 10000), 1), _LARGEST_GROUP],
    )


def _used(comparison: Comparison) -> set[str]:
    text = " ".join([comparison.unless, *(level.when for level in comparison.levels)])
    return set(re.findall(r"\b([a-z_]+)_l\b", text))


def _trained(
    connection: duckdb.DuckDBPyConnection,
    picked_by: Sequence[str],
    comparisons: Sequence[Comparison],
    u: Mapping[str, Sequence[float]],
) -> tuple[float, dict[str, list[float]]] | None:
    """Return the share of matches among the picked pairs, and m; None where Splink finds none."""
    from splink import DuckDBAPI, Linker, block_on

    settings: dict[str, Any] = {
        "link_type": "dedupe_only",
        "unique_id_column_name": "id",
        "comparisons": [_for_splink(c, u[c.column]) for c in comparisons],
        "blocking_rules_to_generate_predictions": [],
        "retain_matching_columns": False,
        "max_iterations": 15,
        "em_convergence": 0.003,
        "probability_two_random_records_match": 1e-4,
    }
    database = DuckDBAPI(connection=connection)
    linker = Linker(database.register("picked"), settings, log_level=logging.CRITICAL)
    try:
        session = linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*picked_by),
            estimate_without_term_frequencies=True,
        )
        told = linker.misc.save_model_to_json()
    except ValueError:
        return None
    share = session.core_model_settings.probability_two_random_records_match
    return share, {
        c["output_column_name"]: _shares(c["comparison_levels"]) for c in told["comparisons"]
    }


def _shares(levels: Sequence[Mapping[str, Any]]) -> list[float]:
    found = [
        level.get("m_probability") or 0.0 for level in levels if not level.get("is_null_level")
    ]
    total = sum(found)
    return [share / total for share in found] if total else found


def _for_splink(comparison: Comparison, u: Sequence[float]) -> dict[str, Any]:
    likeness = "cast(floor(likeness_of(bag_l, bag_r) / 1000) % 10 as integer)"
    levels: list[dict[str, Any]] = [
        {
            "sql_condition": comparison.unless,
            "label_for_charts": "null",
            "is_null_level": True,
        }
    ]
    levels += [
        {
            "sql_condition": "ELSE"
            if level.is_else
            else level.when.replace("likeness =", f"{likeness} ="),
            "label_for_charts": level.name,
            "m_probability": level.m,
            "u_probability": by_chance,
            "fix_m_probability": comparison.column in _BELIEVED,
        }
        for level, by_chance in zip(comparison.levels, u, strict=True)
    ]
    return {"output_column_name": comparison.column, "comparison_levels": levels}
