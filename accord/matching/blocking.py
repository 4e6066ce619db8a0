"""Which records are compared at all: those that share a key that not too many share."""

from __future__ import annotations

import duckdb

from accord.matching.forms import sql

# A key that more records share says too little to compare all of them with each other.
_LARGEST_BLOCK = 200
# How many pairs may be found, each once under each key, and how many are scored of those that share
# keys worth less than is enough: a key is worth 7 where two records share it, and 1 where 200 do.
_FOUND_A_RECORD, _SCORED_A_RECORD = 8, 1
_FOUND_ALWAYS, _SCORED_ALWAYS = 4_000_000, 400_000
_ENOUGH = 20
# Sets up to this size are also looked at under keys that say little.
_BROAD = 60_000


def block(connection: duckdb.DuckDBPyConnection, *, entity: str) -> int:
    """Make the table `pairs` (n_l < n_r) of what to compare; return the largest block used.

    Smaller blocks come first, until there are as many pairs as the number of records allows. Of
    those come all that share keys enough, whatever the size of their customers, and of the others
    the pairs that share most, a rare key counting more. So a small set is compared almost in full,
    and a large one costs in proportion to its size.
    """
    ((records,),) = connection.execute("select count(*) from forms").fetchall()
    find_keys(connection, entity=entity, broad=records <= _BROAD)
    connection.execute(
        "create or replace temporary table held as"
        " select key, count(*) as size from keys group by key having count(*) between 2 and ?",
        [_LARGEST_BLOCK],
    )
    ((largest,),) = connection.execute(
        "select coalesce(max(size), 0) from ("
        " select size, sum(count(*) * size * (size - 1) / 2) over (order by size) as so_far"
        " from held group by size) where so_far <= ?",
        [max(_FOUND_ALWAYS, _FOUND_A_RECORD * records)],
    ).fetchall()
    connection.execute(
        "create or replace temporary table found as"
        " with kept as (select key, n, (8 - floor(log2(size)))::integer as worth"
        " from keys join held using (key) where size <= ?)"
        " select l.n as n_l, r.n as n_r, least(sum(l.worth), 255)::utinyint as shared"
        " from kept l join kept r"
        " on l.key = r.key and l.n < r.n group by all",
        [largest],
    )
    ((fewest,),) = connection.execute(
        "select coalesce(min(shared), $enough) from ("
        " select shared, sum(count(*)) over (order by shared desc) as so_far"
        " from found where shared < $enough group by shared) where so_far <= $most",
        {"enough": _ENOUGH, "most": max(_SCORED_ALWAYS, _SCORED_A_RECORD * records)},
    ).fetchall()
    connection.execute(
        "create or replace temporary table pairs as"
        " select n_l, n_r from found where shared >= ? order by n_l, n_r",
        [fewest],
    )
    for table in ("keys", "held", "found"):
        connection.execute(f"drop table {table}")
    return int(largest)


def find_keys(
    connection: duckdb.DuckDBPyConnection, *, entity: str, broad: bool, lasting: bool = False
) -> None:
    """Make the table `keys` (n, key) of the records in `forms`.

    Keys that last are text that any version of DuckDB makes alike; others are quick numbers.
    """
    connection.execute(f"create or replace macro broad() as ({str(broad).lower()})")
    for count in (1, 2, 3):
        names = ", ".join("abc"[:count])
        said = " and ".join(f"{name} is not null" for name in "abc"[:count])
        text = " || ':' || ".join(("tag", *"abc"[:count]))
        made = (
            f"left(md5({text}), 16)" if lasting else f"case when {said} then hash(tag, {names}) end"
        )
        connection.execute(f"create or replace macro key{count}(tag, {names}) as ({made})")
    connection.execute(sql(f"{entity}_keys"))
