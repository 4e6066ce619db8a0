"""The entities with golden records, as commands name them."""

from __future__ import annotations

from accord.contracts.odcs import entities
from accord.errors import Stop
from accord.golden.consolidate import Entity
from accord.settings import CHECKOUT


def golden_entity(name: str) -> Entity:
    """Return the entity of that name. Raises Stop where it has no golden records."""
    contract = entities(CHECKOUT / "contracts").get(name)
    if contract is None or not any(column.custom for column in contract.columns):
        raise Stop(f"There are no golden records of {name}", remedy="name customer")
    return Entity.of(contract)
