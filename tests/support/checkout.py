"""Copies of this checkout, for tests that change files and run commands in them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from accord.settings import CHECKOUT

COMMAND = "from accord.cli.main import main; main()"


def copied(into: Path) -> Path:
    """Copy what git tracks or would track, as it is now, and return the copy's folder."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT, check=True, capture_output=True,
    ).stdout.decode()  # fmt: skip
    for name in listed.rstrip("\0").split("\0"):
        source, target = CHECKOUT / name, into / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return into


def ran(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run this Python with the arguments inside a copy, on the copy's own code."""
    variables = {
        **os.environ,
        **(environment or {}),
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "ACCORD_HOME": str(folder.parent / "home"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=variables, capture_output=True, text=True
    )


def accord(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command `accord` of a copy."""
    return ran(folder, "-c", COMMAND, *arguments)


def content(folder: Path) -> Mapping[str, str]:
    """The digest of every file below a folder, by its path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
