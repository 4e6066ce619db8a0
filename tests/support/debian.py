"""Programs from Debian's archive, unpacked outside of the checkout; the machine stays as it is."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True)
class Program:
    """A program, the folders of libraries it needs besides the machine's, and its settings."""

    path: Path
    libraries: Sequence[Path] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """The environment that it and what it makes run in."""
        found = {"LD_LIBRARY_PATH": ":".join(map(str, self.libraries))} if self.libraries else {}
        return {**os.environ, **found, **self.settings}

    def copied(self, to: Path) -> Program:
        """Copy it to where a user may be who may not look into the cache."""
        shutil.copy(self.path, to)
        for folder in self.libraries:
            for library in folder.glob("*.so*"):
                shutil.copy(library, to)
        return Program(to / self.path.name, [to])


def cobol() -> Program:
    """GnuCOBOL's compiler; skips where it cannot be had."""
    if (found := shutil.which("cobc")) and shutil.which("gcc"):
        return Program(Path(found))
    if not shutil.which("gcc"):
        pytest.skip("NOT CHECKED against GnuCOBOL: it needs gcc")
    root = _unpacked("gnucobol3")
    libraries = next((root / "usr" / "lib").glob("*/libcob.so")).parent
    return Program(
        root / "usr" / "bin" / "cobc",
        [libraries],
        {
            "COB_CONFIG_DIR": str(root / "etc" / "gnucobol"),
            "COB_COPY_DIR": str(root / "usr" / "share" / "gnucobol" / "copy"),
            "COB_CFLAGS": f"-I{root / 'usr' / 'include'} -fsigned-char -pipe",
            "COB_LDFLAGS": f"-L{libraries}",
        },
    )


def sshd() -> Program:
    """OpenSSH's server; skips where it cannot be had."""
    usual = Path("/usr/sbin/sshd")
    if usual.exists():
        return Program(usual)
    root = _unpacked("openssh-server")
    libraries = [folder for part in ("lib", "usr/lib") for folder in (root / part).glob("*-*")]
    return Program(root / "usr" / "sbin" / "sshd", libraries)


def _unpacked(package: str) -> Path:
    """The folder of a package and of those it needs that the machine has not."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        pytest.skip(f"NOT CHECKED with {package}: this is no Debian")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "accord-tests" / f"debian-{package}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _unpack(package, folder)
            (folder / "complete").touch()
    return folder / "root"


def _unpack(package: str, folder: Path) -> None:
    own: list[str] = []
    done = _apt(folder, "install", "--simulate", "--no-install-recommends", package)
    if done.returncode:  # the machine's lists are missing or old, so lists of our own
        own = ["-o", f"Dir::State::Lists={folder / 'lists'}", "-o", f"Dir::Cache={folder}"]
        (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        _apt(folder, *own, "update")
        done = _apt(folder, *own, "install", "--simulate", "--no-install-recommends", package)
    names = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("Inst ")]
    if done.returncode or _apt(folder, *own, "download", package, *names).returncode:
        pytest.skip(f"NOT CHECKED with {package}: Debian's archive cannot be reached")
    for archive in sorted(folder.glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", archive, folder / "root"], check=True)


def _apt(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["apt-get", "--quiet", *arguments],
        cwd=folder, check=False, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
