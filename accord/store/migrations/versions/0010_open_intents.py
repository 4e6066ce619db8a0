"""What a killed courier left unposted."""

from __future__ import annotations

from alembic import op

from accord.store.queries import script

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add it."""
    op.get_bind().exec_driver_sql(script("schema_0010").decode())


def downgrade() -> None:
    """There is no way back: it would lose records."""
    raise NotImplementedError("restore a backup from before the upgrade instead")
