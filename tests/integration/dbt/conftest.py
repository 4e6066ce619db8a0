"""The dbt project on a real PostgreSQL, built once a session and emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import postgres, warehouse
from tests.support.warehouse import Warehouse


@pytest.fixture(scope="session")
def project(postgres_url: str) -> Iterator[Warehouse]:
    with postgres.fresh_database(postgres_url) as url, warehouse.built(url) as ready:
        yield ready


@pytest.fixture(name="warehouse")
def emptied(project: Warehouse) -> Warehouse:
    project.reset()
    return project
