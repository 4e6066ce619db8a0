"""What becomes of each request: pure functions of the seed and of what the request is.

The fate does not hang on the order in which requests leave, so that a schedule tells the same story
however the threads of a run take turns.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from accord.emulation.faults import Fault

# What is done to a request before the destination sees it, or to its answer on the way back.
BEFORE = ("refused", "connect timeout", "lost", "timeout before")
AFTER = ("answer lost", "timeout after")
LATE = ("late", "late 504")
# What the destination itself does; see accord/emulation/faults.py.
SHOWN = (
    "reset_before", "reset_after", "status_before", "status_after", "too_many", "cut_body",
    "bad_json", "expired_token",
)  # fmt: skip
WISHING = ("status_before", "too_many")
"""What may come with a wish to be left alone for a while."""

READS = (
    *("refused", "connect timeout", "slow", "timeout before", "answer lost"),
    *("reset_before", "status_before", "too_many", "cut_body", "bad_json", "expired_token"),
)
WRITES = (
    *(*BEFORE, *AFTER, *LATE * 4, *SHOWN, "slow", "refuse_some", "refuse_some", "repeated"),
    *("status_after",) * 4,
)
SIGN_INS = (
    "refused",
    "slow",
    "timeout before",
    "status_before",
    "too_many",
    "cut_body",
    "bad_json",
)
SHARE = 0.2  # of what goes wrong with writes; else few runs would come to them
STATUSES = (408, 500, 502, 503, 504)
WAITS = (0.0, 1.0, 3.0, 200.0)
SLOW = (5.0, 28.0)
"""Seconds that an answer takes whose sender just about waits for it."""
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/entries/)\d+")


@dataclass(frozen=True, slots=True)
class Climate:
    """How likely it is that a request goes wrong, at each destination; 1 is an outage.

    `late` is the share of the writes that go wrong by arriving late.
    """

    xero: float = 0.0
    poor: float = 0.0
    late: float = 0.0

    def at(self, system: str) -> float:
        """The likelihood at one of them."""
        return self.xero if system == "xero" else self.poor


CALM = Climate()


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one request. `seconds` is a delay or a wish to be left alone.

    The seconds it `takes` pass before the next, so that what is late arrives between two pages.
    """

    name: str = "fine"
    status: int = 503
    seconds: float = 0.0
    is_muddled: bool = False
    takes: float = 0.0

    @property
    def told(self) -> str:
        """What it is, as it is counted: also with which status and with what wish."""
        if self.name not in ("status_before", "status_after", "too_many"):
            return self.name
        status = "" if self.name == "too_many" else f" {self.status}"
        return f"{self.name}{status}{' and a wish' if self.wishes else ''}"

    @property
    def wishes(self) -> Mapping[str, str]:
        """The header that asks to be left alone for a while, if any."""
        if self.name not in WISHING or not self.seconds:
            return {}
        return {"Retry-After": f"{self.seconds:g}"}

    @property
    def fault(self) -> Fault | None:
        """What the destination is to show, if anything."""
        if self.name not in SHOWN and self.name != "refuse_some":
            return None
        return Fault(self.name, status=self.status, seconds=self.seconds)  # type: ignore[arg-type]


def likeness(method: str, path: str, body: bytes) -> str:
    """What a request is, whatever ids and times it bears."""
    said = re.findall(rb"POS-\d{4}-\d\d-\d\d|TILL \d{4}-\d\d-\d\d", body)
    plain = _GUID.sub("id", path)
    return f"{method} {plain} {b' '.join(sorted(set(said))).decode()}"


def fate(
    key: str, system: str, method: str, *, climate: Climate, settle_seconds: float, is_sign_in: bool
) -> Fate:
    """Draw the fate of the request called `key`."""
    likely = climate.at(system)
    if likely < 1 and (is_sign_in or method == "GET"):
        likely *= SHARE
    if likely <= 0:
        return Fate()
    draw = Random(key)  # noqa: S311
    muddled = method == "GET" and draw.random() < likely
    takes = draw.uniform(0, 0.5)
    if draw.random() >= likely:
        return Fate(is_muddled=muddled, takes=takes)
    names: tuple[str, ...] = SIGN_INS if is_sign_in else READS if method == "GET" else WRITES
    if climate.late and names is WRITES and draw.random() < climate.late:
        names = LATE
    if likely >= 1:
        names = ("refused", "connect timeout", "status_before")
    name = draw.choice([it for it in names if system == "xero" or it != "repeated"])
    return Fate(
        name,
        status=draw.choice(STATUSES),
        seconds=draw.uniform(0.01, settle_seconds * 0.98) if name in LATE else draw.choice(WAITS),
        is_muddled=muddled,
        takes=draw.uniform(*SLOW) if name == "slow" else takes,
    )
