"""Who may sign in to the console."""

from __future__ import annotations

from alembic import op

from accord.store.queries import script

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add them."""
    op.get_bind().exec_driver_sql(script("schema_0009").decode())


def downgrade() -> None:
    """There is no way back: it would lose records."""
    raise NotImplementedError("restore a backup from before the upgrade instead")
