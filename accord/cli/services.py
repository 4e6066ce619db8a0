"""Services in child processes of ours: started together, written to one log, ended together.

They share one process group that a small guard leads. The guard waits for the end of its input,
which comes however this process ends, killed included, and then ends the whole group: nothing
that was started here outlives us.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from accord.privacy import redacted

GRACE_SECONDS = 20
_GUARD = f"trap '' INT TERM; read ended; kill -TERM 0; sleep {GRACE_SECONDS}; kill -KILL 0"


class Services:
    """A context: when it is left, the services started in it have ended, with all they started."""

    def __init__(self, log: Path, *, environment: Mapping[str, str], folder: Path) -> None:
        self.log = log
        self._environment = dict(environment)
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".before.log"))
        said, self._out = os.pipe()
        self._writer = threading.Thread(target=_written, args=(said, self.log), daemon=True)
        self._writer.start()
        self._guard = subprocess.Popen(  # noqa: S603 - our own words
            ["/bin/sh", "-c", _GUARD],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, process_group=0,
        )  # fmt: skip
        return self

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start one service; what it says goes to the log."""
        self._running[name] = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            command,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=subprocess.STDOUT,
            process_group=self._guard.pid,
        )

    def ended(self) -> list[str]:
        """Name the services that ended by themselves."""
        return [name for name, child in self._running.items() if child.poll() is not None]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The log's pipe ends when its last writer does: the services and all that they started.
        os.close(self._out)
        os.killpg(self._guard.pid, signal.SIGTERM)
        self._writer.join(timeout=GRACE_SECONDS)
        os.killpg(self._guard.pid, signal.SIGKILL)
        for child in (*self._running.values(), self._guard):
            child.wait()
        self._writer.join()


def _written(said: int, log: Path) -> None:
    """Copy what the services say to their log, without secrets."""
    with os.fdopen(said, encoding="utf-8", errors="replace") as lines, log.open("w") as kept:
        for line in lines:
            kept.write(redacted(line))
            kept.flush()
