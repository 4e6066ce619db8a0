"""Reads the mainframe's nightly extracts: the newest complete one is all there is.

An extract without its trailer is still being written, so it is not read yet and the one before it
stands. Nothing is ever written here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from accord.connector import Connection
from accord.contracts import odcs
from accord.copybook import Format, Frame, framed
from accord.errors import AccordError, Retry, Stop
from accord.records import Health, Original, Reading, Slice, Window
from accord.sftp import Access, Files, Listed, opened
from systems.mainframe import accounts, extract, records
from systems.mainframe.accounts import Judge
from systems.mainframe.extract import Survey

STREAM = "loyalty_accounts"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Extract:
    """A file that is named after a night, and whether it has its trailer."""

    file: Listed
    day: date
    is_complete: bool


def connect(connection: Connection) -> MainframeClient:
    """Return a client; neither folder nor key is touched before it is needed."""
    return MainframeClient(connection)


class MainframeClient:
    """A source with one stream, whose one piece is the newest complete extract."""

    def __init__(self, connection: Connection) -> None:
        settings = connection.settings
        sftp, files = settings["sftp"], settings["files"]
        self._url = connection.url
        self._access = Access(
            connection.secrets,
            private_key=sftp["private_key"],
            known_hosts=sftp["known_hosts"],
            timeout_seconds=float(settings["limits"]["timeout_seconds"]),
        )
        self._opened: Files | None = None
        self._pattern: str = files["pattern"]
        self._form: Format = files["format"]
        self._decoders = records.decoders(files["code_page"])
        self._page_records = int(settings["limits"]["page_records"])
        [stream] = settings["streams"]
        self._contract = Path(__file__).parent / "contracts" / stream["contract"]

    def slices(self, stream: str, window: Window) -> Sequence[Slice]:  # noqa: ARG002 - undated
        """List the newest complete extract, if there is one. Raises Retry or Stop."""
        self._check(stream)
        newest = self._newest()
        return [Slice(STREAM, "", newest.file.signature)] if newest else []

    def read(self, stream: str, piece: Slice) -> Reading:  # noqa: ARG002 - there is only one
        """Read the newest complete extract. Raises Retry when it changes meanwhile, or Stop."""
        self._check(stream)
        newest = self._newest()
        if newest is None:
            raise Retry(
                "The extract went away before it was read",
                remedy="run again once a complete one is there",
            )
        contract = odcs.load(self._contract)
        survey = extract.surveyed(
            self._files().content(newest.file.name), newest.day, self._decoders, form=self._form
        )
        digest = hashlib.sha256(
            f"{survey.digest} {contract.digest}".encode() + records.COPYBOOK.read_bytes()
        )
        reading = Reading(digest.hexdigest(), ("",), iter(()))
        if survey.breach is not None:
            reading.complete = False
            reading.pages = iter([accounts.refused(survey, survey.breach)])
        else:
            judge = Judge.of(self._decoders, contract)
            frames = self._again(newest.file.name, survey)
            reading.pages = accounts.pages(
                reading, frames, survey, judge, page_records=self._page_records
            )
        return reading

    def replay(self, stream: str, original: Original) -> Reading:
        """Read a rejected account again, by copybook and contract as they are now."""
        self._check(stream)
        if original.key == accounts.WHOLE_FILE:
            raise Stop(
                "An extract that was refused as a whole cannot be replayed from its dead letter",
                remedy="have it sent again, or run again where the copybook was the fault",
            )
        return accounts.replayed(original, Judge.of(self._decoders, odcs.load(self._contract)))

    def health(self) -> Sequence[Health]:
        """Say whether the folder can be read, which night is the newest, and what is unfinished."""
        try:
            where = self._files().where
            extracts, strays = self._extracts(), self._strays()
        except AccordError as error:
            return [Health("folder", healthy=False, detail=error.what, remedy=error.remedy)]
        return [
            Health("folder", healthy=True, detail=f"{where} can be read"),
            *self._newest_told(extracts),
            *self._strays_told(strays),
        ]

    def close(self) -> None:
        """Give back the connection, if there is one."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _check(self, stream: str) -> None:
        if stream != STREAM:
            raise Stop(f"The mainframe has no stream {stream}", remedy=f"use {STREAM}")

    def _files(self) -> Files:
        if self._opened is None:
            self._opened = opened(self._url, self._access, variable="ACCORD_MAINFRAME_URL")
        return self._opened

    def _again(self, name: str, survey: Survey) -> Iterator[Frame]:
        """Yield the records a second time. Raises Retry when they are not those surveyed."""
        hashed = hashlib.sha256()

        def content() -> Iterator[bytes]:
            for piece in self._files().content(name):
                hashed.update(piece)
                yield piece

        yield from framed(content(), self._form)
        if hashed.hexdigest() != survey.digest:
            raise Retry(f"{name} changed while it was read", remedy="run again when it is whole")

    def _newest(self) -> Extract | None:
        return next((it for it in self._extracts() if it.is_complete), None)

    def _extracts(self) -> list[Extract]:
        """The extracts from the newest back to the first that is complete."""
        found: list[Extract] = []
        dated = [(day, file) for file in self._files().listed() if (day := self._day_of(file))]
        for day, file in sorted(dated, key=lambda it: it[0], reverse=True):
            size = min(file.size, extract.tail_size(self._decoders))
            tail = self._files().part(file.name, start=file.size - size, size=size)
            complete = extract.ends_with_trailer(tail, self._decoders)
            found.append(Extract(file, day, complete))
            if complete:
                break
        return found

    def _day_of(self, file: Listed) -> date | None:
        before, _, after = self._pattern.partition("{day}")
        match = re.fullmatch(f"{re.escape(before)}([0-9]{{8}}){re.escape(after)}", file.name)
        try:
            return datetime.strptime(match[1], "%Y%m%d").date() if match else None  # noqa: DTZ007
        except ValueError:
            return None

    def _strays(self) -> list[str]:
        """Files that begin like an extract and are not named like one."""
        before = self._pattern.partition("{day}")[0]
        return sorted(
            file.name
            for file in self._files().listed()
            if file.name.startswith(before) and not self._day_of(file)
        )

    def _newest_told(self, extracts: Sequence[Extract]) -> Iterator[Health]:
        complete = [it for it in extracts if it.is_complete]
        for it in extracts:
            if not it.is_complete:
                yield Health(
                    "unfinished extract",
                    healthy=False,
                    detail=f"{it.file.name} has no trailer, so the one before it stands",
                    remedy="wait until it is written; if it stays so, have it sent again",
                )
        if complete:
            detail = f"that of {complete[0].day.isoformat()} is the newest complete one"
            yield Health("newest extract", healthy=True, detail=detail)
        else:
            yield Health(
                "newest extract",
                healthy=False,
                detail="the folder holds no complete extract",
                remedy=f"have one sent, called {self._pattern}, or correct ACCORD_MAINFRAME_URL",
            )

    def _strays_told(self, strays: Sequence[str]) -> Iterator[Health]:
        if strays:
            more = f" and {len(strays) - _SHOWN} more" if len(strays) > _SHOWN else ""
            yield Health(
                "file names",
                healthy=False,
                detail=f"not read: {', '.join(strays[:_SHOWN])}{more}",
                remedy=f"name each extract {self._pattern} after its night (YYYYMMDD)",
            )
