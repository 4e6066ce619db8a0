"""Each safeguard of the engine is needed: without it the laboratory finds what goes wrong."""

from __future__ import annotations

import pytest

from tests.chaos.laboratory import tell
from tests.chaos.safeguards import WITHOUT
from tests.chaos.world import World

MOST = 400


@pytest.mark.slow
@pytest.mark.parametrize("name", WITHOUT)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_without_it_some_schedule_ends_badly(world: World, name: str) -> None:
    with WITHOUT[name]():
        failure = next(filter(None, (tell(world, seed) for seed in range(1, MOST + 1))), None)
    assert failure is not None, f"{MOST} schedules did not miss {name}"
