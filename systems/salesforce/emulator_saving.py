"""How the emulator's records change: each by itself, with the errors that the API gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from systems.salesforce.emulator_objects import Field, SObject, complaint, error, stored
from systems.salesforce.emulator_soql import Refused
from systems.salesforce.emulator_store import Records

_Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Saving:
    """One request's terms. `refuse_some` is a fault: every second record cannot be locked."""

    records: Records
    sobject: SObject
    locked: frozenset[str] = frozenset()
    refuse_some: bool = False

    def upsert(self, key: Field, sent: Sequence[Mapping[str, Any]]) -> list[_Result]:
        """Create or update by an external id."""
        wanted = [_folded(record.get(key.name)) for record in sent]
        return [
            self._upserted(key, record, is_doubled=wanted.count(_folded(record.get(key.name))) > 1)
            if not self._is_refused(place)
            else _failed(_LOCKED)
            for place, record in enumerate(sent)
        ]

    def update(self, sent: Sequence[Mapping[str, Any]]) -> list[_Result]:
        """Update by the records' own ids."""
        return [
            self._updated(_id_of(record), record)
            if not self._is_refused(place)
            else _failed(_LOCKED)
            for place, record in enumerate(sent)
        ]

    def create(self, sent: Mapping[str, Any]) -> _Result:
        """Create one record."""
        values, wrong = self._checked(sent, {})
        if wrong:
            return _failed(*wrong)
        record_id = self.records.insert(self.sobject, values)
        self.records.note("created", self.sobject, record_id, str(values.get("Accord_Id__c") or ""))
        return {"id": record_id, "success": True, "errors": [], "created": True}

    def delete(self, record_id: str) -> _Result:
        """Put one record into the recycle bin."""
        before, wrong = self._there(record_id)
        if before is None:
            return _failed(wrong)
        self.records.delete(self.sobject, before["Id"])
        self.records.note("deleted", self.sobject, before["Id"], str(before["Accord_Id__c"] or ""))
        return {"id": before["Id"], "success": True, "errors": []}

    def _is_refused(self, place: int) -> bool:
        return self.refuse_some and bool(place % 2)

    def _upserted(self, key: Field, sent: Mapping[str, Any], *, is_doubled: bool) -> _Result:
        value = stored(key, sent.get(key.name))
        if not value:
            return _failed(error("MISSING_ARGUMENT", f"{key.name} not specified"))
        if is_doubled:
            told = f"Duplicate external id specified: {value}"
            return _failed(error("DUPLICATE_VALUE", told, key.name))
        held = self.records.holding(self.sobject, key, value)
        if not held:
            return self.create(sent)
        return {**self._updated(held[0]["Id"], sent), "created": False}

    def _updated(self, record_id: str, sent: Mapping[str, Any]) -> _Result:
        before, gone = self._there(record_id)
        if before is None:
            return _failed(gone)
        values, wrong = self._checked(sent, before)
        if wrong:
            return _failed(*wrong)
        self.records.update(self.sobject, before["Id"], values)
        known = values.get("Accord_Id__c", before["Accord_Id__c"])
        self.records.note("updated", self.sobject, before["Id"], str(known or ""))
        return {"id": before["Id"], "success": True, "errors": []}

    def _there(self, record_id: str) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """The record to change, or why it cannot be."""
        before = self.records.record(self.sobject, record_id)
        if before is None:
            return None, error("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        if before["IsDeleted"]:
            return None, error("ENTITY_IS_DELETED", "entity is deleted")
        if before["Id"] in self.locked:
            return None, _LOCKED
        return before, {}

    def _checked(
        self, sent: Mapping[str, Any], before: Mapping[str, Any]
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The values to store, and what is wrong with them. Raises Refused for unknown fields."""
        values: dict[str, Any] = {}
        wrong: list[dict[str, Any]] = []
        for name, value in sent.items():
            if name.lower() in ("attributes", "id"):
                continue
            field = self.sobject.field(name)
            if field is None:
                told = f"No such column '{name}' on sobject of type {self.sobject.name}"
                raise Refused("INVALID_FIELD", told)
            if not field.writable:
                told = f"Unable to create/update fields: {field.name}."
                wrong.append(error("INVALID_FIELD_FOR_INSERT_UPDATE", told, field.name))
            elif found := complaint(field, value):
                wrong.append(found)
            values[field.name] = stored(field, value)
        return values, wrong or [*self._missing({**before, **values}), *self._taken(values, before)]

    def _missing(self, record: Mapping[str, Any]) -> list[dict[str, Any]]:
        names = [it.name for it in self.sobject.fields.values() if it.required]
        names = [name for name in names if not record.get(name)]
        told = f"Required fields are missing: [{', '.join(names)}]"
        return [error("REQUIRED_FIELD_MISSING", told, *names)] if names else []

    def _taken(self, values: Mapping[str, Any], before: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Unique fields that another record has, and what the duplicate rule finds."""
        for field in self.sobject.fields.values():
            value = values.get(field.name)
            if field.external and value and self._others(field, value, before):
                told = f"duplicate value found: {field.name} duplicates value on another record"
                return [error("DUPLICATE_VALUE", told, field.name)]
        email = self.sobject.field("Email")
        address = values.get("Email")
        if email and address and self.records.setting("duplicate_rule"):
            others = self._others(email, address, before)
            names = [str(other["LastName"]).lower() for other in others]
            if str(values.get("LastName", before.get("LastName"))).lower() in names:
                return [error("DUPLICATES_DETECTED", "Use one of these records?")]
        return []

    def _others(self, field: Field, value: Any, before: Mapping[str, Any]) -> list[dict[str, Any]]:
        held = self.records.holding(self.sobject, field, value)
        return [record for record in held if record["Id"] != before.get("Id")]


_LOCKED = error(
    "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records"
)


def _failed(*errors: Mapping[str, Any]) -> _Result:
    return {"success": False, "errors": list(errors)}


def _id_of(sent: Mapping[str, Any]) -> str:
    return str(sent.get("id") or sent.get("Id") or "")


def _folded(value: Any) -> str:
    return str(value).strip().lower()
