"""Runs whose process ended before they did: killed, or gone with the machine.

Dagster believes them in progress for ever, since its default launcher does not ask how a run's
process is, and their pool slots keep every later run from the systems they were writing to.
"""

from __future__ import annotations

import fcntl
import json
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.tags import GRPC_INFO_TAG

HOST_TAG, SIGN_TAG = "accord/host", "accord/sign_of_life"
# One that is only starting holds no slot, may still say where its parent was, and is given up by
# Dagster itself when it takes too long.
_IN_PROGRESS = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)


@contextmanager
def sign_of_life(folder: Path) -> Iterator[dict[str, str]]:
    """Give the tags by which a run says that it is in this process, as long as that lives.

    The sign is a lock on a file of its own in the folder. The system takes it away with the
    process, whatever that dies of, and neither the clock nor a number used again misleads it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder) as sign:
        fcntl.flock(sign, fcntl.LOCK_EX)
        yield {HOST_TAG: socket.gethostname(), SIGN_TAG: sign.name}


def bury_the_dead(instance: dg.DagsterInstance) -> None:
    """Call this machine's runs of ended processes failed, and give back the pool slots they held.

    A run that may still be in progress, or is another machine's, is left alone. Safe to repeat,
    and to be killed at.
    """
    for run in _unburied(instance):
        if _has_ended(run):
            if not run.is_finished:
                instance.report_run_failed(run, "The process of this run ended before the run did.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            if run.parent_run_id is None and SIGN_TAG in run.tags:
                Path(run.tags[SIGN_TAG]).unlink(missing_ok=True)


def _unburied(instance: dg.DagsterInstance) -> Iterator[dg.DagsterRun]:
    """The runs in progress, as far as Dagster knows, and those that are over and hold slots."""
    yield from instance.get_runs(dg.RunsFilter(statuses=_IN_PROGRESS))
    if holding := instance.event_log_storage.get_concurrency_run_ids():
        yield from instance.get_runs(
            dg.RunsFilter(run_ids=list(holding), statuses=FINISHED_STATUSES)
        )


def _has_ended(run: dg.DagsterRun) -> bool:
    """Tell whether the process of a run was on this machine and is no more.

    One that was launched says where; one that repeats another bears the other's sign as well.
    """
    here = socket.gethostname()
    if told := run.tags.get(GRPC_INFO_TAG):
        reached = json.loads(told)
        return reached.get("host") == here and not _answers(reached.get("socket", ""))
    if run.parent_run_id is None and (sign := run.tags.get(SIGN_TAG)):
        return run.tags.get(HOST_TAG) == here and not _is_held(Path(sign))
    return False


def _is_held(sign: Path) -> bool:
    try:
        with sign.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def _answers(path: str) -> bool:
    """Tell whether a code server listens there: it takes its runs along when it ends."""
    with socket.socket(socket.AF_UNIX) as there:
        there.settimeout(5)
        try:
            there.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True  # it may be too busy to answer
    return True
