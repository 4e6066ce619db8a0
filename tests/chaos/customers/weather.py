"""What becomes of each request to one of the four systems, drawn from the seed and what it is.

The fates are those of `tests.chaos.weather`; which of them a system can meet is said here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from tests.chaos.weather import AFTER, BEFORE, LATE, SLOW, STATUSES, WAITS, Fate

READS = (
    *("refused", "connect timeout", "slow", "timeout before", "answer lost", "reset_before"),
    *("status_before", "too_many", "cut_body", "bad_json"),
)
WRITES = (
    *BEFORE, *AFTER, *LATE * 2, "late 504", "reset_before", "reset_after", "status_before",
    "status_after", "too_many", "cut_body", "bad_json", "slow",
)  # fmt: skip
OUTAGE = ("refused", "connect timeout", "status_before")
OWN: Mapping[str, tuple[str, ...]] = {
    "salesforce": ("expired_token", "refuse_some"),
    "mailchimp": ("refuse_some",),
}
"""What only one of them does: sessions that end, and collections that are saved in part."""

SHARE = 0.15  # of what goes wrong with writes; a run reads more than it writes
SIGN_IN = "/services/oauth2/token"
_IDS = re.compile(r"(cus_|txi_|evt_|00[13]Ac)\w+|[0-9a-f]{10,}|[0-9a-f]{8}-[0-9a-f-]{27}|\d{2,}")


@dataclass(frozen=True, slots=True)
class Climate:
    """How likely it is that a request goes wrong, by system; 1 is an outage."""

    likely: Mapping[str, float] = field(default_factory=dict)

    def at(self, system: str) -> float:
        """The likelihood at one of them."""
        return self.likely.get(system, 0.0)


CALM = Climate()


def likeness(system: str, method: str, path: str) -> str:
    """What a request is, whatever ids and times it bears."""
    return f"{system} {method} {_IDS.sub('id', path.partition('?')[0])}"


def fate(key: str, system: str, method: str, path: str, *, likely: float, settles: float) -> Fate:
    """Draw the fate of the request called `key`; `settles` is how late its effect may come."""
    reads = method == "GET" or path == SIGN_IN
    if likely < 1 and reads:
        likely *= SHARE
    if likely <= 0:
        return Fate()
    draw = Random(key)  # noqa: S311
    takes = draw.uniform(0, 0.5)
    if draw.random() >= likely:
        return Fate(takes=takes)
    names = OUTAGE if likely >= 1 else READS if reads else (*WRITES, *OWN.get(system, ()))
    name = draw.choice(names)
    return Fate(
        name,
        status=draw.choice(STATUSES),
        seconds=draw.uniform(0.01, settles * 0.98) if name in LATE else draw.choice(WAITS),
        takes=draw.uniform(*SLOW) if name == "slow" else takes,
    )
