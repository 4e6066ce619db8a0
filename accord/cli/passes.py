"""What `accord run` asks of an orchestrator, and what it gets back.

The orchestrator is found through the entry point group `accord.orchestrators`, so that the engine
and its commands never import one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Protocol, cast

from accord.errors import Stop
from accord.records import Window
from accord.sandbox.company import Company
from accord.store.database import Store

Announce = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PassRequest:
    """One pass: of one flow or all, over a window of days.

    `redeliver` looks every object up at the destination again, even where it is believed right.
    """

    flow: str | None
    window: Window
    redeliver: bool = False


@dataclass(slots=True)
class PassResult:
    """The runs a pass made, and for each thing that went wrong a sentence with its remedy."""

    runs: list[str] = field(default_factory=list)
    days: int = 0
    trouble: list[str] = field(default_factory=list)


class Orchestrator(Protocol):
    """Makes one complete pass and returns when it is over."""

    def __call__(
        self, store: Store, company: Company, request: PassRequest, announce: Announce
    ) -> PassResult:
        """Run everything the request is about; failures come back as `trouble`, not as errors."""


def orchestrator() -> Orchestrator:
    """The installed orchestrator. Raises Stop when the project is not installed."""
    for entry in entry_points(group="accord.orchestrators"):
        return cast("Orchestrator", entry.load())
    raise Stop("No orchestrator is installed", remedy="run `make setup`")
