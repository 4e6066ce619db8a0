"""The trail of what people did: it cannot be changed in passing, and shows where it was."""

from __future__ import annotations

import psycopg
import pytest

from accord.store import audit
from accord.store.database import Role, Store
from tests.support.letters import ANN


def test_the_trail_shows_an_altered_a_missing_and_a_forged_entry(store: Store) -> None:
    with store.transaction(Role.STEWARD) as connection:
        audit.note(connection, "discard", ["a", "b", "c", "d"], ANN)
    assert broken(store) == []
    damage(store, "update ops.audit set why = 'another' where entry_id = 2")
    assert broken(store) == [2]
    damage(store, "update ops.audit set hash = ops.audit_hash(audit) where entry_id = 2")
    assert broken(store) == [3]
    damage(store, "delete from ops.audit where entry_id = 2")
    assert broken(store) == [3]
    damage(store, "delete from ops.audit where entry_id = 1")
    assert broken(store) == [3]


def broken(store: Store) -> list[int]:
    with store.session(Role.READER) as connection:
        return audit.broken(connection)


def damage(store: Store, statement: str) -> None:
    """Do what nobody may: with all rights, and the guards switched off."""
    with psycopg.connect(store.address.conninfo) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(psycopg.sql.SQL(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "update ops.audit set who = 'x'", "delete from ops.audit", "truncate ops.audit",
        "delete from ops.dead_letter_edits",
    ],
)  # fmt: skip
def test_not_even_the_owner_changes_the_trail_in_passing(store: Store, statement: str) -> None:
    with store.transaction(Role.STEWARD) as connection:
        audit.note(connection, "discard", ["a"], ANN)
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
        psycopg.connect(store.address.conninfo) as connection,
    ):
        connection.execute(psycopg.sql.SQL(statement))


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (Role.LANDER, "insert into ops.audit (who) values ('x')"),
        (Role.STEWARD, "delete from ops.dead_letters"),
        (Role.STEWARD, "update ops.audit set who = 'x'"),
        (Role.STEWARD, "delete from ops.ledger"),
        (Role.LANDER, "update ops.sealing_keys set retired_at = now()"),
        (Role.READER, "select ops.sealing_key()"),
        (Role.LANDER, "insert into ops.dead_letter_edits values (uuidv7(), 1, '', '', '')"),
    ],
)
def test_each_role_may_do_what_its_work_needs_and_no_more(
    store: Store, role: Role, statement: str
) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        store.session(role) as connection,
    ):
        connection.execute(psycopg.sql.SQL(statement))
