"""Approvals: changes larger than a run may make by itself, each approved for exactly one plan."""

from __future__ import annotations

from dataclasses import dataclass

from accord.store import audit
from accord.store.audit import By
from accord.store.database import Connection
from accord.store.queries import queries


@dataclass(frozen=True, slots=True)
class Place:
    """Where something would be changed: a kind of object at an endpoint of a system."""

    system: str
    endpoint: str
    kind: str

    @property
    def subject(self) -> str:
        """Its name in the audit trail."""
        return f"{self.system}.{self.kind}"


def give(connection: Connection, place: Place, plan_digest: str, by: By, *, detail: str) -> None:
    """Approve exactly this plan, once; `detail` says in numbers what it changes."""
    connection.execute(
        queries("approvals")["give"],
        {**_where(place), "digest": plan_digest, "who": by.who, "why": by.why},
    )
    audit.note(connection, "approve", [place.subject], by, detail=detail)


def use(connection: Connection, place: Place, plan_digest: str, *, run_id: str) -> bool:
    """Use up the approval of this plan; tell whether there was one."""
    used = connection.execute(
        queries("approvals")["use"], {**_where(place), "digest": plan_digest, "run_id": run_id}
    )
    return used.rowcount > 0


def _where(place: Place) -> dict[str, object]:
    return {"system": place.system, "endpoint": place.endpoint, "kind": place.kind}
