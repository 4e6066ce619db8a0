"""Dagster's own home: where it keeps runs and events, and for how long."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from sqlalchemy.exc import DBAPIError

from accord.catalog import discover
from accord.settings import Settings
from accord.store.server import PSYCOPG_2, Address
from resources.ended import bury_the_dead

URL_VARIABLE = "ACCORD_DAGSTER_STORAGE"

POOLS = ("warehouse", "outcomes")
"""Beside these, each system has a pool of its own."""

STATEMENT_MILLISECONDS = 120_000
EVENTS_AT_ONCE = "200"
"""How many materializations of a range Dagster stores in one write instead of one each."""


def configuration(settings: Settings) -> dict[str, Any]:
    """The content of dagster.yaml: PostgreSQL storage, pools, retention, no telemetry."""
    return {
        "storage": {
            "custom": {
                "module": "resources.storage",
                "class": "Storage",
                "config": {"postgres_url": {"env": URL_VARIABLE}},
            }
        },
        "compute_logs": {
            "module": "dagster.core.storage.local_compute_log_manager",
            "class": "LocalComputeLogManager",
            "config": {"base_dir": str(settings.home / "dagster" / "logs")},
        },
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        "freshness": {"enabled": True},
        "run_retries": {"enabled": True, "max_retries": 1, "retry_on_asset_or_op_failure": False},
        "run_monitoring": {"enabled": True, "free_slots_after_run_end_seconds": 60},
        "concurrency": {
            "pools": {"granularity": "op", "default_limit": 1},
            "runs": {"max_concurrent_runs": 2},
        },
        "retention": {
            "schedule": {"purge_after_days": 90},
            "sensor": {
                "purge_after_days": {"skipped": 2, "failure": 30, "success": 90, "started": 30}
            },
        },
    }


def dagster_home(settings: Settings, address: Address) -> Path:
    """Write dagster.yaml, point this process and its children to it, and return the folder.

    Runs that ended processes left there are called failed, so that nothing waits for them. The
    storage address goes through the environment, so that no password is written to disk.
    """
    folder = settings.home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "dagster.yaml"
    text = yaml.safe_dump(configuration(settings), sort_keys=False)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(folder)
    os.environ[URL_VARIABLE] = address.dagster.url(PSYCOPG_2)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", EVENTS_AT_ONCE)
    with dg.DagsterInstance.get() as instance:
        _make_pools(instance)
        bury_the_dead(instance)
    return folder


def _make_pools(instance: dg.DagsterInstance) -> None:
    """Note each pool's limit before runs do: two that do it at once fail each other in Dagster."""
    storage = instance.event_log_storage
    for pool in {*discover(), *POOLS} - set(storage.get_concurrency_keys()):
        # Where it fails, another process has just done it.
        with suppress(DBAPIError):
            storage.initialize_concurrency_limit_to_default(pool)


@contextmanager
def dagster_instance(settings: Settings, address: Address) -> Iterator[dg.DagsterInstance]:
    """The instance with its storage in PostgreSQL, given back at the end.

    It holds its connection, as the web server's does: a range of days makes thousands of events,
    and each would else open and close several.
    """
    dagster_home(settings, address)
    with dg.DagsterInstance.get() as instance:
        instance.optimize_for_webserver(
            statement_timeout=STATEMENT_MILLISECONDS, pool_recycle=3600, max_overflow=4
        )
        yield instance
