"""The database is stopped at once in the middle of runs, as by kill -9, and started again."""

from __future__ import annotations

import os
import select
import signal
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from accord.settings import Settings
from accord.store import server
from accord.store.database import Connection
from accord.store.server import Address
from tests.chaos import schedules
from tests.chaos.laboratory import story
from tests.chaos.schedules import Order, Schedule
from tests.chaos.steps import Doom, Life
from tests.chaos.world import World, built
from tests.support.command import a_home

STEPS = ("before commit", "after outbox.claim", "after deliver poor", "before outbox.settle")


@dataclass(slots=True)
class Server:
    """The embedded server of a home of its own, which may be stopped and started."""

    settings: Settings
    restarts: int = 0

    def start(self) -> Address:
        """Start it, unless it runs, and return where it is."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs, about a folder that is not used
            return server.address(self.settings)

    def stop_at_once(self) -> None:
        """Stop it without a checkpoint: what was not written by then is recovered or lost."""
        lock = self.settings.home / "postgres" / "postmaster.pid"
        number = int(lock.read_text(encoding="utf-8").split()[0])
        process = os.pidfd_open(number)
        signal.pidfd_send_signal(process, signal.SIGQUIT)
        assert select.select([process], [], [], 60)[0], "it does not end"
        os.close(process)

    def restart(self) -> None:
        """Stop it at once and start it again."""
        self.stop_at_once()
        self.start()
        self.restarts += 1


@pytest.fixture(scope="module")
def installed() -> Iterator[Server]:
    with a_home() as home:
        home.folder.mkdir()
        yield Server(Settings(home.folder, None, {}))


@pytest.fixture(scope="module")
def world(installed: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    url = installed.start().url("postgresql")
    with built(url, tmp_path_factory.mktemp("laboratory"), sockets=True) as made:
        yield made


def doomed(seed: int, step: str) -> Schedule:
    """The schedule of a seed, whose first runs lose their database at the step."""
    schedule = schedules.drawn(seed)
    doom = Doom("cut", step, 2 if step == "before commit" else 1)
    rounds = [
        replace(round_, orders=(Order(schedule.days, doom=doom),), is_revoked=False)
        for round_ in schedule.rounds
    ]
    return replace(schedule, rounds=tuple(rounds))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process the Linux way")
@pytest.mark.parametrize("step", STEPS)
def test_runs_whose_database_is_restarted_are_continued(
    world: World, installed: Server, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(life: Life) -> None:
        installed.restart()
        world.admin = Connection.connect(world.store.address.conninfo, autocommit=True)
        world.spare.clear()

    monkeypatch.setattr(Life, "cut", cut)
    before = installed.restarts
    assert [story(world, doomed(seed, step)) for seed in (1, 4)] == [[], []]
    assert installed.restarts > before
