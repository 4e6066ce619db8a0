"""Who works in the sandbox's org: whom they know, and what they do there by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from accord.emulation.population import Party
from systems.salesforce.emulator_objects import SOBJECTS
from systems.salesforce.emulator_store import Records
from systems.salesforce.objects import KINDS, OUR_ID, Kind, to_remote


def stock(records: Records, parties: Iterable[Party]) -> None:
    """Let the org know these customers, each since it changed last."""
    with records.transaction():
        for party in sorted(parties, key=lambda party: (party.changed_at, party.number)):
            kind = KINDS["accounts" if party.kind == "organisation" else "contacts"]
            values = _known(kind, party)
            at = int(party.changed_at.timestamp())
            records.insert(SOBJECTS[kind.sobject], values, at=at)


def add(records: Records, kind: Kind) -> str:
    """Enter somebody nobody knew before; return the id."""
    name = {"Name": "Newcomer Lighting Ltd"} if kind.sobject == "Account" else _NEWCOMER
    with records.transaction():
        return records.insert(SOBJECTS[kind.sobject], {**name, "Active__c": True})


def edit(records: Records, kind: Kind, record_id: str, values: Mapping[str, Any]) -> None:
    """Change a record: the given fields, else its phone number to one it never had."""
    with records.transaction():
        changes = int(records.setting("edits") or 0) + 1
        records.set("edits", str(changes))
        changed = values or {"Phone": f"0117 496 {changes:04}"}
        records.update(SOBJECTS[kind.sobject], record_id, changed)


def erase(records: Records, kind: Kind, record_id: str) -> None:
    """Delete a record."""
    with records.transaction():
        records.delete(SOBJECTS[kind.sobject], record_id)


def place(records: Records, kind: Kind, columns: Mapping[str, Any]) -> str:
    """Enter a customer who amounts to these columns, without our id; return the record's id."""
    values = {**to_remote(kind, columns), OUR_ID: None}
    with records.transaction():
        return records.insert(SOBJECTS[kind.sobject], values)


def _known(kind: Kind, party: Party) -> dict[str, Any]:
    """What the org holds of a customer."""
    told: dict[str, Any] = {
        name: getattr(party, name) or None
        for name in (*kind.owned, *kind.seeded)
        if name not in ("consent", "status")
    }
    values = to_remote(kind, {**told, "consent": party.consent, "status": party.status})
    if kind.sobject == "Contact" and party.number % 3 == 0:
        values = {**values, "Phone": None, "MobilePhone": values["Phone"]}
    return values


_NEWCOMER = {"FirstName": "Nadja", "LastName": "Newcomer", "Email": "nadja@newcomer.example"}
