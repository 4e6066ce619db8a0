"""A run whose process was killed keeps no later one from the system it was writing to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.tags import GRPC_INFO_TAG

from resources.ended import SIGN_TAG, bury_the_dead, sign_of_life
from tests.support.installation import Installation

pytestmark = pytest.mark.filterwarnings("ignore:.*is currently in beta")

POOL = "xero"
IN_ANOTHER = """
import sys
from pathlib import Path
from resources.ended import sign_of_life
with sign_of_life(Path(sys.argv[1])) as tags:
    print(tags["accord/sign_of_life"], flush=True)
    sys.stdin.read()
"""


def started(installation: Installation, tags: dict[str, str], parent: str = "") -> str:
    """Note a run that holds the slot of Xero, and return its id."""
    instance = installation.instance
    run = instance.create_run_for_job(
        dg.job(name="left")(lambda: None), tags=tags,
        parent_run_id=parent or None, root_run_id=parent or None,
    )  # fmt: skip
    instance.report_engine_event("", run)
    instance.handle_new_event(_start(run))
    assert instance.event_log_storage.claim_concurrency_slot(POOL, run.run_id, "deliver").is_claimed
    return run.run_id


def _start(run: dg.DagsterRun) -> dg.EventLogEntry:
    return dg.EventLogEntry(
        error_info=None, level=20, user_message="", run_id=run.run_id, timestamp=0.0,
        job_name=run.job_name,
        dagster_event=dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, run.job_name),
    )  # fmt: skip


def standing(installation: Installation, run: str) -> tuple[str, bool]:
    """How a run stands, and whether it holds the slot."""
    found = installation.instance.get_run_by_id(run)
    assert found is not None
    info = installation.instance.event_log_storage.get_concurrency_info(POOL)
    return found.status.value, run in info.active_run_ids


@pytest.fixture(autouse=True)
def _free_again(installation: Installation) -> Iterator[None]:
    yield
    storage = installation.instance.event_log_storage
    for run in storage.get_concurrency_run_ids():
        storage.free_concurrency_slots_for_run(run)


def launched_at(path: Path, host: str = "") -> dict[str, str]:
    reached = {"host": host or socket.gethostname(), "socket": str(path)}
    return {GRPC_INFO_TAG: json.dumps(reached)}


def test_a_pass_whose_process_was_killed_is_over_and_holds_nothing(
    installation: Installation, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", IN_ANOTHER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        sign = other.stdout.readline().strip()
        with sign_of_life(tmp_path) as own:
            run = started(installation, {**own, SIGN_TAG: sign})
        bury_the_dead(installation.instance)
        assert standing(installation, run) == ("STARTED", True)
        os.kill(other.pid, signal.SIGKILL)
        other.wait()
    bury_the_dead(installation.instance)
    assert standing(installation, run) == ("FAILURE", False)
    assert not Path(sign).exists()


def test_a_run_is_over_when_the_code_server_that_launched_it_is_gone(
    installation: Installation, tmp_path: Path
) -> None:
    path = tmp_path / "code"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        run = started(installation, launched_at(path))
        bury_the_dead(installation.instance)
        assert standing(installation, run) == ("STARTED", True)
    bury_the_dead(installation.instance)
    assert standing(installation, run) == ("FAILURE", False)


def test_a_run_that_was_over_before_its_slots_were_given_back_gives_them_back(
    installation: Installation, tmp_path: Path
) -> None:
    run = started(installation, launched_at(tmp_path / "gone"))
    found = installation.instance.get_run_by_id(run)
    assert found is not None
    installation.instance.report_run_failed(found)
    bury_the_dead(installation.instance)
    assert standing(installation, run) == ("FAILURE", False)


def test_a_run_of_another_machine_is_left_alone(installation: Installation, tmp_path: Path) -> None:
    run = started(installation, launched_at(tmp_path / "gone", host="elsewhere"))
    bury_the_dead(installation.instance)
    assert standing(installation, run) == ("STARTED", True)


def test_a_run_that_repeats_a_killed_pass_is_not_taken_for_it(
    installation: Installation, tmp_path: Path
) -> None:
    with sign_of_life(tmp_path) as gone:
        pass
    killed = started(installation, gone)
    bury_the_dead(installation.instance)
    assert standing(installation, killed) == ("FAILURE", False)
    repeating = started(installation, gone, parent=killed)
    bury_the_dead(installation.instance)
    assert standing(installation, repeating) == ("STARTED", True)
