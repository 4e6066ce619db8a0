"""Calls and breakers, shared by all processes."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"

_SQL = Path(__file__).resolve().parents[2] / "sql" / "schema_0004.sql"


def upgrade() -> None:
    """Create the tables and what each role may do with them."""
    op.get_bind().exec_driver_sql(_SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Forget who called when, and which system was down."""
    op.get_bind().exec_driver_sql("drop table ops.calls; drop table ops.breakers")
