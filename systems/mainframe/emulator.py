"""The sandbox company's mainframe: it leaves an extract of all loyalty accounts every night.

The accounts are those of the company's customers on the day of the first start, which is kept in
the folder; from then on some of them earn or spend points each night. What an extract holds follows
from that day, the seed and its night alone, so a later start adds files and touches none.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Literal

from accord.emulation import Setup
from accord.emulation.population import Party, known_to
from systems.mainframe import emulator_records
from systems.mainframe.emulator_records import Account, Movement

Flaw = Literal["torn", "still_written", "bad_digit", "wrong_length", "wrong_total"]
"""What an extract can be told to show: cut off inside, without its trailer, or one bad record."""

NAME = "LOYALTY.ACCOUNTS.D{day}"
_ANCHOR = ".first_start"
_REMEMBERED = timedelta(days=60)
_CHANCE = 0.06
_CLOSING_TIME = time(22, 15)


@dataclass(frozen=True, slots=True)
class Emulator:
    """The folder that the mainframe leaves its extracts in."""

    url: str
    token_url: str = ""

    def stop(self) -> None:
        """Stop nothing: the mainframe only leaves files behind."""


def start(setup: Setup, *, flaws: Collection[Flaw] = ()) -> Emulator:
    """Leave the extracts of all nights since the first start; the newest one shows the `flaws`."""
    setup.folder.mkdir(parents=True, exist_ok=True)
    first = _first_start(setup)
    night = min(first, setup.today) - timedelta(days=1)
    while night < setup.today:
        is_newest = night == setup.today - timedelta(days=1)
        content = extracted(setup.seed, first, night, flaws=flaws if is_newest else ())
        _put(setup.folder / NAME.format(day=f"{night:%Y%m%d}"), content)
        night += timedelta(days=1)
    return Emulator(url=setup.folder.absolute().as_uri())


def extracted(seed: int, first: date, night: date, *, flaws: Collection[Flaw] = ()) -> bytes:
    """Return the content of one night's extract, of accounts as they were on the day `first`."""
    parties = [it for it in known_to("mainframe", seed, first) if it.loyalty_code]
    accounts = [_account(party, seed, first, night) for party in parties]
    accounts.sort(key=lambda it: it.number)
    points = sum(it.points for it in accounts)
    bodies = [emulator_records.account(it) for it in accounts]
    middle = len(bodies) // 2
    if "bad_digit" in flaws:
        bodies[middle] = _with_bad_points(bodies[middle])
    if "wrong_length" in flaws:
        bodies[middle - 1] = bodies[middle - 1][:-1]
    if "wrong_total" in flaws:
        points += 1
    trailer = emulator_records.trailer(len(accounts), points)
    content = emulator_records.file_of([emulator_records.header(night), *bodies, trailer])
    if "still_written" in flaws:
        return content[: -len(trailer)]
    if "torn" in flaws:
        return content[: len(content) // 2] + content[len(content) // 2 + 7 :]
    return content


def _account(party: Party, seed: int, first: date, night: date) -> Account:
    movements = list(_movements(party, seed, night))
    since = [it for it in movements if it.day >= first]
    changed_at = party.changed_at
    if since:
        changed_at = max(changed_at, datetime.combine(since[-1].day, _CLOSING_TIME, UTC))
    return Account(
        number=party.loyalty_code,
        name=f"{party.last_name}  {party.first_name}",
        born_on=date.fromisoformat(party.birth_date) if party.birth_date else None,
        address=(party.street, party.city, party.postcode),
        country=party.country,
        phone=party.phone,
        tier=party.loyalty_tier,
        points=party.loyalty_points + sum(it.points for it in since),
        changed_at=changed_at,
        is_open=party.status == "active",
        movements=movements,
    )


def _movements(party: Party, seed: int, night: date) -> Iterator[Movement]:
    """Yield an account's movements in the weeks up to a night, oldest first."""
    day = night - _REMEMBERED
    while day <= night:
        draw = Random(f"{seed} {party.number} {day.isoformat()}")
        if draw.random() < _CHANCE:
            pence = int(draw.random() * 9_000) + 500
            earned = draw.random() < 0.8  # noqa: PLR2004 - four of five shop, one redeems
            points = pence // 100 if earned else -int(draw.random() * 10)
            yield Movement(day, points, pence if earned else 0)
        day += timedelta(days=1)


def _with_bad_points(body: bytes) -> bytes:
    """Return an account whose points hold a half-byte that is no digit."""
    at = 1 + 8 + 1 + 1 + 40 + 8 + 4 * 30 + 2 + 16 + 6
    return body[:at] + b"\xfa" + body[at + 1 :]


def _first_start(setup: Setup) -> date:
    path = setup.folder / _ANCHOR
    if not path.exists():
        path.write_text(setup.today.isoformat(), encoding="ascii")
    return date.fromisoformat(path.read_text(encoding="ascii"))


def _put(path: Path, content: bytes) -> None:
    """Bring a file to its content in one step; one that has it is left alone, its time included."""
    if path.exists() and path.read_bytes() == content:
        return
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    unfinished.write_bytes(content)
    unfinished.replace(path)
