"""Whole commands: the real retailer's days in one `accord run`, again, and the light commands."""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from accord.settings import CHECKOUT
from bench.measuring import Measured, command, middle

RETAIL = CHECKOUT.parent / "shared" / "data" / "retail"
ACCORD = Path(sys.executable).with_name("accord")
LIGHT = (("--help",), ("status",), ("doctor",))
_OURS = ("ACCORD_", "DATABASE_URL")


def unpacked(folder: Path) -> Path | None:
    """Unpack the real retailer's day files; None, said aloud, where they are not."""
    archives = sorted(RETAIL.glob("*.zip"))
    if not archives:
        print(f"\nTHE RETAIL DAYS ARE NOT MEASURED: there is no archive in {RETAIL}.\n", flush=True)
        return None
    folder.mkdir(parents=True)
    with zipfile.ZipFile(archives[0]) as archive:
        for name in archive.namelist():
            if name.endswith(".csv"):
                (folder / Path(name).name).write_bytes(archive.read(name))
    return folder


def environment(home: Path, days: Path | None = None) -> Mapping[str, str]:
    """This process's environment with a home of its own and, if given, real day files."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    real = {"ACCORD_POS_URL": days.as_uri()} if days else {}
    return {**kept, "ACCORD_HOME": str(home), **real}


def passed(environment: Mapping[str, str]) -> Measured:
    """Make one pass; what it reports is in `told`."""
    return command([ACCORD, "run", "--output", "json"], environment=environment)


def counted(report: Mapping[str, Any], stage: str, name: str) -> int:
    """Add up one number over the flows of a stage that do not merely read back."""
    return sum(
        flow[name]
        for flow in report["flows"]
        if flow["stage"] == stage and not flow.get("read_back")
    )


def light(environment: Mapping[str, str], arguments: tuple[str, ...], *, repeats: int) -> Measured:
    """Run a light command; it may say that something is not well."""
    return middle(
        [
            command([ACCORD, *arguments], environment=environment, exit_code=None)
            for _ in range(repeats)
        ]
    )
