"""Golden records that may be one."""

from __future__ import annotations

from alembic import op

from accord.store.queries import script

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Tell who may be whom."""
    op.get_bind().exec_driver_sql(script("schema_0014").decode())


def downgrade() -> None:
    """There is no way back: it would lose records."""
    raise NotImplementedError("restore a backup from before the upgrade instead")
