"""What every command needs: settings, the store and what was declared. Light to import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from accord import catalog
from accord.catalog import System
from accord.contracts.outcomes import Outcome, load_outcomes
from accord.lineage import described, feeding
from accord.sandbox.company import Company
from accord.sealing import SealingKeys
from accord.settings import CHECKOUT, Settings, load
from accord.store import server
from accord.store.database import Store, prepared
from accord.store.turns import turns_of

CONTRACTS = CHECKOUT / "contracts"
OUTCOMES = CONTRACTS / "outcomes.yaml"


@dataclass(frozen=True, slots=True)
class World:
    """The installation as a command sees it."""

    settings: Settings
    store: Store
    systems: Mapping[str, System]
    outcomes: Mapping[str, Outcome]

    def company(self) -> Company:
        """All systems, called by the quota and the breakers that every process shares.

        A person who runs a command is not made to wait for a system that was down a moment ago.
        """
        turns = partial(turns_of, self.store, impatient=True)
        return Company(self.settings, today=now().date(), systems=self.systems, turns=turns)

    def streams(self) -> Mapping[str, tuple[str, ...]]:
        """The streams each flow comes from, by the lineage dbt last described."""
        manifest = described(self.settings.home)
        if manifest is None:
            return {}
        found: dict[str, tuple[str, ...]] = {}
        for delivery in catalog.deliveries(self.systems):
            known = found.get(delivery.flow, ())
            found[delivery.flow] = (*known, *feeding(manifest, delivery.model))
        return found


@contextmanager
def opened(settings: Settings | None = None) -> Iterator[World]:
    """Open the installation: the database runs, and has the shape this version needs."""
    settings = settings or load()
    systems = catalog.discover()
    streams = [stream for system in systems.values() for stream in system.streams]
    with server.running(settings) as address:
        yield World(
            settings,
            prepared(address, streams, SealingKeys.of(settings)),
            systems,
            load_outcomes(OUTCOMES),
        )


def now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)
