"""Scores pairs of records: at which level each comparison is, and what that is worth in bits.

The worth of a level is log2(m / u). Where two records agree on a value, u is that value's own share
of the records. What two records share because they are at one place (an address, a telephone, a
mailbox) is discounted where their names speak against it and nothing identifies the customer:
families share a home, and shops a centre.

Comparing names word by word costs more than all else together, so where the odds are known it is
left out for pairs that come to nothing whatever their names are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from math import log2

import duckdb

from accord.matching.comparisons import COMPARISONS, FORMS, TERMS, Comparison, Level
from accord.matching.doubts import CONFLICTS, CONTRADICTED, DISCOUNTS, PARTED, PLACES
from accord.matching.pairs import AGAINST, FAR, REVIEW
from accord.matching.terms import LIKENESS

# Two records whose generations differ (Sr, Jr, II) are father and son, not one person.
CONFLICT = -14.0
_CHUNK = 1_000_000
# https://duckdb.org/docs/stable/guides/performance/how_to_tune_workloads#parallelism-multi-core-processing
_ROW_GROUP = 122_880
_LEAST = 1e-4
# What the lesser ones add among comparisons of one place.
_AGAIN = 0.4
# The comparison by `likeness_of`, and more words than any two names share, in bits.
_BY_WORDS = "name"
_ALL_WORDS = "1000"
# By how many bits sums of rounded numbers may differ, at most.
_ROUNDED = 0.1


def score(
    connection: duckdb.DuckDBPyConnection,
    *,
    entity: str,
    records: int,
    m: Mapping[str, Sequence[float]],
    u: Mapping[str, Sequence[float]],
    floor: float,
    prior: float | None = None,
    pairs: str = "pairs",
    into: str = "scored",
) -> dict[float, int]:
    """Make the table `into` of the pairs whose evidence exceeds `floor` bits, without the prior.

    It holds (n_l, n_r, evidence) and for each comparison its level and weight. Returns how many
    of all pairs have how much evidence, in quarters of a bit. With `prior`, names are compared only
    where that may make a pair one that `accord.matching.pairs` tells of; all others stay below.
    """
    statement = _statement(entity, records, m, u, prior)
    empty = statement.format(pairs=f"(from {pairs} limit 0)")
    connection.execute(f"create or replace temporary table {into} as {empty}")
    seen: dict[float, int] = {}
    ((forms,),) = connection.execute("select count(*) from forms").fetchall()
    for part in _chunks(connection, pairs):
        with _gone_over_by_pair(connection) if forms <= _ROW_GROUP else nullcontext():
            connection.execute(
                f"create or replace temporary table judged as {statement.format(pairs=part)}"
            )
        rows = connection.execute(
            "select round(evidence * 4) / 4, count(*) from judged group by 1"
        ).fetchall()
        for bits, count in rows:
            seen[bits] = seen.get(bits, 0) + count
        connection.execute(f"insert into {into} select * from judged where evidence > ?", [floor])
        connection.execute("drop table judged")
    return seen


@contextmanager
def _gone_over_by_pair(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Join in the order written: pairs are gone over, and forms are looked up.

    Left to itself DuckDB may go over the forms, as there are fewer of them; but a table of one row
    group is gone over by a single thread.
    """
    connection.execute("set disabled_optimizers = 'join_order,build_side_probe_side'")
    try:
        yield
    finally:
        connection.execute("reset disabled_optimizers")


def _chunks(connection: duckdb.DuckDBPyConnection, pairs: str) -> Iterator[str]:
    ((count,),) = connection.execute(f"select count(*) from {pairs}").fetchall()
    for start in range(0, count, _CHUNK):
        yield f"(from {pairs} where rowid >= {start} and rowid < {start + _CHUNK})"


