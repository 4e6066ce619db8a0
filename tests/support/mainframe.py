"""A mainframe in a folder: extracts of its emulator or made by hand, and its client."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import systems.mainframe
from accord.connector import Connection
from accord.emulation import Setup
from accord.records import Page, Reading, Window
from accord.secrets import Secrets
from systems.mainframe import emulator, emulator_records
from systems.mainframe.client import STREAM, MainframeClient, connect
from systems.mainframe.emulator import Flaw
from systems.mainframe.emulator_records import Account

FOLDER = Path(next(iter(systems.mainframe.__path__)))
SETTINGS: Mapping[str, Any] = tomllib.loads((FOLDER / "system.toml").read_text(encoding="utf-8"))
FIRST, SEED = date(2026, 3, 9), 7
NIGHT = date(2026, 3, 8)

AN_ACCOUNT = Account(
    number="04000037",
    name="HALE  BENEDICT",
    born_on=date(1988, 1, 14),
    address=("80 OLD ROAD", "YORK", "YO1 7AE"),
    country="GB",
    phone="02079460768",
    tier="BRONZE",
    points=643,
    changed_at=datetime(2026, 2, 28, 9, 52, 31, tzinfo=UTC),
    is_open=True,
    movements=(),
)


def account(number: str = "04000037", **changes: Any) -> bytes:
    """The bytes of an account."""
    return emulator_records.account(replace(AN_ACCOUNT, number=number, **changes))


def extract(
    *accounts: bytes, night: date = NIGHT, count: int | None = None, points: int | None = None
) -> bytes:
    """An extract of these accounts of 643 points each, unless its trailer is to say otherwise."""
    count = len(accounts) if count is None else count
    points = 643 * len(accounts) if points is None else points
    trailer = emulator_records.trailer(count, points)
    return emulator_records.file_of([emulator_records.header(night), *accounts, trailer])


def put(folder: Path, content: bytes, night: date = NIGHT) -> Path:
    """Leave an extract in the folder."""
    path = folder / emulator.NAME.format(day=f"{night:%Y%m%d}")
    path.write_bytes(content)
    return path


def started(folder: Path, *, today: date = FIRST, flaws: Collection[Flaw] = ()) -> MainframeClient:
    """The client of a folder in which the emulator has left its extracts."""
    return client(emulator.start(Setup(folder, SEED, today, "unused"), flaws=flaws).url)


def client(url: str, environment: Mapping[str, str] | None = None, **files: str) -> MainframeClient:
    """A client of the folder at an address; `files` change that part of its settings."""
    settings = {**SETTINGS, "files": {**SETTINGS["files"], **files}}
    return connect(Connection("mainframe", url, settings, Secrets(environment or {})))


def reading(source: MainframeClient) -> tuple[Reading, Page]:
    """Read the one piece there is; the reading, exhausted, and all its pages as one."""
    [piece] = source.slices(STREAM, Window())
    found = source.read(STREAM, piece)
    return found, together(list(found.pages))


def read(source: MainframeClient) -> Page:
    """Everything that the one piece holds."""
    return reading(source)[1]


def together(pages: Sequence[Page]) -> Page:
    """Several pages as one."""
    return Page(
        [record for page in pages for record in page.records],
        [rejected for page in pages for rejected in page.rejected],
    )
