"""How often values and words occur among the records: agreeing on a rare one says more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa
from duckdb.func import ARROW

from accord.matching.comparisons import HOLDERS, TERMS
from accord.matching.names import Rarity, likeness

# The level of likeness of two names, in thousands, and the information of what they share, in bits;
# ten thousand more where each says a word that the other does not.
LIKENESS = {
    "customer": (
        "case when bag_l is null or bag_r is null or (given_l is not null and given_r is not null)"
        " or (family_l is not null and family_r is not null) then null"
        " else likeness_of(bag_l, bag_r) end"
    ),
    "product": "likeness_of(bag_l, bag_r)",
}
# A model remembers the commonest values only; any other counts as rare.
_REMEMBERED = 2000
_OFTEN = 4


def count_terms(
    connection: duckdb.DuckDBPyConnection, *, entity: str, known: Mapping[str, int] | None = None
) -> None:
    """Add to `forms` how many records hold each of its values: among them, or as already known.

    What is known may be old: a value that more of them hold is at least as common as that.
    """
    if known is not None:
        counts = pa.table({"digest": list(known), "held": pa.array(list(known.values()), "int32")})
        connection.register("known_counts", counts)
    for term in TERMS[entity]:
        holders = HOLDERS[entity].get(term, "count(*)")
        connection.execute(
            f"create or replace temporary table term_{term} as"
            f" select {term} as value, ({holders})::integer as held from forms"
            f" where {term} is not null group by all"
        )
        if known is not None:
            connection.execute(
                f"create or replace temporary table term_{term} as"
                f" select value, greatest(t.held, k.held) as held from term_{term} t"
                f" left join known_counts k on k.digest = digest_of('{term}', value)"
            )
    joins = " ".join(f"left join term_{t} on term_{t}.value = {t}" for t in TERMS[entity])
    columns = ", ".join(f"coalesce(term_{t}.held, 0) as held_{t}" for t in TERMS[entity])
    connection.execute(
        f"create or replace temporary table counted as select forms.*, {columns} from forms {joins}"
    )
    connection.execute("drop table forms")
    connection.execute("alter table counted rename to forms")


def know_words(
    connection: duckdb.DuckDBPyConnection, *, records: int, known: Mapping[str, int] | None = None
) -> None:
    """Make names comparable in SQL, as `likeness_of`, by the rarity of the words of `forms`."""
    connection.execute(
        "create or replace temporary table term_word as select value, count(*)::integer as held"
        " from (select n, unnest(list_distinct(string_split(bag, ' '))) as value from forms)"
        " group by all"
    )
    rows = connection.execute(
        "select value, held, digest_of('word', value) from term_word where held > 2 or ?",
        [known is not None],
    ).fetchall()
    if known is None:
        counts = {word: held for word, held, _ in rows}
    else:
        counts = {word: max(held, known.get(digest, 1)) for word, held, digest in rows}
    rarity = Rarity(counts, records)
    connection.create_function(
        "likeness_of", _compared(rarity), ["VARCHAR", "VARCHAR"], "DOUBLE", type=ARROW
    )


def remembered(connection: duckdb.DuckDBPyConnection, *, entity: str) -> dict[str, int]:
    """Return how often the commonest values and words occur, under their digests."""
    found: dict[str, int] = {}
    for term in ("word", *TERMS[entity]):
        rows = connection.execute(
            f"select digest_of('{term}', value) as digest, held from term_{term} where held >= ?"
            " order by held desc, digest limit ?",
            [_OFTEN, _REMEMBERED],
        ).fetchall()
        found.update(rows)
    return found


def _compared(rarity: Rarity) -> Any:
    def every(lefts: Any, rights: Any) -> pa.Array:
        found: list[float | None] = []
        for left, right in zip(lefts.to_pylist(), rights.to_pylist(), strict=True):
            if left is None or right is None:
                found.append(None)
                continue
            alike = likeness(left, right, rarity)
            level = alike.level + 10 * alike.rivals
            found.append(level * 1000 + min(alike.bits, 999.0))
        return pa.array(found, pa.float64())

    return every