def _statement(
    entity: str,
    records: int,
    m: Mapping[str, Sequence[float]],
    u: Mapping[str, Sequence[float]],
    prior: float | None,
) -> str:
    comparisons, terms = COMPARISONS[entity], TERMS[entity]
    [by_words] = [c for c in comparisons if c.column == _BY_WORDS]
    others = [c for c in comparisons if c is not by_words]
    forms = compared_forms(entity)
    sides = ", ".join(f"{side}.{form} as {form}_{side}" for form in forms for side in "lr")
    levels = ", ".join(f"({c.case})::tinyint as level_{c.column}" for c in others)
    worth = {c.column: _worth(c, terms, records, m[c.column], u[c.column]) for c in comparisons}
    weights = ", ".join(f"({worth[c.column]})::float as raw_{c.column}" for c in others)
    likeness = LIKENESS[entity]
    if prior is not None:
        most = _most(by_words, terms, records, m[_BY_WORDS], u[_BY_WORDS])
        likeness = f"case when {_may_count(entity, others, most, prior)} then {likeness} end"
    discounted = ", ".join(
        f"{_discounted(c.column, DISCOUNTS[entity].get(c.column))} as weight_{c.column}"
        for c in comparisons
    )
    placed = _placed(PLACES[entity])
    total = " + ".join(f"weight_{c.column}" for c in comparisons)
    against = " + ".join(f"least(weight_{c.column}, 0)" for c in comparisons)
    kept = ", ".join(f"level_{c.column}, weight_{c.column}" for c in comparisons)
    return f"""
        with joined as (
            select p.n_l, p.n_r, {sides}
            from {{pairs}} p join forms l on l.n = p.n_l join forms r on r.n = p.n_r
        ),
        levelled as (select *, {records} as records, {levels} from joined),
        weighted as (select *, {weights} from levelled),
        named as (select *, {likeness} as alike from weighted),
        met as (
            select *, floor(alike / 1000) % 10 as likeness, alike % 1000 as words_bits,
                coalesce(alike >= 10000, false) as rival_names
            from named
        ),
        called as (
            select *, (case when alike is null then 0 else {by_words.case} end)::tinyint
                as level_{_BY_WORDS}
            from met
        ),
        valued as (select *, ({worth[_BY_WORDS]})::float as raw_{_BY_WORDS} from called),
        discounted as (select *, {discounted} from valued),
        placed as (select * {placed} from discounted)
        select n_l, n_r, {kept}, {CONFLICTS[entity]} as conflict, ({against})::float as against,
            {CONTRADICTED[entity]} as contradicted, {PARTED[entity]} as parted,
            ({total} + case when conflict then {CONFLICT} else 0 end)::float as evidence
        from placed
    """  # fmt: skip


def _may_count(entity: str, others: Sequence[Comparison], most: str, prior: float) -> str:
    """Where two names may make a pair count, or keep one from it, by what else is known of it.

    Discounts are left out, and names are worth as much as any could be: so it is never less.
    """
    evidence = " + ".join(f"raw_{c.column}" for c in others)
    against = " + ".join(f"least(raw_{c.column}, 0)" for c in others)
    return (
        f"{against} > {AGAINST - _ROUNDED} or {evidence} + {most} + {prior + _ROUNDED:.4f}"
        f" + case when {CONFLICTS[entity]} then {CONFLICT} else 0 end"
        f" >= case when {PARTED[entity]} then {FAR} else {REVIEW} end"
    )


def _most(
    comparison: Comparison,
    terms: Mapping[str, float],
    records: int,
    m: Sequence[float],
    u: Sequence[float],
) -> str:
    """What a comparison by words is worth at most."""
    return f"greatest(0, {', '.join(_worths(comparison, terms, records, m, u, words=_ALL_WORDS))})"


def compared_forms(entity: str) -> tuple[str, ...]:
    """Return the forms that scoring a pair looks at, and how often their values occur."""
    return (*FORMS[entity], *(f"held_{term}" for term in TERMS[entity]))


def _discounted(column: str, discount: str | None) -> str:
    raw = f"raw_{column}"
    return f"{raw} * case when {raw} > 0 then {discount} else 1 end" if discount else raw


def _placed(columns: Sequence[str]) -> str:
    """Let what says the same again, such as city after postcode, count less."""
    if not columns:
        return ""
    most = f"greatest({', '.join(f'weight_{column}' for column in columns)})"
    again = ", ".join(
        f"case when weight_{column} > 0 and weight_{column} < {most}"
        f" then {_AGAIN} * weight_{column} else weight_{column} end as weight_{column}"
        for column in columns
    )
    return f"replace ({again})"


def _worth(
    comparison: Comparison,
    terms: Mapping[str, float],
    records: int,
    m: Sequence[float],
    u: Sequence[float],
) -> str:
    worths = _worths(comparison, terms, records, m, u, words="words_bits")
    numbered = zip(range(len(m), 0, -1), worths, strict=True)
    whens = " ".join(f"when {number} then {worth}" for number, worth in numbered)
    return f"case level_{comparison.column} {whens} else 0 end"


def _worths(
    comparison: Comparison,
    terms: Mapping[str, float],
    records: int,
    m: Sequence[float],
    u: Sequence[float],
    *,
    words: str,
) -> list[str]:
    """What each level is worth, where the words that two names share are worth `words`."""
    return [
        _level_worth(level, terms, records, max(often, _LEAST), by_chance, words)
        for level, often, by_chance in zip(comparison.levels, m, u, strict=True)
    ]


def _level_worth(
    level: Level, terms: Mapping[str, float], records: int, m: float, u: float, words: str
) -> str:
    if level.term is None:
        bits = log2(m / max(u, 1e-9))
        return f"{bits if level.most is None else min(bits, level.most):.4f}"
    if level.term == "words":
        rarity = _rarity("bag_key", terms, records)
        return f"{log2(m / 0.8):.4f} + least({words}, {rarity})"
    worth = f"{log2(m):.4f} + {_rarity(level.term, terms, records)}"
    return worth if level.most is None else f"least({worth}, {level.most})"


def _rarity(term: str, terms: Mapping[str, float], records: int) -> str:
    held = f"greatest(held_{term}_l, held_{term}_r)"
    return f"({log2(records):.4f} - log2(greatest({held} - 2, 0) + {terms[term]}))"
