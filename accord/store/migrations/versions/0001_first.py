"""Landing shapes, ledger, cursors, dead letters, verdicts, outbox, crosswalk, reconciliations."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None

_SQL = Path(__file__).resolve().parents[2] / "sql" / "schema_0001.sql"


def upgrade() -> None:
    """Create the tables and what each role may do with them."""
    op.get_bind().exec_driver_sql(_SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Drop them; only for a store that holds nothing worth keeping."""
    op.get_bind().exec_driver_sql("drop schema ops cascade; drop schema landing cascade")
