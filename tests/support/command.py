"""The command `accord` as a newcomer runs it: in a process of its own, with a home of its own."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accord.settings import CHECKOUT, Settings
from accord.store import server

ACCORD = Path(sys.executable).parent / "accord"
_OURS = ("ACCORD_", "DATABASE_URL", "DAGSTER_", "DBT_")


@dataclass(frozen=True, slots=True)
class Told:
    """What a command said and how it ended; `seconds` is its own CPU time."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def report(self) -> Any:
        """The JSON it printed, which must be all that standard output holds."""
        return json.loads(self.out)


@dataclass(slots=True)
class Home:
    """A home folder and the environment that goes with it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def variables(self, **changes: str) -> dict[str, str]:
        """The environment of a command; what the tests' own process has set is left out."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
        return {**plain, "ACCORD_HOME": str(self.folder), **self.environment, **changes}

    def accord(self, *arguments: str, **changes: str) -> Told:
        """Run a command to its end."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [ACCORD, *arguments],
            env=self.variables(**changes), cwd=CHECKOUT,
            capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.said += [done.stdout, done.stderr]
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Told(done.returncode, done.stdout, done.stderr, seconds)

    def started(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command in a process group of its own and do not wait for it."""
        return subprocess.Popen(
            [ACCORD, *arguments],
            env=self.variables(), cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip

    @contextmanager
    def served(self) -> Iterator[None]:
        """Keep the embedded server running, so that commands need not start and stop it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with server.running(Settings(self.folder, None, {})):
                yield

    def logs(self) -> Iterator[tuple[Path, str]]:
        """Every text file below the home but the database's own."""
        for path in self.folder.rglob("*"):
            inside = path.relative_to(self.folder).parts
            if path.is_file() and inside[0] not in ("postgres", "sandbox"):
                yield path, path.read_text(encoding="utf-8", errors="replace")


@contextmanager
def a_home(environment: Mapping[str, str] | None = None) -> Iterator[Home]:
    """A new home; its embedded server, if one came to run, is stopped in the end.

    As root it lies where the embedded server, which then runs as another user, can reach it.
    """
    with tempfile.TemporaryDirectory(prefix="accord-", ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder) / "home", dict(environment or {}))
        try:
            yield home
        finally:
            server.stop(Settings(home.folder, home.environment.get("DATABASE_URL"), {}))
