"""What the definitions are made from: settings, systems, contracts, outcomes and dbt's manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from accord import catalog
from accord.catalog import Delivery, System
from accord.contracts.model import Contract
from accord.contracts.odcs import entities
from accord.contracts.outcomes import Outcome, load_outcomes
from accord.lineage import feeding
from accord.settings import CHECKOUT, Settings
from accord.store.database import Role, Store, first_day
from resources.dbt import Dbt

CONTRACTS = CHECKOUT / "contracts"


@dataclass(frozen=True, slots=True)
class World:
    """Everything the definitions are made from, read once."""

    settings: Settings
    systems: Mapping[str, System]
    contracts: Mapping[str, Contract]
    outcomes: Mapping[str, Outcome]
    manifest: Mapping[str, Any]
    first_day: date

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """All deliveries of all systems."""
        return catalog.deliveries(self.systems)

    def flows(self, *, with_days: bool) -> dict[str, tuple[Delivery, ...]]:
        """The flows whose objects belong to business days, or those whose do not, by name."""
        found: dict[str, tuple[Delivery, ...]] = {}
        for delivery in self.deliveries:
            if delivery.partitioned == with_days:
                found[delivery.flow] = (*found.get(delivery.flow, ()), delivery)
        return found

    @property
    def owners(self) -> dict[str, str]:
        """Who answers for each flow that an outcome is about."""
        return {outcome.flow: outcome.owner for outcome in self.outcomes.values()}

    def owner_of(self, flow: str) -> str:
        """Who answers for a flow: the owner of its outcome, or else whoever keeps Accord."""
        return self.owners.get(flow, "team:integration")

    def gates_of(self, delivery: Delivery) -> list[Contract]:
        """The contracts whose passing verdicts a delivery needs."""
        return [self.contracts[name] for name in delivery.gates]

    def is_active(self, flow: str) -> bool:
        """Tell whether a flow runs by itself.

        As soon as one system has an address of its own, a flow of sandbox systems alone does not.
        """
        real = {name for name in self.systems if self.settings.url_of(name) is not None}
        ends = {delivery.system for delivery in self.deliveries if delivery.flow == flow}
        sources = {stream.partition(".")[0] for stream in self.streams_of(flow)}
        return not real or bool(real & (ends | sources))

    def streams_of(self, flow: str) -> tuple[str, ...]:
        """The streams a flow comes from, by the lineage of what it delivers."""
        found = {
            name
            for delivery in self.deliveries
            if delivery.flow == flow
            for name in feeding(self.manifest, delivery.model)
        }
        return tuple(sorted(found))


def the_world(settings: Settings, store: Store, dbt: Dbt) -> World:
    """Read the catalogue, the contracts, dbt's description and the first business day."""
    with store.session(Role.READER) as connection:
        first = first_day(connection)
    return World(
        settings=settings,
        systems=catalog.discover(),
        contracts=entities(CONTRACTS),
        outcomes=load_outcomes(CONTRACTS / "outcomes.yaml"),
        manifest=dbt.described(),
        first_day=first or datetime.now(UTC).date() - timedelta(days=14),
    )


def key_of(contract: Contract) -> tuple[str, str]:
    """The schema and name of the table an entity's contract is about."""
    schema, _, name = contract.table.rpartition(".")
    return schema or "canonical", name
