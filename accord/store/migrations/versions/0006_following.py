"""Streams that are followed, and what systems told us by themselves."""

from __future__ import annotations

from alembic import op

from accord.store.queries import script

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add them."""
    op.get_bind().exec_driver_sql(script("schema_0006").decode())


def downgrade() -> None:
    """There is no way back: it would lose records."""
    raise NotImplementedError("restore a backup from before the upgrade instead")
