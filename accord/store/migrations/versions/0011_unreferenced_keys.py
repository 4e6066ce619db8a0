"""Keys of records, written without looking each record up."""

from __future__ import annotations

from alembic import op

from accord.store.queries import script

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Let go of the reference."""
    op.get_bind().exec_driver_sql(script("schema_0011").decode())


def downgrade() -> None:
    """There is no way back: it would lose records."""
    raise NotImplementedError("restore a backup from before the upgrade instead")
