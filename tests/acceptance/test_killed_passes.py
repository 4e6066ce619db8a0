"""Passes killed at any moment, again and again: one more pass, and every day is there exactly once.

The accounting is localstack-xero, which knows neither idempotency keys nor unique numbers.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support import localstack_xero
from tests.support.command import Home, a_home
from tests.support.day_files import a_file, a_line
from tests.support.xero_sdk import Sdk

pytestmark = [pytest.mark.slow, pytest.mark.real]
DAYS = [f"2011-01-{number:02}" for number in range(3, 15)]
KILLS = 5
MARKS = ("pos.sales_lines:", "canonical:", "gate of sale:", "takings", "documents")


def deliver(tills: Path, round_: int) -> None:
    """Let the tills deliver every day anew, with other takings; every third is negative."""
    for place, day in enumerate(DAYS):
        sign = -1 if (place + round_) % 3 == 0 else 1
        line = a_line(day, Quantity=str(sign * (place + 1)), UnitPrice=f"{round_ + 1}.25")
        (tills / f"{day}.csv").write_bytes(a_file(line))


def expected(round_: int) -> dict[str, tuple[str, Decimal]]:
    """What the accounting is to hold after a round."""
    found = {}
    for place, day in enumerate(DAYS):
        amount = (place + 1) * Decimal(f"{round_ + 1}.25")
        negative = (place + round_) % 3 == 0
        found[f"POS-{day}"] = ("credit_note" if negative else "invoice", amount)
    return found


def killed(home: Home, mark: str, chance: random.Random) -> bool:
    """Start a pass and kill it, with all it started, some moments after it said `mark`."""
    process = home.started("run")
    assert process.stdout is not None
    told = b""
    for line in process.stdout:
        told += line
        if mark.encode() in line:
            break
    timer = threading.Timer(chance.uniform(0, 1.2), kill, [process])
    timer.start()
    told += process.stdout.read()
    process.wait(60)
    timer.cancel()
    process.stdout.close()
    assert process.returncode in (0, -signal.SIGKILL), told.decode(errors="replace")
    return process.returncode == -signal.SIGKILL


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and its group as a power cut would, unless it is over already."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def test_however_often_a_pass_is_killed_nothing_is_lost_and_nothing_doubled(
    tmp_path: Path,
) -> None:
    chance = random.Random(20110103)  # noqa: S311 - moments, not secrets
    with localstack_xero.running() as url:
        environment = {
            "ACCORD_POS_URL": tmp_path.as_uri(),
            "ACCORD_XERO_URL": url,
            "ACCORD_XERO_CLIENT_ID": "tests",
            "ACCORD_XERO_CLIENT_SECRET": "tests",
        }
        with a_home(environment) as home:
            deaths = 0
            for round_, mark in zip(range(KILLS), MARKS, strict=True):
                deliver(tmp_path, round_)
                deaths += killed(home, mark, chance)
            last = home.accord("run", "--output", "json")
            assert deaths >= 3
            assert last.code == 0, last.err
            assert last.report["balanced"]
            assert last.report["dead"] == 0
            sdk = Sdk(url)
            assert sdk.live() == expected(KILLS - 1)
            again = home.accord("run", "--output", "json").report
            (takings,) = [flow for flow in again["flows"] if flow["stage"] == "delivery"]
            assert (takings["due"], takings["unchanged"]) == (len(DAYS), len(DAYS))
            assert sdk.live() == expected(KILLS - 1)
            sdk.close()
            reconciled = home.accord("reconcile", "--output", "json")
            assert (reconciled.code, reconciled.report["equal"]) == (0, True)
