"""Verification: every balance of the ledger, computed again from the rows it is about.

The counts that runs posted are not believed. Each check asks the database for what does not add
up; it reads one moment of the store, so runs may go on beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from accord.names import StreamName
from accord.store import audit
from accord.store.database import Connection
from accord.store.queries import for_table, queries

_CHECKS = {
    "arithmetic": "every entry balances in itself",
    "identity": "every record belongs to one golden id, and every id to its founder",
    "rejected": "what was rejected at landing has its dead letters",
    "gate": "what the gates counted is what their verdicts say",
    "verdict_rows": "open gates name every row they keep back",
    "gate_letters": "what the gates keep back has its dead letters",
    "delivered": "what was delivered has its writes",
    "posted": "what deliveries that are over brought about is in the ledger",
    "delivery_standing": "what is refused or at its destination has its writes",
    "refusals": "what was refused has its dead letters",
    "crosswalk": "what is known of destinations was written or found there",
}


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """Where ledger and rows differ: `posted` is what the ledger says, `found` what there is."""

    check: str
    name: str
    partition: str
    run_id: str
    what: str
    posted: int
    found: int


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what it says when all is well, and what is not."""

    name: str
    says: str
    discrepancies: tuple[Discrepancy, ...]


def verify(connection: Connection) -> Iterator[Check]:
    """Make every check, in the caller's transaction."""
    yield _landing(connection)
    for name, says in _CHECKS.items():
        rows = connection.execute(queries("verification")[name]).fetchall()
        yield Check(name, says, _told(name, rows))
    yield _audit(connection)


def entries(connection: Connection) -> dict[str, int]:
    """How many entries the ledger has, by stage."""
    return dict(connection.execute(queries("verification")["counted"]).fetchall())


def _landing(connection: Connection) -> Check:
    sql, rows = queries("verification"), []
    for (stream,) in connection.execute(sql["streams"]).fetchall():
        table = StreamName(*stream.split(".", 1)).table
        rows += connection.execute(for_table(sql["landing"], table), {"stream": stream}).fetchall()
    return Check("landing", "what was landed and removed has its versions", _told("landing", rows))


def _audit(connection: Connection) -> Check:
    found = tuple(
        Discrepancy(
            "audit", "audit", "", "", f"the entry {entry} or one before it was changed", 1, 0
        )
        for entry in audit.broken(connection)
    )
    return Check("audit", "the audit trail is whole and unchanged", found)


def _told(check: str, rows: list[tuple[Any, ...]]) -> tuple[Discrepancy, ...]:
    return tuple(
        Discrepancy(check, name, partition, run_id, what, int(posted), int(found))
        for name, partition, run_id, what, posted, found in rows
    )
