"""A company with customers in four systems, on a real PostgreSQL, emptied before each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import golden, postgres
from tests.support.golden import Company


@pytest.fixture(scope="session")
def founded(postgres_url: str) -> Iterator[Company]:
    with postgres.fresh_database(postgres_url) as url:
        yield golden.a_company(url)


@pytest.fixture
def company(founded: Company) -> Company:
    return founded.emptied()
