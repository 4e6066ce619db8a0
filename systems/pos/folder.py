"""The folder of day files: where it is, which files it holds, and fetching one of them whole."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlsplit

from accord.errors import Retry, Stop
from accord.privacy import redacted

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_UNFINISHED = (".part", ".tmp", ".filepart")


@dataclass(frozen=True, slots=True)
class DayFile:
    """A file that is named after a business day, and what the folder says about it."""

    name: str
    day: date
    signature: str


@dataclass(frozen=True, slots=True)
class Stray:
    """A file that looks like an export but is not read, and why."""

    name: str
    reason: str


def located(url: str) -> Path:
    """Return the folder that a `file:///folder` address means, whether or not it exists.

    Raises Stop, with the remedy, for any other address.
    """
    remedy = "set ACCORD_POS_URL=file:///path/to/the/exports"
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise Stop("The tills' address is no address", remedy=remedy) from error
    if parts.scheme != "file":
        raise Stop(
            f"The tills' address {redacted(url)} is not a folder: it must start with file:///",
            remedy=f"copy or mount the exports into a folder and {remedy}",
        )
    path = Path(unquote(parts.path))
    if parts.netloc not in ("", "localhost") or not path.is_absolute() or "\0" in str(path):
        raise Stop(
            f"The tills' address {redacted(url)} does not name a whole path on this machine",
            remedy=f"{remedy}, with three slashes",
        )
    return path


def listed(folder: Path, pattern: str) -> Iterator[DayFile | Stray]:
    """Yield what lies in `folder`, in no order; unfinished, hidden and foreign files are left out.

    `pattern` is a file name with `{day}` in it. A file with the pattern's ending that is not called
    after a day is a stray. Raises Stop when the folder cannot be listed.
    """
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if (found := _found(entry, pattern)) is not None:
                    yield found
    except FileNotFoundError as error:
        raise Stop(
            f"The tills' folder {folder} does not exist",
            remedy="create it, or set ACCORD_POS_URL to the folder of the exports",
        ) from error
    except OSError as error:
        raise Stop(
            f"The tills' folder {folder} cannot be listed: {error.strerror}",
            remedy="check that it is a folder that this user may read and enter",
        ) from error


def fetched(folder: Path, name: str) -> bytes:
    """Return the whole content of a file, as it was at one moment.

    Raises Retry when it went away or changed meanwhile, Stop when it may not be read.
    """
    path = folder / name
    try:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            content = file.read()
        after = path.stat()
    except FileNotFoundError as error:
        raise Retry(
            f"The day file {name} went away before it was read",
            remedy="run again once it is delivered; if it was withdrawn, nothing has to be done",
        ) from error
    except OSError as error:
        raise Stop(
            f"The day file {name} cannot be read: {error.strerror}",
            remedy=f"let this user read the files in {folder}",
        ) from error
    if _state(before) != _state(after):
        raise Retry(
            f"The day file {name} changed while it was read",
            remedy="run again when it is whole; let the export write a .part file and rename it",
        )
    return content


def is_readable(folder: Path, name: str) -> bool:
    """Tell whether this user may read a file."""
    return os.access(folder / name, os.R_OK)


def _found(entry: os.DirEntry[str], pattern: str) -> DayFile | Stray | None:
    name, ending = entry.name, Path(pattern).suffix.lower()
    if name.startswith(".") or not name.lower().endswith(ending) or name.endswith(_UNFINISHED):
        return None
    shown = os.fsencode(name).decode(errors="backslashreplace")
    before, _, after = pattern.partition("{day}")
    match = re.fullmatch(f"{re.escape(before)}({_DAY}){re.escape(after)}", name)
    if match is None:
        return Stray(shown, f"its name is not of the form {pattern}")
    try:
        day = date.fromisoformat(match[1])
    except ValueError:
        return Stray(name, "there is no such day")
    try:
        stat = entry.stat()
    except FileNotFoundError:
        return Stray(name, "it is a link to nothing") if entry.is_symlink() else None
    if not entry.is_file():
        return Stray(name, "it is not a file")
    return DayFile(name, day, f"{stat.st_mtime_ns}-{stat.st_size}")


def _state(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
