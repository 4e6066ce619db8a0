"""Golden ids: who is who, decided by whom, and since when."""

from __future__ import annotations

from alembic import op

from accord.store.queries import script

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add them."""
    for name in ("golden_tables", "schema_0008"):
        op.get_bind().exec_driver_sql(script(name).decode())


def downgrade() -> None:
    """There is no way back: it would lose records."""
    raise NotImplementedError("restore a backup from before the upgrade instead")
