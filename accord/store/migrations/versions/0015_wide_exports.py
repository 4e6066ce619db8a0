"""Shapes of any length."""

from __future__ import annotations

from alembic import op

from accord.store.queries import script

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Tell shapes apart by their digests."""
    op.get_bind().exec_driver_sql(script("schema_0015").decode())


def downgrade() -> None:
    """There is no way back: it would lose records."""
    raise NotImplementedError("restore a backup from before the upgrade instead")
