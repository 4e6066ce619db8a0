"""A store of its own for each file of tests, emptied before each test."""

from __future__ import annotations

import pytest

from accord.store.database import Store
from tests.support import engine


@pytest.fixture(scope="module")
def installed(database: str) -> Store:
    return engine.a_store(database)


@pytest.fixture
def store(installed: Store) -> Store:
    return engine.emptied(installed)
