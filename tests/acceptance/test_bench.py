"""The benchmarks measure what there is now: small sizes through every part of the engine."""

from __future__ import annotations

import subprocess
import sys

import pytest

from accord.settings import CHECKOUT
from tests.support.command import a_home


@pytest.mark.slow
def test_every_part_of_the_engine_can_be_measured() -> None:
    parts = ["landing", "canonical", "gate", "delivery", "copybook"]
    arguments = ["--sizes", "500", "8000", "--repeats", "1", "--without-dlt", "--only", *parts]
    with a_home() as home:
        done = subprocess.run(
            [sys.executable, "-m", "bench", *arguments],
            env=home.variables(), cwd=CHECKOUT, capture_output=True, text=True, timeout=600,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    titles = ("Landing", "corrected lines", "Canonical", "Gate of the sales", "Delivery")
    for title in (*titles, "Copybook"):
        assert title in done.stdout
