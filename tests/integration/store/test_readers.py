"""Who may read what: nobody from outside reads anything, and few may read what records hold."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from accord.contracts import odcs
from accord.store.database import Role, Store
from tests.support import engine

SCHEMAS = ("landing", "ops", "staging", "intermediate", "canonical", "publish", "reconciliation")
PAYLOAD = {Role.LANDER, Role.MODELER, Role.STEWARD}  # a steward replays, and so lands
RESTRICTED = [
    stream
    for stream in engine.STREAMS
    if any(column.privacy == "restricted" for column in odcs.load(stream.contract).columns)
]


@pytest.fixture(scope="module")
def store(installed: Store) -> Iterator[Store]:
    with installed.transaction(Role.MODELER) as connection:
        for schema in SCHEMAS[2:]:
            connection.execute(f"create view {schema}.shown as select 'her' as tax_id".encode())
    with psycopg.connect(installed.address.conninfo, autocommit=True) as connection:
        connection.execute("create role outsider login")
        yield installed
        connection.execute("drop role outsider")


def relations(store: Store) -> list[tuple[str, str]]:
    """All tables and views of ours."""
    found = engine.rows(
        store,
        "select n.nspname, c.relname from pg_class as c"
        " inner join pg_namespace as n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'v', 'm') and n.nspname = any(%(schemas)s) order by 1, 2",
        {"schemas": list(SCHEMAS)},
    )
    return [(row["nspname"], row["relname"]) for row in found]


def may_read(store: Store, role: str, relation: tuple[str, str], column: str = "*") -> bool:
    what = sql.SQL(column) if column == "*" else sql.Identifier(column)
    statement = sql.SQL("select {} from {} limit 0").format(what, sql.Identifier(*relation))
    with psycopg.connect(store.address.conninfo) as connection:
        connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
        try:
            connection.execute(statement)
        except psycopg.errors.InsufficientPrivilege:
            return False
    return True


def test_a_login_without_our_roles_reads_nothing(store: Store) -> None:
    there = relations(store)
    assert {schema for schema, _ in there} == set(SCHEMAS)
    assert [name for name in there if may_read(store, "outsider", name)] == []


def test_restricted_fields_are_landed_where_few_may_read_them(store: Store) -> None:
    assert {stream.name.system for stream in RESTRICTED} >= {"salesforce", "stripe", "mailchimp"}
    for stream in engine.STREAMS:
        table = ("landing", stream.name.table)
        readers = {role for role in Role if may_read(store, role, table, "payload")}
        assert readers == PAYLOAD, table
        assert all(may_read(store, role, table, "source_key") for role in Role)
