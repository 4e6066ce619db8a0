"""dlt beside Accord: its environment, kept outside the checkout, and the ways it is tuned."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from accord.store.server import Address
from bench.measuring import Measured, command

VERSION = "1.31.0"
_PACKAGES = (f"dlt[postgres]=={VERSION}", "pyarrow", "adbc-driver-postgresql")
_SCRIPT = Path(__file__).parent / "dlt_landing.py"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to use dlt; see dlt_landing.py for the fields."""

    title: str
    items: str = "rows"
    loader: str = ""
    disposition: str = "append"
    runs: int = 1


WAYS = (
    Way("dlt, default settings"),
    Way("dlt, csv loader", loader="csv"),
    Way("dlt, Arrow tables, csv loader", "arrow", "csv"),
    Way("dlt, Arrow tables, parquet over ADBC", "arrow", "parquet"),
)
AGAIN = (
    Way("dlt upsert, csv loader", "rows", "csv", "upsert", 2),
    Way("dlt upsert, Arrow, parquet over ADBC", "arrow", "parquet", "upsert", 2),
)


def interpreter() -> Path | None:
    """Make dlt's environment on first use; None, said aloud, where it cannot be installed."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "accord-bench"
    folder, made = cache / f"dlt-{VERSION}", cache / f"dlt-{VERSION}" / ".made"
    python = folder / "bin" / "python"
    if made.exists() and made.read_text(encoding="utf-8") == " ".join(_PACKAGES):
        return python
    print(f"Making an environment for dlt {VERSION} in {folder} …", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_PACKAGES]
        subprocess.run([str(python), *install], check=True, stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        print(
            f"\nDLT IS NOT MEASURED: dlt {VERSION} could not be installed into {folder}.\n"
            "Remedy: let pip reach a package index, then run again.\n",
            flush=True,
        )
        return None
    made.write_text(" ".join(_PACKAGES), encoding="utf-8")
    return python


def loaded(python: Path, way: Way, pages: Path, address: Address) -> Measured:
    """Let dlt load the pages into an empty database. The password is not looked at."""
    url = f"postgresql://{address.user}:any@localhost:{address.port}/{address.database}?host={address.host}"
    told = json.dumps(asdict(way))
    return command([python, _SCRIPT, pages, url], told=told, cwd=pages.parent)
