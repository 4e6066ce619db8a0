"""A console over a company with customers in four systems, emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import golden, postgres
from tests.support.console import Served, a_console
from tests.support.golden import Company


@pytest.fixture(scope="session")
def founded(postgres_url: str) -> Iterator[Company]:
    with postgres.fresh_database(postgres_url) as url:
        yield golden.a_company(url)


@pytest.fixture
def company(founded: Company) -> Company:
    """The company with nothing in it."""
    for table in ("ops.dead_letters", "ops.console_tokens", "ops.inbox"):
        founded.rows(f"delete from {table}")  # type: ignore[arg-type]
    return founded.emptied()


@pytest.fixture
def served(company: Company) -> Iterator[Served]:
    with a_console(company) as served:
        yield served
