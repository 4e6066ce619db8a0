"""One installation for all tests of this folder; each test has days of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.installation import Installation, a_fresh_installation


@pytest.fixture(scope="package")
def installation(postgres_url: str) -> Iterator[Installation]:
    with a_fresh_installation(postgres_url) as ready:
        yield ready
