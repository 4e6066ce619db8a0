"""Reads the tills' daily exports: a folder with one CSV file a business day.

A later file of the same day replaces the earlier one as a whole. Nothing is ever written here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from accord.connector import Connection
from accord.contracts import odcs
from accord.errors import AccordError, Stop
from accord.records import Health, Original, Reading, Slice, Window
from systems.pos import folder, sales_lines
from systems.pos.folder import DayFile, Stray

_SHOWN = 5


def connect(connection: Connection) -> PosClient:
    """Return a client; the folder is not touched before it is needed."""
    return PosClient(connection)


class PosClient:
    """A source with one stream, sales_lines, whose pieces are day files."""

    def __init__(self, connection: Connection) -> None:
        settings = connection.settings
        self._url = connection.url
        self._pattern: str = settings["files"]["pattern"]
        self._page_records = int(settings["limits"]["page_records"])
        self._contracts: dict[str, str] = {
            item["name"]: item["contract"] for item in settings["streams"]
        }

    def slices(self, stream: str, window: Window) -> Sequence[Slice]:
        """List the day files inside `window`, oldest first. Raises Stop."""
        self._contract_of(stream)
        return [
            Slice(name=file.name, partition=file.day.isoformat(), signature=file.signature)
            for file in self._day_files()
            if window.holds(file.day)
        ]

    def strays(self, window: Window | None = None) -> list[Stray]:
        """List what looks like an export and is not read. Raises Stop.

        One whose name tells another day than those of `window` is left out.
        """
        asked = window or Window()
        found = (item for item in self._listed() if isinstance(item, Stray))
        return sorted(
            (stray for stray in found if _may_concern(stray, asked)), key=lambda stray: stray.name
        )

    def read(self, stream: str, piece: Slice) -> Reading:
        """Read one day file. Raises Retry when it went away or changes, Stop when it is barred."""
        contract = odcs.load(self._contract_of(stream))
        content = folder.fetched(folder.located(self._url), piece.name)
        return sales_lines.reading(
            piece.partition, content, contract=contract, page_records=self._page_records
        )

    def replay(self, stream: str, original: Original) -> Reading:
        """Read a rejected line, or a rejected whole file, again by the contract as it is now."""
        contract = odcs.load(self._contract_of(stream))
        return sales_lines.replayed(original, contract=contract, page_records=self._page_records)

    def health(self) -> Sequence[Health]:
        """Say whether the folder can be read, which day is the newest, and what is not read."""
        try:
            files, strays = self._day_files(), self.strays()
        except AccordError as error:
            return [Health("folder", healthy=False, detail=error.what, remedy=error.remedy)]
        return [
            Health("folder", healthy=True, detail=f"{folder.located(self._url)} can be read"),
            self._newest(files),
            _names(strays, self._pattern),
        ]

    def close(self) -> None:
        """Give back nothing: no file stays open between calls."""

    def _contract_of(self, stream: str) -> Path:
        if stream not in self._contracts:
            raise Stop(
                f"The tills have no stream {stream}",
                remedy=f"use one of {', '.join(self._contracts)}",
            )
        return Path(__file__).parent / "contracts" / self._contracts[stream]

    def _listed(self) -> Iterator[DayFile | Stray]:
        return folder.listed(folder.located(self._url), self._pattern)

    def _day_files(self) -> list[DayFile]:
        files = (item for item in self._listed() if isinstance(item, DayFile))
        return sorted(files, key=lambda file: file.day)

    def _newest(self, files: Sequence[DayFile]) -> Health:
        if not files:
            return Health(
                "newest day",
                healthy=False,
                detail="the folder holds no day file",
                remedy=f"let the tills export into it, each file called {self._pattern}, "
                "or correct ACCORD_POS_URL",
            )
        newest = files[-1]
        if not folder.is_readable(folder.located(self._url), newest.name):
            return Health(
                "newest day",
                healthy=False,
                detail=f"{newest.name} may not be read",
                remedy="let this user read the files in the folder",
            )
        detail = f"{newest.day.isoformat()} is the newest of {len(files)} days"
        return Health("newest day", healthy=True, detail=detail)


def _names(strays: Sequence[Stray], pattern: str) -> Health:
    if not strays:
        return Health("file names", healthy=True, detail="every file is named after a day")
    told = "; ".join(f"{stray.name}: {stray.reason}" for stray in strays[:_SHOWN])
    more = f"; and {len(strays) - _SHOWN} more" if len(strays) > _SHOWN else ""
    return Health(
        "file names",
        healthy=False,
        detail=f"not read: {told}{more}",
        remedy=f"name each file {pattern} after its business day (YYYY-MM-DD), "
        "or move it out of the folder",
    )


def _may_concern(stray: Stray, window: Window) -> bool:
    for text in re.findall(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", stray.name):
        try:
            return window.holds(date.fromisoformat(text))
        except ValueError:
            continue
    return True
