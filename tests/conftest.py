"""Fixtures every test may use: a PostgreSQL server a session, a fresh database a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support import postgres

# A shared machine is sometimes slow, which is no fault of the code under test.
settings.register_profile("accord", deadline=None)
settings.load_profile("accord")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The libpq URL of a PostgreSQL server, started when the first test asks for it."""
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[str]:
    """The libpq URL of an empty database that lives as long as the test module."""
    with postgres.fresh_database(postgres_url) as url:
        yield url
