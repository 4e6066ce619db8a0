"""Writes that adopt what somebody else made."""

from __future__ import annotations

from alembic import op

from accord.store.queries import script

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Let writes say what they adopt."""
    op.get_bind().exec_driver_sql(script("schema_0013").decode())


def downgrade() -> None:
    """There is no way back: it would lose records."""
    raise NotImplementedError("restore a backup from before the upgrade instead")
