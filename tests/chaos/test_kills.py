"""Real processes, killed at named steps of a pass: the next pass continues where it was.

The laboratory's processes are threads that stop; these are whole `accord run`s, with Dagster, dbt
and the embedded server, and they end by kill -9 with everything they started.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from accord.settings import CHECKOUT
from systems.xero.emulator import Emulator
from tests.support import xero
from tests.support.command import Home, a_home
from tests.support.day_files import a_file, a_line

pytestmark = pytest.mark.slow
DAYS = ("2011-01-04", "2011-01-05", "2011-01-06")
STEPS = (
    "after landing.move_cursor",  # the rows are in, their transaction is not over
    "after outbox.claim",  # about to leave
    "before outbox.settle",  # answered, and nobody noted it
    "before outbox.post",  # all is delivered, the ledger does not say so
)


def deliver(tills: Path, round_: int) -> None:
    """Let the tills export every day anew, with other takings; the sign flips now and then."""
    for place, day in enumerate(DAYS):
        sign = -1 if (place + round_) % 3 == 0 else 1
        good = a_line(day, Quantity=str(sign * (place + 1)), UnitPrice=f"{round_ + 1}.25")
        (tills / f"{day}.csv").write_bytes(a_file(good, b"torn"))


def killed(home: Home, step: str) -> None:
    """Make a pass that is killed at the step."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.killed", step, "run"],
        env=home.variables(), cwd=CHECKOUT, capture_output=True, start_new_session=True,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, (step, done.stdout, done.stderr)


def expected(round_: int) -> dict[str, tuple[str, Decimal]]:
    """What accounting is to hold after a round."""
    return {
        f"POS-{day}": (
            "ACCRECCREDIT" if (place + round_) % 3 == 0 else "ACCREC",
            (place + 1) * Decimal(f"{round_ + 1}.25"),
        )
        for place, day in enumerate(DAYS)
    }


def test_a_pass_killed_at_any_named_step_is_continued_by_the_next(tmp_path: Path) -> None:
    tills, books = tmp_path / "tills", tmp_path / "books"
    tills.mkdir()
    books.mkdir()
    with xero.emulator(books) as accounting:
        environment = {
            "ACCORD_POS_URL": tills.as_uri(),
            "ACCORD_XERO_URL": accounting.url,
            "ACCORD_XERO_CLIENT_SECRET": xero.SECRET,
        }
        with a_home(environment) as home, home.served():
            for round_, step in enumerate(STEPS):
                deliver(tills, round_)
                killed(home, step)
            ended = home.accord("run", "--output", "json")
            assert (ended.report["balanced"], ended.report["dead"]) == (True, len(DAYS)), ended.err
            assert xero.live(accounting) == expected(len(STEPS) - 1)
        every_effect_is_there_once(accounting)


def every_effect_is_there_once(accounting: Emulator) -> None:
    """Never two live documents of a day, and no more effects than there were exports."""
    live: Counter[str] = Counter()
    written: Counter[str] = Counter()
    for effect in accounting.journal():
        number = effect.number[: len("POS-2011-01-04")]
        live[number] += {"created": 1, "updated": 0, "voided": -1}[effect.effect]
        written[number] += effect.effect != "voided"
        assert live[number] <= 1
    assert all(times <= len(STEPS) for times in written.values())
