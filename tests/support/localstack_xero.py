"""The third-party emulator localstack-xero in an environment of its own, and a lossy way to it."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from accord.emulation.faults import Faults, afflicted
from accord.emulation.server import Request, Response, Server, route

VERSION = "0.1.2"
_UNREACHABLE = ("ConnectionError", "NewConnectionError", "Temporary failure", "Read timed out")


def installed() -> Path:
    """The Python that has it, installed on first use outside the checkout; skips when offline."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "accord-tests" / f"localstack-xero-{VERSION}"
    python, complete = folder / "bin" / "python", folder / "complete"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            _install(folder, python)
            complete.touch()
    return python


def _install(folder: Path, python: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
    pip = [python, "-m", "pip", "install", "--quiet", f"localstack-xero=={VERSION}"]
    outcome = subprocess.run(pip, check=False, capture_output=True, text=True)
    if outcome.returncode and any(word in outcome.stderr for word in _UNREACHABLE):
        pytest.skip("NOT CHECKED against localstack-xero: no package registry can be reached")
    assert outcome.returncode == 0, outcome.stderr


@contextmanager
def running() -> Iterator[str]:
    """A fresh localstack-xero on loopback; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [installed(), "-m", "xero_local.server"],
        env={"XERO_HOST": "127.0.0.1", "XERO_PORT": str(port), "PATH": os.defpath},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    with process, process.stderr:
        try:
            said = []
            for line in process.stderr:
                said.append(line)
                if "Running on" in line:
                    break
            assert process.poll() is None, said
            threading.Thread(target=_drain, args=(process.stderr,), daemon=True).start()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()  # it keeps nothing, and may have been started deaf to anything less
            process.wait(60)


def _drain(lines: Iterator[str]) -> None:
    for _ in lines:
        pass


@contextmanager
def lossy(url: str) -> Iterator[tuple[str, Faults]]:
    """Another address for the same server, on the way to which requests and answers get lost."""
    faults = Faults()
    with requests.Session() as session:
        session.trust_env = False

        def forwarded(request: Request) -> Response:
            answer = session.request(
                request.method, url + request.path, params=dict(request.query),
                data=request.body, headers=_passed(request.headers), timeout=10,
            )  # fmt: skip
            return Response(
                answer.status_code, answer.content, {"Content-Type": "application/json"}
            )

        def answered(request: Request) -> Response:
            fault = faults.take(request)
            return afflicted(fault, lambda: forwarded(request), stopping=server.stopping)

        server = Server([route(method, "/.*", answered) for method in ("GET", "POST")]).start()
        try:
            yield server.url, faults
        finally:
            server.stop()
    assert server.failures == []


def _passed(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in headers.items()
        if name in ("authorization", "content-type", "xero-tenant-id", "idempotency-key")
    }
