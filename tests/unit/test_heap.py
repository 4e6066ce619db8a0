"""A process that makes passes collects seldom, and leaves alone what it has loaded."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from resources import heap


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    gc.unfreeze()  # a test before this one may have made a pass
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


def test_what_is_loaded_is_left_out_of_collections() -> None:
    loaded = len(gc.get_objects())
    assert loaded > 10_000
    heap.settle()
    assert gc.get_freeze_count() > loaded / 2
    assert len(gc.get_objects()) < loaded / 2


def test_cycles_made_afterwards_are_still_collected() -> None:
    heap.settle()

    class Knot:
        def __init__(self) -> None:
            self.itself = self

    for _ in range(200_000):
        Knot()
    assert sum(isinstance(it, Knot) for it in gc.get_objects()) < 60_000
