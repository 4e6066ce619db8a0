"""A pass that somebody ends by Ctrl-C, or the system by SIGTERM: it ends, and the next goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.support.command import Home, a_home

pytestmark = pytest.mark.slow

SOON = 30
ENDED = "Ended as you asked: nothing is lost, and the next pass goes on from here"


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with a_home() as made, made.served():
        yield made


def ended(home: Home, *arguments: str, after: str, by: signal.Signals) -> tuple[int, str]:
    """Start a pass and end it as soon as it has said something; return its code and words."""
    process = home.started(*arguments)
    assert process.stdout is not None
    told = b""
    for line in process.stdout:
        told += line
        if after.encode() in line:
            os.kill(process.pid, by)
            break
    said = told + process.communicate(timeout=SOON)[0]
    return process.returncode, said.decode()


@pytest.mark.parametrize(
    ("after", "by"),
    [
        ("salesforce.contacts:", signal.SIGINT),
        ("gate of customer:", signal.SIGINT),
        ("customers \u2192 mailchimp members:", signal.SIGTERM),
    ],
)
def test_a_pass_ends_when_it_is_told_to(home: Home, after: str, by: signal.Signals) -> None:
    code, said = ended(home, "run", "--flow", "customers", "--redeliver", after=after, by=by)
    assert code == 130, said
    assert ENDED in said
    assert "will be tried again" not in said
    assert "as read back" not in said.partition(after)[2]


def test_the_next_pass_goes_on_and_all_agrees(home: Home) -> None:
    last = home.accord("run", "--flow", "customers", "--output", "json")
    assert last.code == 0, last.err
    assert last.report["balanced"]
    assert home.accord("ledger", "verify").code == 0
