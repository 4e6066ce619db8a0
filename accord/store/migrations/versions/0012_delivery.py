"""Indexes that cost less to write; deliveries that are open from their first look on."""

from __future__ import annotations

from alembic import op

from accord.store.queries import script

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Put both in the place of the old ones."""
    op.get_bind().exec_driver_sql(script("schema_0012").decode())


def downgrade() -> None:
    """There is no way back: it would lose records."""
    raise NotImplementedError("restore a backup from before the upgrade instead")
