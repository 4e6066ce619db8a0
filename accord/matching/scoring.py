"""Scores pairs of records: at which level each comparison is, and what that is worth in bits.

The worth of a level is log2(m / u). Where two records agree on a value, u is that value's own share
of the records. What two records share because they are at one place (an address, a telephone, a
mailbox) is discounted where their names speak against it and nothing identifies the customer:
families share a home, and shops a centre.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import log2

import duckdb

from accord.matching.comparisons import COMPARISONS, TERMS, Comparison, Level
from accord.matching.terms import LIKENESS

# Two records whose generations differ (Sr, Jr, II) are father and son, not one person.
CONFLICT = -14.0
_CHUNK = 1_000_000
_LEAST = 1e-4
# What a name is worth at most beyond what this many records can show.
_BEYOND = 3.0

# Where the names differ, and nothing identifies the customer, what is shared counts this much less.
_DIFFER = "(level_first_name = 1 or level_name = 1)"
_DOUBTFUL = "(level_first_name = 2 or level_name = 2)"
_IDENTIFIED = "(level_birth_date in (7, 6, 4) or level_tax_id >= 2)"
_PREMISES = (
    f"case when {_IDENTIFIED} then 1 when {_DIFFER} then 0.25 when {_DOUBTFUL} then 0.6 else 1 end"
)
_MAILBOX = f"case when {_IDENTIFIED} then 1 when {_DIFFER} then 0.6 else 1 end"
_DISCOUNTS = {
    "street": _PREMISES,
    "postcode": _PREMISES,
    "city": _PREMISES,
    "phone": _PREMISES,
    "email": _MAILBOX,
}


def score(
    connection: duckdb.DuckDBPyConnection,
    *,
    entity: str,
    records: int,
    m: Mapping[str, Sequence[float]],
    u: Mapping[str, Sequence[float]],
    floor: float,
    pairs: str = "pairs",
    into: str = "scored",
) -> dict[float, int]:
    """Make the table `into` of the pairs whose evidence exceeds `floor` bits, without the prior.

    It holds (n_l, n_r, evidence) and for each comparison its level and weight. Returns how many
    of all pairs have how much evidence, in quarters of a bit.
    """
    statement = _statement(entity, records, m, u)
    empty = statement.format(pairs=f"(from {pairs} limit 0)")
    connection.execute(f"create or replace temporary table {into} as {empty}")
    seen: dict[float, int] = {}
    for part in _chunks(connection, pairs):
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


def _chunks(connection: duckdb.DuckDBPyConnection, pairs: str) -> Iterator[str]:
    ((count,),) = connection.execute(f"select count(*) from {pairs}").fetchall()
    for start in range(0, count, _CHUNK):
        yield f"(from {pairs} where rowid >= {start} and rowid < {start + _CHUNK})"


def _statement(
    entity: str, records: int, m: Mapping[str, Sequence[float]], u: Mapping[str, Sequence[float]]
) -> str:
    comparisons = COMPARISONS[entity]
    forms = compared_forms(entity)
    sides = ", ".join(f"{side}.{form} as {form}_{side}" for form in forms for side in "lr")
    levels = ", ".join(f"({c.case})::tinyint as level_{c.column}" for c in comparisons)
    weights = ", ".join(
        f"({_worth(c, records, m[c.column], u[c.column])})::float as raw_{c.column}"
        for c in comparisons
    )
    discounted = ", ".join(f"{_discounted(c.column)} as weight_{c.column}" for c in comparisons)
    total = " + ".join(f"weight_{c.column}" for c in comparisons)
    kept = ", ".join(f"level_{c.column}, weight_{c.column}" for c in comparisons)
    return f"""
        with joined as (
            select p.n_l, p.n_r, {sides}
            from {{pairs}} p join forms l on l.n = p.n_l join forms r on r.n = p.n_r
        ),
        named as (select *, {LIKENESS} as alike from joined),
        met as (select *, floor(alike / 1000) as likeness, alike % 1000 as words_bits from named),
        levelled as (select *, {levels} from met),
        weighted as (select *, {weights} from levelled),
        discounted as (select *, {discounted} from weighted)
        select n_l, n_r, {kept}, coalesce(generation_l <> generation_r, false) as conflict,
            ({total} + case when conflict then {CONFLICT} else 0 end)::float as evidence
        from discounted
    """  # fmt: skip


def compared_forms(entity: str) -> tuple[str, ...]:
    """Return the forms that scoring a pair looks at."""
    return (*_FORMS[entity], *(f"held_{term}" for term in TERMS[entity]))


_FORMS = {
    "customer": (
        "given", "givens", "roots", "family", "families", "generation", "bag", "email", "mailbox",
        "mail_host", "phone", "birth", "number", "street", "postcode", "city", "tax_id",
    )
}  # fmt: skip


def _discounted(column: str) -> str:
    discount = _DISCOUNTS.get(column)
    raw = f"raw_{column}"
    return f"{raw} * case when {raw} > 0 then {discount} else 1 end" if discount else raw


def _worth(comparison: Comparison, records: int, m: Sequence[float], u: Sequence[float]) -> str:
    numbered = zip(range(len(m), 0, -1), comparison.levels, m, u, strict=True)
    whens = " ".join(
        f"when {number} then {_level_worth(level, records, max(often, _LEAST), by_chance)}"
        for number, level, often, by_chance in numbered
    )
    return f"case level_{comparison.column} {whens} else 0 end"


def _level_worth(level: Level, records: int, m: float, u: float) -> str:
    if level.term is None:
        return f"{log2(m / max(u, 1e-9)):.4f}"
    if level.term == "words":
        return f"{log2(m / 0.8):.4f} + least(words_bits, {log2(records) + _BEYOND:.4f})"
    held = f"greatest(held_{level.term}_l, held_{level.term}_r)"
    unseen = TERMS["customer"][level.term]
    return f"{log2(m) + log2(records):.4f} - log2(greatest({held} - 2, 0) + {unseen})"
