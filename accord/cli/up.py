"""`accord up`: web UI, stewards' console, daemon and sandbox in one go, stopped together."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from importlib.metadata import entry_points
from pathlib import Path
from types import FrameType
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table
from rich.text import Text

from accord.catalog import Stream
from accord.cli.console_desk import address_of, first_token
from accord.cli.services import Services
from accord.cli.world import World, opened
from accord.connector import Client, Source
from accord.errors import AccordError, Stop
from accord.records import Window
from accord.sandbox.company import Company
from accord.settings import CHECKOUT, Settings, load
from accord.store.database import Role
from accord.store.landing import note_first_day

START_SECONDS = 180
_LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries {
    locationOrLoadError { __typename ... on PythonError { message } } } } } }"""


def serve(console: Console, *, port: int, console_port: int) -> int:
    """Serve until Ctrl-C or SIGTERM; return 0 when everything stopped cleanly.

    Raises Stop when this installation is served already, a port is taken, or a service fails.
    """
    settings = load()
    with (
        _only_one(settings) as lock,
        _asked_to_stop() as stop,
        console.status("Starting …") as told,
    ):
        _check_free(port, "--port")
        _check_free(console_port, "--console-port")
        with (
            opened(settings) as world,
            Company(settings, today=datetime.now(UTC).date(), systems=world.systems) as company,
        ):
            sandbox = company.serve()
            _note_first_day(world, company)
            with _dagster(world, port or _free_port()) as (url, services):
                lock.write_text(f"at {url} by the process {os.getpid()}", encoding="utf-8")
                desk = _console(services, console_port or _free_port())
                _wait_until_loaded(url, desk, services, stop)
                if not stop:
                    told.stop()
                    desk = address_of(settings) or desk
                    _announce(console, {"Web UI": url, "Console": desk}, sandbox, services.log)
                    _announce_token(console, world)
                while not stop:
                    _check_alive(services)
                    time.sleep(0.2)
                told.update("Stopping …")
                told.start()
    console.print("Stopped.")
    return 0


def _announce(
    console: Console, served: Mapping[str, str], sandbox: Mapping[str, str], log: Path
) -> None:
    lines = Table.grid(padding=(0, 2))
    for name, address in served.items():
        lines.add_row(name, f"[bold]{address}[/]")
    for name, address in sandbox.items():
        lines.add_row(f"Sandbox {name}", address)
    lines.add_row("Log", str(log))
    console.print("[green]Accord is up.[/] A new or changed export starts its run by itself.\n")
    console.print(lines, highlight=False)


def _announce_token(console: Console, world: World) -> None:
    """Give whoever starts a console that nobody can sign in to a token, this once."""
    if first := first_token(world.settings, world.store):
        name, token = first
        console.print(Text(f"\nThe first to sign in to the console is {name}, with this token:"))
        console.print(Text(f"\n  {token}\n"))
        console.print("It is not shown again; `accord console grant NAME` makes others.")
    console.print("\nStop with Ctrl-C.")


def _note_first_day(world: World, company: Company) -> None:
    """Let the partitions begin with the oldest export there is, where the systems can say."""
    days: set[str] = set()
    for system in world.systems.values():
        for stream in system.streams:
            if stream.partitioned and not stream.read_back:
                with suppress(AccordError):
                    days |= _days_of(company.client(system.name), stream)
    if days:
        with world.store.transaction(Role.LANDER) as connection:
            note_first_day(connection, date.fromisoformat(min(days)))


def _days_of(client: Client, stream: Stream) -> set[str]:
    if not isinstance(client, Source):
        return set()
    pieces = client.slices(stream.name.stream, Window())
    return {piece.partition for piece in pieces if piece.partition}


