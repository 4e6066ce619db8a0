"""Measures: one fresh process a repetition, so that start-up and peak memory are its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from accord.settings import CHECKOUT

_EVERY = 0.05
_LONGEST = 600.0


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians over the repetitions: what a case told, and what was seen from outside.

    `seconds` is what the case timed itself, without imports; `whole` the process from start to
    end; `cpu` its processor seconds, children included, and `server` PostgreSQL's meanwhile;
    `rss` the peak of its own memory and `tree` that of it and its children at once, in MB.
    """

    seconds: float
    whole: float
    cpu: float
    rss: float
    tree: float
    told: Mapping[str, Any]
    server: float = 0.0
    repeats: int = 1

    @property
    def records(self) -> int:
        """How many records it was about."""
        return int(self.told.get("records", 0))

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds if self.seconds else 0.0


def case(name: str, options: Mapping[str, Any]) -> Measured:
    """Run one case of `bench.one` in a fresh process."""
    return command(
        [sys.executable, "-m", "bench.one", name], told=json.dumps(options), cwd=CHECKOUT
    )


def command(
    arguments: Sequence[str | Path],
    *,
    told: str = "",
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    exit_code: int | None = 0,
) -> Measured:
    """Run a command, whose answer may be JSON, and watch it.

    Raises RuntimeError when it fails, and TimeoutExpired when it does not end.
    """
    started = perf_counter()
    running = subprocess.Popen(
        [str(part) for part in arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        cwd=cwd, env=None if environment is None else dict(environment), text=True,
    )  # fmt: skip
    watch = _Watch(running.pid)
    before = os.times()
    try:
        out, err = running.communicate(told, timeout=_LONGEST)
    except subprocess.TimeoutExpired:
        running.kill()
        raise
    finally:
        peaks = watch.ended()
    after = os.times()
    whole, (rss, tree) = perf_counter() - started, peaks
    if exit_code is not None and running.returncode != exit_code:
        raise RuntimeError(
            f"{arguments} ended with {running.returncode}:\n{out[-2000:]}{err[-2000:]}"
        )
    answer = _told(out)
    cpu = sum(after[2:4]) - sum(before[2:4])
    return Measured(answer.get("seconds", whole), whole, cpu, answer.get("rss", rss), tree, answer)


def middle(found: Sequence[Measured]) -> Measured:
    """Put repetitions together: the median of each number."""
    numbers = {
        name: median(getattr(item, name) for item in found)
        for name in ("seconds", "whole", "cpu", "rss", "tree", "server")
    }
    told = {
        name: median(item.told[name] for item in found) if isinstance(value, int | float) else value
        for name, value in found[0].told.items()
    }
    return Measured(**numbers, told=told, repeats=len(found))


def own_peak() -> float:
    """The peak of this process's own memory in MB; nothing it inherited from its parent counts."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0


def _told(text: str) -> dict[str, Any]:
    """Read an answer that is JSON as a whole, or in its last line; {} where it is neither."""
    for candidate in (text, text.strip().rpartition("\n")[2]):
        try:
            found = json.loads(candidate)
        except ValueError:
            continue
        if isinstance(found, dict):
            return found
    return {}


class _Watch:
    """Looks at a process and its children every few moments."""

    def __init__(self, pid: int) -> None:
        self._pid, self._over = pid, threading.Event()
        self._own = self._tree = 0.0
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def ended(self) -> tuple[float, float]:
        """Stop looking; return the peaks seen of the process and of the tree, in MB."""
        self._over.set()
        self._thread.join()
        return self._own, self._tree

    def _look(self) -> None:
        while not self._over.wait(_EVERY):
            sizes = [_resident(pid) for pid in _family(self._pid)]
            self._own = max(self._own, sizes[0])
            self._tree = max(self._tree, sum(sizes))


def _family(pid: int) -> list[int]:
    found = [pid]
    for member in found:
        try:
            for thread in Path(f"/proc/{member}/task").iterdir():
                found += map(int, (thread / "children").read_text(encoding="ascii").split())
        except OSError:
            continue
    return found


def _resident(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
