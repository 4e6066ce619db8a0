"""Approving: the gate as a delivery asks it, for the data as it is at this moment."""

from __future__ import annotations

from collections.abc import Sequence

from accord.contracts.model import Contract
from accord.delivery.intending import Approve, Approved
from accord.quality.enforce import approved_versions
from accord.store.database import Connection


def approval(gates: Sequence[Contract]) -> Approve:
    """Let through the days for which every gated entity has a passing verdict as it is now."""

    def approve(connection: Connection, days: Sequence[str]) -> Approved:
        versions = [approved_versions(connection, contract, days) for contract in gates]
        passed = [day for day in days if all(day in found for found in versions)]
        return Approved(
            {day: "+".join(found[day] for found in versions) for day in passed},
            basis=" and ".join(contract.name for contract in gates),
        )

    return approve
