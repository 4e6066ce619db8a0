"""What a round is drawn from, and the families of schedules that are rich in one kind of trouble.

The general family meets everything now and then. Each other one goes straight for what a safeguard
is there for, so that its absence shows within a few seeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.chaos.steps import STEPS

# Where a write has left, or may have, and nobody has noted what became of it.
DELICATE = (
    "after POST", "after PUT", "after deliver xero", "after deliver poor", "before outbox.settle",
    "after outbox.claim", "after outbox.claim", "before wait", "before outbox.post",
    *["after a late request"] * 6, *["before wait"] * 3,
)  # fmt: skip
# Where one thing is stored and what belongs to it is not, were they not in one transaction.
JOINTS = (
    "after landing.move_cursor", "after landing.post", "before landing.move_watermark",
    "after builds.note", "before verdicts.keep", "after verdicts.post",
)  # fmt: skip
GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Turn:
    """How likely things are in one round; a tuple of pairs gives values and their weights.

    The weather is calm at the `spared` system; of the writes it hits elsewhere, `late` arrive late.
    """

    comes: float = 0.85
    torn: float = 0.15
    taken: float = 0.07
    roughness: tuple[tuple[float, int], ...] = (
        (0.0, 10), (0.2, 25), (0.45, 35), (0.8, 26), (1.0, 4)
    )  # fmt: skip
    spared: str = ""
    late: float = 0.0
    together: float = 0.15
    at_once: float = 0.35
    part: float = 0.3
    distrust: float = 0.12
    only_news: float = 0.2
    only_deliver: float = 0.2
    surprise: float = 0.08
    revoked: float = 0.04
    doomed: float = 0.55
    cut: float = 0.12
    anywhere: float = 0.25
    dooms: tuple[tuple[tuple[str, ...], int], ...] = ((DELICATE, 5), (JOINTS, 2), (STEPS, 3))
    pauses: tuple[float, ...] = (0.0, 0.0, 0.0, 0.5, 3.0, 90.0, 4000.0)
    skews: tuple[float, ...] = (0.0, 0.0, 2.0, -2.0, 3600.0, 3600.0, -3600.0)


def _plain(**more: object) -> Turn:
    """A round in which nothing happens but what is told."""
    calm: dict[str, object] = {
        "comes": 1.0, "torn": 0.0, "taken": 0.0, "roughness": ((0.0, 1),), "together": 0.0,
        "at_once": 0.0, "part": 0.0, "distrust": 0.0, "only_news": 0.0, "only_deliver": 0.0,
        "surprise": 0.0, "revoked": 0.0, "doomed": 0.0, "cut": 0.0, "anywhere": 0.0,
        "pauses": (0.0,), "skews": (0.0,),
    }  # fmt: skip
    return Turn(**{**calm, **more})  # type: ignore[arg-type]


def _dying(*steps: str, **more: object) -> Turn:
    """A round whose run is killed at one of the steps."""
    return _plain(doomed=1.0, dooms=((steps, 1),), **more)


_LATE_AT_THE_POOR: Mapping[str, object] = {
    "roughness": ((0.95, 1),), "spared": "xero", "late": 1.0
}  # fmt: skip

FAMILIES: Mapping[str, tuple[Turn, ...]] = {
    # One to three of these rounds.
    GENERAL: (Turn(),),
    # A run dies while its write is on the way to the system that knows no idempotency keys; the
    # next starts at once.
    "late": (
        _dying("after a late request", **_LATE_AT_THE_POOR),
        _plain(comes=0.0),
    ),
    # A run dies knowing that a write is unanswered; the next starts at once, by another clock.
    "clock set": (
        _dying("before wait", **_LATE_AT_THE_POOR),
        _plain(comes=0.0, skews=(3600.0, 60.0)),
    ),
    # A run dies between the parts of one transaction, and the file stays as it is.
    "torn apart": (
        _dying("before landing.move_watermark", "before landing.post", "after landing.post"),
        _plain(comes=0.0),
    ),
    # Two runs at once, of the same days, which change each time.
    "together": (_plain(together=1.0, at_once=0.5),) * 3,
    # What waits to go out is built anew and not judged; then somebody starts the delivery alone.
    "unjudged": (
        _plain(roughness=((1.0, 1),)),
        _dying("after builds.note"),
        _plain(comes=0.0, only_deliver=1.0, pauses=(4000.0,)),
    ),
}
