"""Alerts: what people were told."""

from __future__ import annotations

from accord.store.database import Connection


def raise_alert(
    connection: Connection, *, severity: str, subject: str, message: str, run_id: str = ""
) -> None:
    """Store one alert. Neither subject nor message may hold a record's values."""
    connection.execute(
        "insert into ops.alerts (severity, subject, message, run_id) values (%s, %s, %s, %s)",
        (severity, subject, message, run_id),
    )
