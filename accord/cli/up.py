"""`accord up`: the web UI, the daemon and the sandbox in one go, stopped together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import entry_points
from types import FrameType

from rich.console import Console

from accord.cli.world import opened
from accord.errors import Stop
from accord.sandbox.company import Company
from accord.settings import CHECKOUT

GRACE_SECONDS = 20


def serve(console: Console, *, port: int) -> int:
    """Serve until Ctrl-C or SIGTERM; return 0 when everything stopped cleanly."""
    with opened() as world, _asked_to_stop() as stop, Company(
        world.settings, today=datetime.now(UTC).date(), systems=world.systems
    ) as company:
        addresses = company.serve()
        for entry in entry_points(group="accord.homes"):
            entry.load()(world.settings, world.store.address)
        port = port or _free_port()
        _check_free(port)
        console.print(f"Dagster web UI   http://127.0.0.1:{port}")
        for name, url in addresses.items():
            console.print(f"Sandbox {name:<8} {url}")
        console.print("Sensors are on. Stop with Ctrl-C.")
        with _dagster(port) as child:
            while child.poll() is None and not stop:
                time.sleep(0.2)
            if child.poll() is not None and not stop:
                raise Stop("Dagster ended by itself", remedy="read what it said above")
    console.print("Stopped.")
    return 0


@contextmanager
def _dagster(port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run `dagster dev`, and end it with everything it started."""
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
        [
            sys.executable, "-m", "dagster", "dev", "--workspace", str(CHECKOUT / "workspace.yaml"),
            "--host", "127.0.0.1", "--port", str(port), "--log-level", "warning",
        ],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        start_new_session=True,
    )  # fmt: skip
    try:
        yield child
    finally:
        for sent in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if child.poll() is None:
                child.send_signal(sent)
                try:
                    child.wait(timeout=GRACE_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
        _end_group(child.pid)


def _end_group(group: int) -> None:
    """End what the child left behind in its own session, and nothing else."""
    try:
        os.killpg(group, signal.SIGTERM)
    except ProcessLookupError:
        return


@contextmanager
def _asked_to_stop() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM in a list instead of being ended by them."""
    asked: list[int] = []

    def note(signum: int, _: FrameType | None) -> None:
        asked.append(signum)

    before = {sig: signal.signal(sig, note) for sig in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for sig, earlier in before.items():
            signal.signal(sig, earlier)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Stop(
                f"Port {port} is taken", remedy="choose another: accord up --port 0 finds one"
            ) from error
