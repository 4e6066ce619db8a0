"""Files in a folder of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from accord.errors import AccordError, Retry, Stop
from accord.sftp.files import PIECE, Listed


class LocalFiles:
    """The files of a local folder; `variable` is where its address comes from."""

    def __init__(self, folder: Path, variable: str) -> None:
        self._folder, self._variable = folder, variable

    @property
    def where(self) -> str:
        """The folder's path."""
        return str(self._folder)

    def listed(self) -> Sequence[Listed]:
        """List the files. Raises Stop when the folder cannot be listed."""
        found = []
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    try:
                        if entry.is_file():
                            stat = entry.stat()
                            found.append(Listed(entry.name, stat.st_size, stat.st_mtime_ns))
                    except FileNotFoundError:
                        continue  # it went away while we looked
        except OSError as error:
            raise Stop(
                f"The folder {self._folder} cannot be listed: {error.strerror}",
                remedy=f"let this user read and enter it, or correct {self._variable}",
            ) from error
        return found

    def content(self, name: str) -> Iterator[bytes]:
        """Yield a file piece by piece. Raises Retry when it went away or changed, else Stop."""
        try:
            with (self._folder / name).open("rb") as file:
                before = _state(os.fstat(file.fileno()))
                while piece := file.read(PIECE):
                    yield piece
            after = _state((self._folder / name).stat())
        except OSError as error:
            raise self._failed(name, error) from error
        if before != after:
            raise Retry(f"{name} changed while it was read", remedy="run again when it is whole")

    def part(self, name: str, *, start: int, size: int) -> bytes:
        """Return some bytes of a file. Raises Retry when it went away, else Stop."""
        try:
            with (self._folder / name).open("rb") as file:
                file.seek(start)
                return file.read(size)
        except OSError as error:
            raise self._failed(name, error) from error

    def close(self) -> None:
        """Give back nothing: no file stays open."""

    def _failed(self, name: str, error: OSError) -> AccordError:
        if isinstance(error, FileNotFoundError):
            return Retry(f"{name} went away before it was read", remedy="run again")
        return Stop(
            f"{name} cannot be read: {error.strerror}",
            remedy=f"let this user read the files in {self._folder}",
        )


def _state(stat: os.stat_result) -> tuple[int, int, int]:
    return stat.st_ino, stat.st_mtime_ns, stat.st_size
