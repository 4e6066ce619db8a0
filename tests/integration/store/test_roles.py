"""Who may write what: every role tries every table of landing and ops."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from accord.store.database import Role, Store
from tests.support import engine

KINDS = ("insert", "update", "delete", "truncate")
APPEND, KEEP, OWN = {"insert"}, {"insert", "update"}, {"insert", "update", "delete"}
LANDED = {f"landing.{stream.name.table}": APPEND for stream in engine.STREAMS}
ALLOWED = {
    Role.LANDER: {
        **LANDED,
        "landing.shapes": APPEND,
        "ops.ledger": APPEND,
        "ops.cursors": KEEP,
        "ops.watermarks": KEEP,
        "ops.calendar": KEEP,
        "ops.dead_letters": KEEP,
        "ops.inbox": KEEP,
        "ops.calls": OWN,
        "ops.breakers": OWN,
    },
    Role.MODELER: {"ops.builds": KEEP},
    Role.GATEKEEPER: {
        "ops.ledger": APPEND,
        "ops.verdicts": APPEND,
        "ops.verdict_rows": APPEND,
        "ops.dead_letters": KEEP,
    },
    Role.DELIVERER: {
        "ops.ledger": APPEND,
        "ops.outbox": KEEP,
        "ops.crosswalk": OWN,
        "ops.delivery_marks": KEEP,
        "ops.open_deliveries": OWN,
        "ops.approvals": {"update"},
        "ops.dead_letters": KEEP,
        "ops.reconciliations": APPEND,
        "ops.alerts": KEEP,
        "ops.alert_notices": KEEP,
        "ops.alert_deliveries": KEEP,
    },
    Role.RESOLVER: {
        "ops.ledger": APPEND,
        **dict.fromkeys(["ops.golden_changes", "ops.golden_models"], APPEND),
        **dict.fromkeys(
            [
                *("ops.golden_records", "ops.golden_ids", "ops.golden_members"),
                *("ops.golden_reviews", "ops.golden_conflicts", "ops.golden_marks"),
                "ops.golden_passes",
            ],
            KEEP,
        ),
        **dict.fromkeys(["ops.golden_pairs", "ops.golden_blocks", "ops.golden_accepted"], OWN),
    },
    Role.STEWARD: {  # and, to replay, whatever a lander and a deliverer may
        "ops.dead_letters": KEEP,
        "ops.dead_letter_edits": KEEP,
        "ops.sealing_keys": KEEP,
        "ops.audit": APPEND,
        "ops.builds": {"update"},
        "ops.golden_decisions": KEEP,
        "ops.console_tokens": KEEP,
    },
    Role.READER: {},
}
ALLOWED[Role.STEWARD] = {
    **ALLOWED[Role.RESOLVER],
    **ALLOWED[Role.STEWARD],
    **ALLOWED[Role.LANDER],
    **ALLOWED[Role.DELIVERER],
    "ops.approvals": KEEP,
}


@pytest.fixture(scope="module")
def store(installed: Store) -> Store:
    with installed.transaction(Role.MODELER) as connection:
        connection.execute("create table canonical.sales (sale_id text)")
    return installed


def tables(store: Store) -> list[str]:
    found = engine.rows(
        store,
        "select schemaname || '.' || tablename as name from pg_tables"
        " where schemaname in ('landing', 'ops') order by 1",
    )
    return [row["name"] for row in found]


def attempt(store: Store, role: Role, kind: str, table: str) -> bool:
    """Try to write in one way; tell whether the database would let it."""
    (column,) = engine.rows(
        store,
        "select column_name from information_schema.columns"
        " where table_schema || '.' || table_name = %(table)s and is_identity = 'NO' limit 1",
        {"table": table},
    )
    where, name = sql.Identifier(*table.split(".")), sql.Identifier(column["column_name"])
    statement = {
        "insert": sql.SQL("insert into {} default values").format(where),
        "update": sql.SQL("update {} set {} = {} where false").format(where, name, name),
        "delete": sql.SQL("delete from {} where false").format(where),
        "truncate": sql.SQL("truncate {}").format(where),
    }[kind]
    try:
        with store.session(role) as connection, connection.transaction(force_rollback=True):
            connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return False
    except psycopg.errors.IntegrityError:
        return True
    return True


@pytest.mark.parametrize("role", Role)
def test_a_role_writes_where_its_work_is_and_nowhere_else(store: Store, role: Role) -> None:
    may = {
        table: kinds
        for table in tables(store)
        if (kinds := {kind for kind in KINDS if attempt(store, role, kind, table)})
    }
    assert may == ALLOWED[role]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.MODELER])
def test_only_the_modeler_changes_what_is_judged_and_published(store: Store, role: Role) -> None:
    for kind in KINDS:
        assert not attempt(store, role, kind, "canonical.sales")
    for schema in ("canonical", "publish", "staging", "reconciliation", "landing", "ops"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), store.session(role) as connection:
            connection.execute(f"create table {schema}.mine (a int)".encode())


@pytest.mark.parametrize("role", Role)
def test_every_role_may_look_at_what_it_works_with(store: Store, role: Role) -> None:
    with store.session(role) as connection:
        for table in ("ops.ledger", "ops.current_verdicts", "landing.pos__sales_lines"):
            assert connection.execute(f"select count(*) from {table}".encode()).fetchone() == (0,)


def test_a_role_cannot_become_another_by_itself(store: Store) -> None:
    """A connection works as its role until it is given back; the login's rights are not its own."""
    with store.session(Role.READER) as connection:
        assert connection.execute("select current_user").fetchone() == (Role.READER,)