@contextmanager
def _dagster(world: World, port: int) -> Iterator[tuple[str, Services]]:
    """Run the code server, the web UI and the daemon; give the address of the UI."""
    _make_home(world)
    location = yaml.safe_load((CHECKOUT / "workspace.yaml").read_text(encoding="utf-8"))
    code = location["load_from"][0]["python_module"]
    # A socket's path must be short, so it does not lie under the home folder.
    folder = Path(tempfile.mkdtemp(prefix="accord-"))
    # The host is not for the way there: by it, others can tell whose socket it was.
    reached = {
        "socket": str(folder / "code"),
        "host": socket.gethostname(),
        "location_name": code["location_name"],
    }
    workspace = folder / "workspace.yaml"
    workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": reached}]}))
    python, quiet = (sys.executable, "-m"), ("--log-level", "warning")
    try:
        with Services(
            world.settings.home / "logs" / "up.log",
            environment={**os.environ, "PYTHONWARNINGS": "ignore"},
            folder=CHECKOUT,
        ) as services:
            services.start("code server", [
                *python, "dagster", "code-server", "start", "--socket", reached["socket"],
                "-m", code["module_name"], "-a", code["attribute"], "-d", str(CHECKOUT),
                "--location-name", code["location_name"],
                "--use-python-environment-entry-point", *quiet,
            ])  # fmt: skip
            services.start("web UI", [
                *python, "dagster_webserver", "--host", "127.0.0.1", "--port", str(port),
                "--workspace", str(workspace), "--dagster-log-level", "warning",
            ])  # fmt: skip
            services.start("daemon", [
                *python, "dagster._daemon", "run", "--workspace", str(workspace), *quiet,
            ])  # fmt: skip
            yield f"http://127.0.0.1:{port}", services
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _console(services: Services, port: int) -> str:
    """Run the stewards' console; return its address."""
    command = "from accord.cli.main import main; main()"
    services.start(
        "stewards' console",
        [sys.executable, "-c", command, "console", "serve", "--port", str(port)],
    )
    return f"http://127.0.0.1:{port}"


def _make_home(world: World) -> None:
    homes = list(entry_points(group="accord.homes"))
    if not homes:
        raise Stop("The web UI has nowhere to keep its runs", remedy="run `make setup`")
    for home in homes:
        home.load()(world.settings, world.store.address)


def _wait_until_loaded(url: str, desk: str, services: Services, stop: list[int]) -> None:
    """Return when the UI shows the code and the console answers. Raises Stop when they cannot."""
    deadline = time.monotonic() + START_SECONDS
    while not stop:
        _check_alive(services)
        found = _locations(url)
        is_loaded = found and not any("PythonError" in kind for kind, _ in found)
        if is_loaded and _answers(desk):
            return
        if time.monotonic() > deadline:
            raise Stop(
                f"The assets or the console did not load in {START_SECONDS} s",
                remedy=f"read the end of {services.log}, and try `accord doctor`",
            )
        time.sleep(0.2)


def _locations(url: str) -> list[tuple[str, str]]:
    """How the code locations stand, by the name of the answer's type; none while loading."""
    asked = urllib.request.Request(  # noqa: S310 - our own server on loopback
        f"{url}/graphql",
        data=json.dumps({"query": _LOCATIONS}).encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310
            entries: list[Any] = json.load(answer)["data"]["workspaceOrError"]["locationEntries"]
    except (OSError, KeyError, ValueError):
        return []
    loaded = [entry["locationOrLoadError"] for entry in entries]
    return [(item["__typename"], item.get("message", "")) for item in loaded if item]


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/sign-in", timeout=20).close()  # noqa: S310 - our own server
    except OSError:
        return False
    return True


def _check_alive(services: Services) -> None:
    if ended := services.ended():
        raise Stop(
            f"The {' and the '.join(ended)} ended unasked",
            remedy=f"read the end of {services.log}, then run `accord up` again",
        )


@contextmanager
def _only_one(settings: Settings) -> Iterator[Path]:
    """Hold the right to serve this installation. Raises Stop when another process has it."""
    settings.home.mkdir(parents=True, exist_ok=True)
    path = settings.home / "up.lock"
    with path.open("a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            where = path.read_text(encoding="utf-8") or "by a process that is still starting"
            raise Stop(
                f"Accord is up already {where}",
                remedy="use that one, or stop it with Ctrl-C first",
            ) from error
        try:
            yield path
        finally:
            path.write_text("", encoding="utf-8")


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


def _check_free(port: int, option: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Stop(
                f"Port {port} is taken", remedy=f"choose another: accord up {option} 0 finds one"
            ) from error
