"""Which systems are real and which are in the sandbox, and connections to all of them.

A system is real when ACCORD_<SYSTEM>_URL is set. All others belong to the sandbox company: their
emulators are those that `accord up` serves or, when it does not run, are started inside this
process for as long as the company is open. Their state lives under the home folder.
"""

from __future__ import annotations

import importlib
import json
import os
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from accord.catalog import System, discover
from accord.connector import Client, Connection
from accord.emulation import Emulator, Lives, Setup
from accord.errors import Stop
from accord.secrets import Secrets
from accord.settings import Settings

if TYPE_CHECKING:
    from accord.http import Turns

SEED = 7

TurnsFor = Callable[[System, str, str], "Turns"]
"""Makes the turns for a system, given its endpoint's name and address."""


class Company:
    """All systems, reachable. Use it as a context; it stops what it started."""

    def __init__(
        self,
        settings: Settings,
        *,
        today: date,
        systems: Mapping[str, System] | None = None,
        turns: TurnsFor | None = None,
    ) -> None:
        self.settings = settings
        self.systems = dict(systems if systems is not None else discover())
        self._today, self._turns = today, turns
        self._stack = ExitStack()
        self._served: dict[str, tuple[str, str]] = {}
        self._clients: dict[str, Client] = {}
        self._emulators: dict[str, Emulator] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        self._stack.close()
        self._served.clear()

    def is_real(self, system: str) -> bool:
        """Tell whether the system has an address of its own."""
        return self.settings.url_of(system) is not None

    def is_running(self, system: str) -> bool:
        """Tell whether the system can be asked without starting it: a real one, or one served."""
        if self.is_real(system) or system in self._served:
            return True
        return _serving(self._registration(self._system(system))) is not None

    def endpoint(self, system: str) -> str:
        """The name under which the engine remembers what it wrote to this installation."""
        return self.settings.url_of(system) or "sandbox"

    def client(self, system: str) -> Client:
        """A client of the system, made once, whichever thread asks first.

        Raises Stop when it cannot be configured.
        """
        with self._lock:
            if system not in self._clients:
                self._clients[system] = self._system(system).connect(self.connection(system))
            return self._clients[system]

    def connection(self, system: str) -> Connection:
        """Where and as whom to reach the system."""
        known = self._system(system)
        if (url := self.settings.url_of(system)) is not None:
            return Connection(
                system=system,
                url=url,
                token_url=self.settings.token_url_of(system) or _derived_token_url(known, url),
                settings=known.settings,
                secrets=Secrets(self.settings.environment),
                turns=self._turns_of(known),
            )
        url, token_url = self._emulated(known)
        return Connection(
            system=system,
            url=url,
            token_url=token_url,
            settings=known.settings,
            secrets=Secrets(self._sandbox_environment(known)),
            turns=self._turns_of(known),
        )

    def serve(self) -> Mapping[str, str]:
        """Start every sandbox system here and tell other processes; return their addresses."""
        addresses = {}
        for system in self.systems.values():
            if not self.is_real(system.name):
                url, token_url = self._started(system)
                addresses[system.name] = url
                path = self._registration(system)
                path.write_text(
                    json.dumps({"pid": os.getpid(), "url": url, "token_url": token_url}),
                    encoding="utf-8",
                )
                self._stack.callback(path.unlink, missing_ok=True)
        return addresses

    def live(self) -> Mapping[str, str]:
        """Let people in the sandbox's systems do things, once in a sandbox's life.

        Returns what happened, by system; nothing where it has happened before, or where the systems
        are served by another process.
        """
        lived = self.settings.sandbox / "lived"
        if lived.exists() or not self._emulators:
            return {}
        lived.touch()
        return {
            name: emulator.live()
            for name, emulator in sorted(self._emulators.items())
            if isinstance(emulator, Lives)
        }

    def _turns_of(self, system: System) -> Turns | None:
        if self._turns is None:
            return None
        url = self.settings.url_of(system.name) or ""
        turns = self._turns(system, self.endpoint(system.name), url)
        self._stack.callback(turns.close)
        return turns

    def _system(self, name: str) -> System:
        if name not in self.systems:
            raise Stop(
                f"There is no system {name!r}", remedy=f"choose one of {', '.join(self.systems)}"
            )
        return self.systems[name]

    def _emulated(self, system: System) -> tuple[str, str]:
        if system.name not in self._served:
            found = _serving(self._registration(system))
            self._served[system.name] = found or self._started(system)
        return self._served[system.name]

    def _started(self, system: System) -> tuple[str, str]:
        if system.name not in self._served:
            folder = self.settings.sandbox / system.name
            folder.mkdir(parents=True, exist_ok=True)
            emulator: Emulator = importlib.import_module(f"systems.{system.name}.emulator").start(
                Setup(folder, SEED, self._today, self._secret(system))
            )
            self._stack.callback(emulator.stop)
            self._emulators[system.name] = emulator
            self._served[system.name] = (emulator.url, emulator.token_url)
        return self._served[system.name]

    def _registration(self, system: System) -> Path:
        self.settings.sandbox.mkdir(parents=True, exist_ok=True)
        return self.settings.sandbox / f"{system.name}.json"

    def _secret(self, system: System) -> str:
        """The sandbox's own secret for a system, made at random on first use."""
        path = self.settings.sandbox / f"{system.name}.secret"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(24), encoding="utf-8")
        return path.read_text(encoding="utf-8")

    def _sandbox_environment(self, system: System) -> Mapping[str, str]:
        """Every secret the system asks for from the environment is the sandbox's own."""
        references = system.settings.get("auth", {}).values()
        names = [text.removeprefix("env:") for text in references if text.startswith("env:")]
        return dict.fromkeys(names, self._secret(system))


def _derived_token_url(system: System, url: str) -> str:
    """The sign-in beside an address of its own; the vendor's when the address is the vendor's."""
    declared = system.settings["address"].get("token_url", "")
    if not declared or url == system.url:
        return str(declared)
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{urlsplit(declared).path}"


def _serving(path: Path) -> tuple[str, str] | None:
    """What another process serves, if it is alive and answers."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        os.kill(told["pid"], 0)
        parts = urlsplit(told["url"])
        if parts.scheme == "http":
            socket.create_connection((parts.hostname, parts.port), timeout=2).close()
    except (OSError, ValueError, KeyError):
        return None
    return told["url"], told["token_url"]
