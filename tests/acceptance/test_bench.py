"""The benchmarks measure what there is now: small sizes through every part of the engine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from accord.settings import CHECKOUT
from bench import __main__ as bench
from bench.engine_parts import Bench
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


def test_a_part_that_fails_is_told_and_leaves_the_others_their_turn(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[str] = []

    def broken(_: Bench) -> None:
        raise RuntimeError("no such table")

    @contextmanager
    def nowhere() -> Iterator[Any]:
        yield None

    monkeypatch.setattr(bench, "ground", nowhere)
    monkeypatch.setattr(
        bench, "PARTS", {"gate": broken, "delivery": lambda _: told.append("delivery")}
    )
    monkeypatch.setattr(sys, "argv", ["bench"])
    monkeypatch.setattr(bench.signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit, match="gate"):
        bench.main()
    assert told == ["delivery"]
    assert "GATE FAILED" in capsys.readouterr().out
