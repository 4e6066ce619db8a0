"""`accord console` as an administrator uses it: let people in and out, serve, stop."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from accord.settings import CHECKOUT
from tests.support.console import Visitor
from tests.support.up import COMMAND, Home, a_home, eventually

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with a_home() as home:
        yield home


@contextmanager
def serving(home: Home) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A console served by itself: its address, and its process."""
    terminal = Path(home.folder).parent / "console"
    with terminal.open("wb") as shown:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "console", "serve", "--port", "0"],
            cwd=CHECKOUT, env=home.environment, stdout=shown, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        found = eventually(
            lambda: re.search(r"http://127\.0\.0\.1:\d+", terminal.read_text(encoding="utf-8"))
        )
        yield found[0], process
    finally:
        process.kill()
        process.wait(timeout=30)


def test_people_are_let_in_and_out_while_it_is_served(home: Home) -> None:
    assert "Nobody may sign in yet" in home.accord("console", "list").stdout
    token = home.told("console", "grant", "ann")["token"]
    with serving(home) as (url, process):
        ann = Visitor(url)
        answer = eventually(lambda: _signed_in(ann, token), what="the console")
        assert answer.headers["location"] == "/"
        assert "What waits for a person" in ann.page("/")
        (known,) = home.told("console", "list")
        assert (known["who"], bool(known["last_used_at"])) == ("ann", True)
        assert home.accord("console", "revoke", "ann").returncode == 0
        assert ann.get("/").headers["location"] == "/sign-in"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert home.told("console", "list") == []


def test_what_cannot_be_is_said_with_its_remedy(home: Home) -> None:
    for words, what in (
        (("revoke", "nobody"), "nobody has no sign-in"),
        (("grant", " "), "That is no name for a person"),
        (("grant", "a\nb"), "That is no name for a person"),
    ):
        done = home.accord("console", *words)
        assert done.returncode == 3
        assert what in done.stderr
        assert "Remedy:" in done.stderr


def test_an_address_that_is_none_for_a_console_is_refused(home: Home) -> None:
    for address in ("http://accord.example", "https://accord.example/desk", "accord.example"):
        wrong = Home(home.folder, {"ACCORD_CONSOLE_URL": address})
        done = wrong.accord("console", "serve", "--port", "0")
        assert done.returncode == 3
        assert "ACCORD_CONSOLE_URL is no address" in done.stderr


def _signed_in(visitor: Visitor, token: str) -> requests.Response | None:
    try:
        return visitor.post("/sign-in", token=token)
    except requests.ConnectionError:
        return None
