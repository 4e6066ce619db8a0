"""What is looked up by a key is looked up so, however old the planner's statistics are."""

from __future__ import annotations

from typing import LiteralString, cast

import pytest

from accord.store import golden, identity, statistics
from accord.store.database import Connection, Role
from accord.store.queries import listed, queries
from tests.support.golden import Company

MANY = 3000
"""Golden records of two records each: the one that founded it, and one known by its id."""


@pytest.fixture
def grown(company: Company) -> Company:
    """A store that grew much since the planner counted it: no pair was known by an id then."""
    several = {"many": MANY}
    company.rows(
        "insert into ops.golden_records (entity, system, stream, source_key, landed_version,"
        " known_golden_id, given, normal, since, seen_at, run_id)"
        " select 'customer', side, 'customers', 'k' || n, 1, 'g' || n, '{}',"
        " '{\"kind\": \"person\"}', now(), now(), 'r'"
        " from unnest(array['salesforce', 'stripe']) as side, generate_series(1, %(many)s) as n",
        several,
    )
    company.rows(
        "insert into ops.golden_ids (golden_id, entity, founder, founded_at, run_id)"
        " select known_golden_id, entity, record_id, now(), 'r' from ops.golden_records"
        " where system = 'salesforce'"
    )
    company.rows(
        "insert into ops.golden_pairs (left_id, right_id, probability, reason)"
        " select l.record_id, r.record_id, 0.4, 'matched'"
        " from ops.golden_records as l inner join ops.golden_records as r"
        " on r.record_id between l.record_id + 1 and l.record_id + 8"
        " where l.system = 'salesforce' and r.system = 'salesforce'"
    )
    company.rows("analyze ops.golden_records, ops.golden_ids, ops.golden_pairs, ops.golden_blocks")
    company.rows(
        "insert into ops.golden_pairs (left_id, right_id, probability, reason)"
        " select g.founder, r.record_id, 1, 'known_id' from ops.golden_ids as g"
        " inner join ops.golden_records as r on r.known_golden_id = g.golden_id"
        " where r.system = 'stripe'"
    )
    company.rows(
        "insert into ops.golden_blocks (block_key, record_id)"
        " select '=tax_id:' || known_golden_id, record_id from ops.golden_records"
    )
    return company


def test_whom_we_know_is_found_pair_by_pair(grown: Company) -> None:
    with grown.store.session(Role.RESOLVER) as connection, connection.transaction():
        golden.begin(connection)
        connection.execute(
            "insert into pg_temp.incoming_records"
            " (record_id, system, stream, source_key, known_golden_id)"
            " select record_id, system, stream, source_key, known_golden_id"
            " from ops.golden_records where system = 'stripe'"
        )
        connection.execute("analyze pg_temp.incoming_records")
        statement = "explain " + queries("identity")["known_founders"]
        plan = [line for (line,) in connection.execute(statement, {"entity": "customer"})]
        assert identity.known_founders(connection, "customer") == []
    scans = [place for place, line in enumerate(plan) if " on golden_pairs" in line]
    assert len(scans) == 1
    assert "golden_pairs_pkey" in plan[scans[0]]
    assert plan[scans[0] + 1].strip().startswith("Index Cond: ((left_id =")


def test_who_bears_one_identifier_is_found_key_by_key(grown: Company) -> None:
    with grown.store.session(Role.RESOLVER) as connection:
        rows = connection.execute("select record_id from ops.golden_records").fetchall()
        everybody = [record for (record,) in rows]
        values = {"records": listed(everybody), "largest": identity.LARGEST_SHARED}
        statement = "explain " + queries("identity")["sharing"]
        plan = [line for (line,) in connection.execute(statement, values)]
        assert len(identity.sharing(connection, everybody)) == MANY
    joins = [line for line in plan if "Join Filter" in line]
    assert not any("record_id =" in line or "block_key =" in line for line in joins)


def test_who_shares_a_key_is_found_by_walking_it(grown: Company) -> None:
    """However many share a key, no more of them are looked at than may be told."""
    grown.rows(
        "insert into ops.golden_blocks (block_key, record_id)"
        " select 'all', record_id from ops.golden_records"
        " union all select 'two', record_id from ops.golden_records where source_key = 'k7'"
        " union all select 'few ' || n || ' ' || record_id % 1500, record_id"
        " from ops.golden_records, generate_series(1, 4) as n"
    )
    grown.rows("analyze ops.golden_blocks")
    both = grown.rows("select record_id from ops.golden_records where source_key = 'k7'")
    with grown.store.session(Role.RESOLVER) as connection, connection.transaction():
        explaining = _Explaining(connection)
        two = [row["record_id"] for row in both]
        found = identity.candidates(cast("Connection", explaining), two)
        bitmaps = connection.execute("show enable_bitmapscan").fetchone()
    assert tuple(sorted(two)) in found
    assert bitmaps == ("on",)
    scans = [line for line in explaining.plan if " on golden_blocks" in line]
    assert any("using golden_blocks_pkey" in line for line in scans)
    assert not any("Bitmap" in line for line in scans)


class _Explaining:
    """A connection that remembers how it went about what reads golden blocks."""

    def __init__(self, connection: Connection) -> None:
        self.plan: list[str] = []
        self._connection = connection

    def execute(self, statement: LiteralString, values: dict[str, object]) -> object:
        if "golden_blocks" in statement:
            rows = self._connection.execute("explain " + statement, values)
            self.plan += [line for (line,) in rows]
        return self._connection.execute(statement, values)


def test_what_is_counted_is_counted_without_its_documents(company: Company) -> None:
    with company.store.session(Role.RESOLVER) as connection:
        connection.execute(
            "create temporary table told as"
            " select n, 'k' || n as key, '{\"a\": 1}'::jsonb as said, '{\"a\": 1}'::bytea as raw"
            " from generate_series(1, 100) as n"
        )
        statistics.refresh(connection, [("pg_temp", "told")], touched=40)  # too few to be counted
        assert _counted(connection) == (-1, None)
        statistics.refresh(connection, [("pg_temp", "told")], touched=100)
        assert _counted(connection) == (100, ["key", "n"])
        connection.execute("insert into told (n) values (101)")
        connection.execute("create temporary view shown as select * from told")
        statistics.refresh(connection, [("pg_temp", "shown"), ("pg_temp", "told")])
        assert _counted(connection) == (101, ["key", "n"])


def _counted(connection: Connection) -> object:
    return connection.execute(
        "select reltuples::int, (select array_agg(attname::text order by attname) from pg_stats"
        " where tablename = relname) from pg_class where oid = 'pg_temp.told'::regclass"
    ).fetchone()
