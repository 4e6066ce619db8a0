"""Who keeps the models' tables and views, found by entry point like the orchestrator."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import cast

from accord.errors import Stop
from accord.settings import Settings
from accord.store.database import Store

Warehouse = Callable[[Settings, Store], None]
"""Makes every view and table of the project as it is now; quick where nothing has changed."""


def warehouse() -> Warehouse:
    """The installed one. Raises Stop when the project is not installed."""
    for entry in entry_points(group="accord.warehouses"):
        return cast("Warehouse", entry.load())
    raise Stop("No warehouse is installed", remedy="run `make setup`")
