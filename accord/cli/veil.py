"""The veil over values: what the contracts do not call public or internal is blotted out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from accord.catalog import Delivery
from accord.cli.world import CONTRACTS, World
from accord.contracts.model import Contract
from accord.contracts.odcs import entities, load

BLOT = "•••"
_OPEN = frozenset({"public", "internal"})


@dataclass(frozen=True, slots=True)
class Veil:
    """Shows the values of `known` fields, of any other only that there is one."""

    known: frozenset[str]
    lifted: bool = False

    @classmethod
    def of(cls, world: World, delivery: Delivery, *, lifted: bool) -> Veil:
        """The veil over what is delivered, by the contracts of its gates and of that system.

        A field is known where one of them has it, and none that has it calls it confidential.
        """
        known = entities(CONTRACTS)
        streams = world.systems[delivery.system].streams
        contracts = [known[name] for name in delivery.gates]
        contracts += [load(it.contract) for it in streams if it.name.stream == delivery.kind]
        return cls(_shown(contracts), lifted)

    def __call__(self, name: str, value: Any) -> Any:
        """Return the value, or a blot."""
        return value if self.lifted or value is None or name.lower() in self.known else BLOT


def _shown(contracts: Iterable[Contract]) -> frozenset[str]:
    columns = [column for contract in contracts for column in contract.columns]
    hidden = {it.name.lower() for it in columns if it.privacy not in _OPEN}
    return frozenset({it.name.lower() for it in columns} - hidden)
