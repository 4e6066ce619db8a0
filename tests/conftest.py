"""Fixtures every test may use: a PostgreSQL server a session, a store of its own a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from accord.store.database import Store
from tests.support import engine, postgres, workers

# A shared machine is sometimes slow, which is no fault of the code under test.
settings.register_profile("accord", deadline=None)
settings.load_profile("accord")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let several workers begin with what takes longest; by itself, pytest keeps its order."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: workers.turn(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Do once, before there are workers, what they would do at the same time."""
    postgres.made_ready()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> workers.Sharing | None:
    """Share out what belongs together as one, unless another way (--dist) is asked for."""
    return workers.Sharing(config, log) if config.getoption("dist") == "load" else None


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


@pytest.fixture(scope="module")
def installed(database: str) -> Store:
    """A store that lives as long as the test module."""
    return engine.a_store(database)


@pytest.fixture
def store(installed: Store) -> Store:
    """That store, emptied."""
    return engine.emptied(installed)


@pytest.fixture(scope="module")
def publishing(installed: Store) -> Store:
    """That store, with a model of sales to publish."""
    engine.a_publish_table(installed)
    return installed
