"""The tills: what their day files say, good and poisoned, in a folder that changes meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Literal
from unittest.mock import patch

from systems.pos import folder as tills_folder
from tests.support.day_files import COLUMNS, a_file, a_line

Poison = Literal["", "at landing", "at the gate", "at the destination"]
BARRED = "BARRED"
DEAREST = Decimal("1000.00")
_THE_SAME_MOMENT = 1_300_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a receipt. A poisoned one breaks its contract, a rule, or what is accepted."""

    receipt: str
    article: str
    quantity: int
    price: Decimal
    poison: Poison = ""

    @property
    def amount(self) -> Decimal:
        """What it adds to the takings."""
        return self.quantity * self.price

    def raw(self, day: str) -> bytes:
        """The line as the till writes it."""
        quantity = "some" if self.poison == "at landing" else str(self.quantity)
        return a_line(
            day, InvoiceNo=self.receipt, StockCode=self.article, Quantity=quantity,
            UnitPrice=f"{self.price:.2f}",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DayFile:
    """A whole day file."""

    day: str
    lines: tuple[Line, ...]

    @property
    def content(self) -> bytes:
        """Its bytes."""
        return a_file(*(line.raw(self.day) for line in self.lines), columns=COLUMNS)


@dataclass(slots=True)
class Folder:
    """The folder the tills export into."""

    path: Path

    def put(self, day: str, content: bytes | None, *, same_time: bool = False) -> None:
        """Put a file in place of the one that was there; None takes it away.

        With `same_time` its time stamp is the one that every such file has.
        """
        path = self.path / f"{day}.csv"
        if content is None:
            path.unlink(missing_ok=True)
            return
        path.write_bytes(content)
        if same_time:
            os.utime(path, (_THE_SAME_MOMENT, _THE_SAME_MOMENT))

    def clear(self) -> None:
        """Take every file away."""
        for path in self.path.iterdir():
            path.unlink()


_READING = threading.local()


@contextmanager
def while_reading(name: str, surprise: Callable[[], None]) -> Iterator[None]:
    """Let something happen to the file `name` after its bytes were read, once, in this thread."""
    _READING.surprise = (name, surprise)
    try:
        yield
    finally:
        _READING.surprise = None


class _WatchedPath(type(Path())):  # type: ignore[misc]
    """A path whose file is watched being read."""

    def open(self, *arguments: Any, **options: Any) -> Any:
        return _WatchedFile(super().open(*arguments, **options), self.name)


@dataclass(slots=True)
class _WatchedFile:
    file: BinaryIO
    name: str

    def __enter__(self) -> _WatchedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def fileno(self) -> int:
        return self.file.fileno()

    def read(self) -> bytes:
        content = self.file.read()
        waiting = getattr(_READING, "surprise", None)
        if waiting and waiting[0] == self.name:
            _READING.surprise = None
            waiting[1]()
        return content


@contextmanager
def watched() -> Iterator[None]:
    """Let the tills' client read through watched paths."""
    with patch.object(tills_folder, "Path", _WatchedPath):
        yield
