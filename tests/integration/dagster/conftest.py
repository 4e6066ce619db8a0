"""One installation for all tests of this folder; each test has days of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import postgres
from tests.support.installation import Installation, an_installation


@pytest.fixture(scope="package")
def installation(postgres_url: str) -> Iterator[Installation]:
    with (
        postgres.fresh_database(postgres_url) as url,
        tempfile.TemporaryDirectory() as folder,
        an_installation(url, Path(folder)) as ready,
    ):
        yield ready
