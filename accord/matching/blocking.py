"""Which records are compared at all: those that share a key that not too many share."""

from __future__ import annotations

import duckdb

from accord.matching.forms import sql

# A key that more records share says too little to compare all of them with each other.
_LARGEST_BLOCK = 200
_PAIRS_A_RECORD = 8
_PAIRS_ALWAYS = 400_000


def block(connection: duckdb.DuckDBPyConnection, *, entity: str) -> int:
    """Make the table `pairs` (n_l < n_r) of what to compare; return the largest block used.

    Smaller blocks come first, until there are as many pairs as the number of records allows. So
    a small set is compared almost in full, and a large one costs in proportion to its size.
    """
    connection.execute(sql(f"{entity}_keys"))
    ((records,),) = connection.execute("select count(*) from forms").fetchall()
    connection.execute(
        "create or replace temporary table block as select hash(key) as k, n from keys"
    )
    connection.execute("drop table keys")
    connection.execute(
        "create or replace temporary table held as"
        " select k, count(*) as size from block group by k having count(*) between 2 and ?",
        [_LARGEST_BLOCK],
    )
    ((largest,),) = connection.execute(
        "select coalesce(max(size), 0) from ("
        " select size, sum(count(*) * size * (size - 1) / 2) over (order by size) as so_far"
        " from held group by size) where so_far <= ?",
        [max(_PAIRS_ALWAYS, _PAIRS_A_RECORD * records)],
    ).fetchall()
    connection.execute(
        "create or replace temporary table pairs as"
        " with kept as (select k, n from block semi join"
        " (select k from held where size <= ?) using (k))"
        " select distinct l.n as n_l, r.n as n_r from kept l join kept r"
        " on l.k = r.k and l.n < r.n",
        [largest],
    )
    connection.execute("drop table block")
    connection.execute("drop table held")
    return int(largest)
