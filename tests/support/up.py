"""A running `accord up`, as a person has it: its terminal, its pages and its processes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from accord.settings import CHECKOUT

_T = TypeVar("_T")
START_SECONDS = 400
COMMAND = "from accord.cli.main import main; main()"


@dataclass(slots=True)
class Home:
    """An installation in a folder of its own, and the commands a person gives there."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a command."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("ACCORD_", "DAGSTER_"))}
        plain.pop("DATABASE_URL", None)
        return plain | {"ACCORD_HOME": str(self.folder), "NO_COLOR": "1"} | dict(self.variables)

    def accord(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        return subprocess.run(
            [sys.executable, "-c", COMMAND, *arguments],
            cwd=CHECKOUT, env=self.environment, capture_output=True, text=True, check=False,
            timeout=START_SECONDS,
        )  # fmt: skip

    def told(self, *arguments: str) -> Any:
        """Run one command that prints results, and read them."""
        done = self.accord(*arguments, "--output", "json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def processes(self) -> list[str]:
        """The command lines of all processes that belong to this installation."""
        mark = f"ACCORD_HOME={self.folder}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                of_ours = mark in (process / "environ").read_bytes().split(b"\0")
                line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if line and (of_ours or str(self.folder) in line):
                found.append(line)
        return found


@dataclass(slots=True)
class Up:
    """`accord up` on an installation, with what it has said so far in `terminal`."""

    home: Home
    process: subprocess.Popen[bytes]
    terminal: Path

    @property
    def said(self) -> str:
        """What the terminal shows."""
        return self.terminal.read_text(encoding="utf-8")

    @property
    def url(self) -> str:
        """The address of the web UI, as printed."""
        found = re.search(r"http://127\.0\.0\.1:\d+", self.said)
        assert found, self.said
        return found[0]

    @property
    def console(self) -> str:
        """The address of the stewards' console, as printed."""
        found = re.search(r"Console +(http://127\.0\.0\.1:\d+)", self.said)
        assert found, self.said
        return found[1]

    @property
    def token(self) -> str:
        """The token of the first to sign in there, as printed once."""
        found = re.search(r"with this token:\s+(\S+)", self.said)
        assert found, self.said
        return found[1]

    def ask(self, query: str, **variables: Any) -> Any:
        """Ask Dagster's GraphQL, as its pages do."""
        asked = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.url}/graphql",
            data=json.dumps({"query": query, "variables": variables}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310 - loopback
            told = json.load(answer)
        assert "errors" not in told, told["errors"]
        return told["data"]

    def runs(self, **tags: str) -> list[dict[str, Any]]:
        """The runs with all these tags, newest first; `_` in a name stands for `/`."""
        wanted = [{"key": key.replace("__", "/"), "value": value} for key, value in tags.items()]
        found = self.ask(
            """query($filter: RunsFilter) { runsOrError(filter: $filter) { ... on Runs { results {
                runId status jobName: pipelineName tags { key value } } } } }""",
            filter={"tags": wanted},
        )["runsOrError"]["results"]
        return [run | {"tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in found]

    def stop(self, sent: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, wait until it has, and return its exit code."""
        self.process.send_signal(sent)
        return self.process.wait(timeout=180)


def eventually(found: Callable[[], _T], *, seconds: float = START_SECONDS, what: str = "it") -> _T:
    """Return what `found` returns as soon as that is true; fails when it takes too long."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, f"{what} did not happen in {seconds} s"
        time.sleep(0.3)
    return value


@contextmanager
def a_home(**variables: str) -> Iterator[Home]:
    """A new installation; its database has stopped when the block is left."""
    # A Unix socket's path holds about 100 bytes, so the folder is not pytest's long one.
    with tempfile.TemporaryDirectory(prefix="accord-", ignore_cleanup_errors=True) as folder:
        home = Home(Path(folder) / "home", variables)
        try:
            yield home
        finally:
            home.accord("doctor")  # whoever leaves last stops the database, whatever went before


@contextmanager
def an_up(home: Home) -> Iterator[Up]:
    """A running `accord up` on a free port, ready to be looked at."""
    home.folder.mkdir(parents=True, exist_ok=True)
    terminal = home.folder.parent / "terminal"
    with terminal.open("wb") as shown:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "up", "--port", "0", "--console-port", "0"],
            cwd=CHECKOUT, env=home.environment, stdout=shown, stderr=subprocess.STDOUT,
        )  # fmt: skip
    up = Up(home, process, terminal)
    try:
        eventually(lambda: "Stop with Ctrl-C" in up.said or process.poll(), what="accord up")
        assert process.poll() is None, up.said
        yield up
    finally:
        if process.poll() is None:
            up.stop()
