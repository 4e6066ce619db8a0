"""Alerts by topic, the notices of their changes, and how far each notice got on each channel."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0003"
down_revision = "0001"

_SQL = Path(__file__).resolve().parents[2] / "sql" / "schema_0003.sql"
_UNDO = """
drop table ops.alert_deliveries;
drop table ops.alert_notices;
drop index ops.alerts_one_open;
alter table ops.alerts
    drop column topic, drop column owner, drop column state, drop column worst,
    drop column repeats, drop column last_raised_at, drop column recovered_at,
    drop column acknowledged_at, drop column acknowledged_by,
    alter column severity type text;
drop type ops.severity;
"""


def upgrade() -> None:
    """Give alerts a topic and a state; those from before keep their words and count as over."""
    op.get_bind().exec_driver_sql(_SQL.read_text(encoding="utf-8"))


def downgrade() -> None:
    """Forget topics, states and deliveries; the alerts themselves stay."""
    op.get_bind().exec_driver_sql(_UNDO)
