"""The fixture of the laboratory's own tests: one world for all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chaos.world import World, built


@pytest.fixture(scope="module")
def world(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with built(database, tmp_path_factory.mktemp("laboratory")) as made:
        yield made
