"""Matches records: what shares a key is scored, and what scores well is clustered and banded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import log2
from typing import Any

import duckdb
import pyarrow as pa

from accord.matching.blocking import block, find_keys
from accord.matching.clustering import Groups, Two, cluster
from accord.matching.completing import LEAST, LIKELY, complete, conflicts
from accord.matching.forms import connected, load
from accord.matching.model import Matches, Model
from accord.matching.pairs import (
    LINKS,
    ScoredPairs,
    parted_pairs,
    probability,
    scored_pairs,
    silent_pairs,
)
from accord.matching.scoring import score
from accord.matching.terms import count_terms, know_words, remembered
from accord.matching.training import by_chance, learnt

_DIFFERENT_LISTS = (
    "delete from pairs using forms l, forms r where l.n = n_l and r.n = n_r and l.source = r.source"
)
# Of two lists, a record's best counterpart is the likelier one, and any other the less likely by
# as much as the best is better.
_RIVALS = """
    create or replace temporary table scored as
    with sides as (
        select n_l as n, evidence from scored union all select n_r, evidence from scored
    ),
    best as (select n, max(evidence) as evidence from sides group by n),
    outdone as (
        select s.*, l.evidence + r.evidence - 2 * s.evidence as gap
        from scored s join best l on l.n = s.n_l join best r on r.n = s.n_r
    )
    select * exclude (gap)
        replace (evidence + (case when gap = 0 then 2 else -2 * gap end)::float as evidence)
    from outdone
