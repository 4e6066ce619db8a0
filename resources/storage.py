"""Dagster's storage in PostgreSQL, with one write for all that a run over many days announces.

Before its first step such a run announces every asset and every check of every day. Dagster hands
those events over in batches, but its PostgreSQL storage writes an asset's one by one, in several
statements each, and serialises a check's anew for each day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagster import DagsterEventType, EventLogEntry
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    SqlEventLogStorageTable,
)
from dagster._serdes import ConfigurableClassData, serialize_value
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage
from dagster_postgres.utils import pg_url_from_config
from sqlalchemy import insert

_PLANNED = DagsterEventType.ASSET_MATERIALIZATION_PLANNED


class EventLog(PostgresEventLogStorage):
    """The event log, which writes announcements at once; all else as Dagster does."""

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events of kinds that may be stored together."""
        if planned := [event for event in events if event.dagster_event_type is _PLANNED]:
            self._store_planned(planned)
        if others := [event for event in events if event.dagster_event_type is not _PLANNED]:
            super().store_event_batch(others)

    def _store_planned(self, events: Sequence[EventLogEntry]) -> None:
        table = SqlEventLogStorageTable
        statement = insert(table).returning(table.c.id, sort_by_parameter_order=True)
        with self._connect() as connection:
            rows = [self._event_to_row(event) for event in events]
            ids: Sequence[int] = connection.execute(statement, rows).scalars().all()
        latest = {
            event.get_dagster_event().asset_key: (event, event_id)
            for event, event_id in zip(events, ids, strict=True)
        }
        with self.index_transaction() as connection:
            for event, event_id in latest.values():
                self._store_asset_event(connection, event, event_id)

    def _store_asset_check_evaluation_planned(
        self, event: EventLogEntry, event_id: int | None
    ) -> None:
        planned: Any = event.get_dagster_event().event_specific_data
        at: Any = self._event_insert_timestamp  # it is not typed
        days = planned.partitions_subset.get_partition_keys() if planned.partitions_subset else ()
        row = {
            "asset_key": planned.asset_key.to_string(),
            "check_name": planned.check_name,
            "run_id": event.run_id,
            "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
            "evaluation_event": serialize_value(event),
            "evaluation_event_timestamp": at(event),
            "evaluation_event_storage_id": event_id,
        }
        with self.index_connection() as connection:
            connection.execute(
                insert(AssetCheckExecutionsTable),
                [{**row, "partition": day} for day in days or (None,)],
            )


class Storage(DagsterPostgresStorage):
    """All of Dagster's storage: runs, events and schedules."""

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(postgres_url, inst_data=inst_data)
        self._event_log_storage = EventLog(postgres_url)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Storage:
        """Make it from what dagster.yaml says."""
        return cls(pg_url_from_config(dict(config_value)), inst_data)
