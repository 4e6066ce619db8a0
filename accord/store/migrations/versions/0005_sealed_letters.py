"""Dead letters sealed at rest, stewards' corrections and decisions, the audit trail."""

from __future__ import annotations

from typing import Any

from alembic import context, op

from accord.sealing import Key
from accord.store.dead_letters import about
from accord.store.queries import queries

revision = "0005"
down_revision = "0004"

_AT_ONCE = 500
_PLAIN = "select dead_letter_id, stage, name, piece, record_key, payload from ops.dead_letters"
_SEAL = """update ops.dead_letters set payload = %s, payload_digest = %s, key_id = %s
where dead_letter_id = %s"""


def upgrade() -> None:
    """Add what is new, then seal every payload that rests in plain."""
    statements = queries("schema_0005")
    op.get_bind().exec_driver_sql(statements["open"])
    connection: Any = op.get_bind().connection.driver_connection
    key = context.config.attributes["sealing"].ring().newest
    connection.execute("insert into ops.sealing_keys (key_id) values (%s)", (key.key_id,))
    _seal(connection, key)
    op.get_bind().exec_driver_sql(statements["close"])


def downgrade() -> None:
    """There is no way back to plain payloads."""
    raise NotImplementedError("restore a backup from before the upgrade instead")


def _seal(connection: Any, key: Key) -> None:
    with connection.cursor(name="plain") as plain, connection.cursor() as writer:
        plain.execute(_PLAIN)
        while rows := plain.fetchmany(_AT_ONCE):
            writer.executemany(
                _SEAL,
                [
                    (
                        key.seal(payload, bound := about(*identity)),
                        key.digest(payload, bound),
                        key.key_id,
                        letter,
                    )
                    for letter, *identity, payload in rows
                ],
            )