"""
_FEWEST_LINKS, _MOST_LINKS = 0.05, 20.0


def match_all(
    records: pa.Table,
    *,
    entity: str,
    must_link: Iterable[Two] = (),
    cannot_link: Iterable[Two] = (),
    model: Model | None = None,
    source: str | None = None,
) -> Matches:
    """Find which of the records are the same customer or product.

    `records` has a unique `id` and any of the entity's canonical columns. Without a model one is
    learnt from the records themselves. Must-links and cannot-links are a steward's: they hold
    whatever the scores say. The outcome is the same for any order of the records.

    `source` names a column of the records that says which list each is from. With it only records
    of different lists are compared, and a record's better counterpart speaks against its others.
    """
    with connected() as connection:
        load(connection, records, entity=entity, source=source)
        found = _judged(connection, entity, model, linked=source is not None)
        return _decided(
            connection, found, tuple(must_link), tuple(cannot_link), linked=source is not None
        )


def score_new(
    new: pa.Table,
    candidates: pa.Table,
    *,
    entity: str,
    model: Model,
    pairs: Iterable[Two] | None = None,
    records: int | None = None,
) -> ScoredPairs:
    """Score new records against candidates, without training; pairs below review are left out.

    `pairs` are ids to compare, as (new, candidate); without them, all that share a key are.
    `records` is how many the store holds by now: the more, the less a coincidence says.
    """
    together = pa.concat_tables([new, candidates], promote_options="permissive")
    with connected() as connection:
        load(connection, together, entity=entity)
        count_terms(connection, entity=entity, known=model.counts)
        know_words(connection, records=model.records, known=model.counts)
        if pairs is None:
            block(connection, entity=entity)
            pairs = _between(connection, new)
        _take(connection, pairs)
        prior = prior_bits(model.links, records or model.records)
        score(
            connection,
            entity=entity,
            records=model.records,
            m=model.m,
            u=model.u,
            floor=LEAST,
            prior=prior,
        )
        table = scored_pairs(connection, entity=entity, prior=prior)
        silent, parted = silent_pairs(connection), parted_pairs(connection, prior=prior)
    clusters = {str(i): str(i) for i in together.column("id").to_pylist()}
    linked = Groups(clusters)
    for left, right, bits in _rows(table):
        if bits >= LINKS[entity]:
            linked.join(left, right)
    return ScoredPairs(table, entity, linked.all(), silent, parted)


def block_keys_all(records: pa.Table, *, entity: str) -> dict[str, tuple[str, ...]]:
    """Return the keys under which each record is looked for, by id; for an index in a store."""
    with connected() as connection:
        load(connection, records, entity=entity)
        find_keys(connection, entity=entity, broad=False, lasting=True)
        rows = connection.execute(
            "select id, list_sort(list(key)) from keys join forms using (n) group by id"
        ).fetchall()
    return {record: tuple(keys) for record, keys in rows}


def block_keys(record: Mapping[str, Any], *, entity: str) -> tuple[str, ...]:
    """Return the keys of one record; for many records `block_keys_all` is much faster."""
    table = pa.Table.from_pylist([{**record, "id": "it"}])
    return block_keys_all(table, entity=entity).get("it", ())


def prior_bits(links: float, records: int) -> float:
    """Return the log2 odds that two records taken at random are one."""
    share = min(links / max(records - 1, 1), 0.5)
    return log2(share / (1 - share))


def _judged(
    connection: duckdb.DuckDBPyConnection, entity: str, model: Model | None, *, linked: bool
) -> Model:
    """Score all pairs worth comparing; return the model that they were scored with."""
    ((records,),) = connection.execute("select count(*) from forms").fetchall()
    count_terms(connection, entity=entity)
    know_words(connection, records=records)
    if model is None:
        u = by_chance(connection, entity=entity)
        m = learnt(connection, entity=entity, u=u)
    else:
        m = {column: list(shares) for column, shares in model.m.items()}
        u = {column: list(shares) for column, shares in model.u.items()}
    largest = block(connection, entity=entity)
    if linked:
        connection.execute(_DIFFERENT_LISTS)
    seen = score(
        connection,
        entity=entity,
        records=max(records, 2),
        m=m,
        u=u,
        floor=log2(max(records, 2)) - 9,
    )
    if linked:
        connection.execute(_RIVALS)
    links = _links(seen, max(records, 2))
    return Model(
        entity=entity,
        records=records,
        links=float(f"{links:.4g}"),
        largest_block=largest,
        m=m,
        u=u,
        counts=remembered(connection, entity=entity),
    )


def _links(seen: Mapping[float, int], records: int) -> float:
    """Find how many links a record has, such that the scores then add up to as many."""
    links = 1.0
    for _ in range(50):
        prior = prior_bits(links, records)
        matches = sum(count * probability(bits + prior) for bits, count in seen.items())
        links = min(max(2 * matches / records, _FEWEST_LINKS), _MOST_LINKS)
    return links


def _decided(
    connection: duckdb.DuckDBPyConnection,
    model: Model,
    must_link: Sequence[Two],
    cannot_link: Sequence[Two],
    *,
    linked: bool,
) -> Matches:
    prior = prior_bits(model.links, model.records)
    table = scored_pairs(connection, entity=model.entity, prior=prior)
    bits = {(left, right): odds for left, right, odds in _rows(table)}
    bits |= complete(connection, {} if linked else bits, model, prior)
    silent = silent_pairs(connection, scored="together")
    parted = parted_pairs(connection, prior=prior) | parted_pairs(
        connection, prior=prior, scored="completed"
    )
    told_apart = conflicts(connection)
    ids = [str(i) for (i,) in connection.execute("select id from forms order by n").fetchall()]
    apart = {*cannot_link, *told_apart}
    clusters = cluster(
        ids,
        bits,
        must_link=must_link,
        cannot_link=apart | parted,
        silent=silent,
        threshold=LINKS[model.entity],
    )
    likely = cluster(ids, bits, must_link=must_link, cannot_link=apart, threshold=LIKELY, margin=0)
    return Matches(ScoredPairs(table, model.entity, clusters), clusters, model, likely)


def _rows(table: pa.Table) -> Iterable[tuple[str, str, float]]:
    columns = (table.column(name).to_pylist() for name in ("left", "right", "bits"))
    return zip(*columns, strict=True)


def _between(connection: duckdb.DuckDBPyConnection, new: pa.Table) -> list[Two]:
    connection.register("new_ids", new.select(["id"]))
    rows = connection.execute(
        "select l.id, r.id from pairs join forms l on l.n = n_l join forms r on r.n = n_r"
        " where (l.id in (from new_ids)) <> (r.id in (from new_ids))"
    ).fetchall()
    connection.unregister("new_ids")
    return rows


def _take(connection: duckdb.DuckDBPyConnection, pairs: Iterable[Two]) -> None:
    lefts, rights = [], []
    for left, right in pairs:
        lefts.append(left)
        rights.append(right)
    connection.register(
        "given_pairs", pa.table({"l": pa.array(lefts, "string"), "r": pa.array(rights, "string")})
    )
    connection.execute(
        "create or replace temporary table pairs as"
        " select distinct least(a.n, b.n) as n_l, greatest(a.n, b.n) as n_r from given_pairs"
        " join forms a on a.id = l join forms b on b.id = r where a.n <> b.n"
    )
    connection.unregister("given_pairs")
