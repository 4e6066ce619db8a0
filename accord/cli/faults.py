"""Faults of Accord itself: kept in a file for whoever mends them, off the terminal and the logs."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime

from accord.settings import load


def kept(error: BaseException) -> str:
    """Write the whole story of an error to a file only its owner can read; say what to do with it.

    The text of an error that is not ours may hold a field's value, so nobody else gets to see it.
    """
    folder = load().home / "faults"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}.txt"
    path.touch(mode=0o600)
    path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
    return f"report it; the details are in {path}, which may hold your data"
