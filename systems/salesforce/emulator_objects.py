"""The fields of the org in the sandbox, and what each may hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

FieldType = Literal["id", "string", "email", "phone", "boolean", "double", "date", "datetime"]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_NUMBER_LIMIT = 10**16


@dataclass(frozen=True, slots=True)
class Field:
    """One field. Whoever writes one that is not `writable` is refused."""

    name: str
    type: FieldType = "string"
    length: int = 255
    required: bool = False
    writable: bool = True
    external: bool = False


@dataclass(frozen=True, slots=True)
class SObject:
    """One kind of object; `prefix` begins the ids of its records."""

    name: str
    prefix: str
    fields: Mapping[str, Field]

    def field(self, name: str) -> Field | None:
        """The field called so; names do not regard case."""
        return self.fields.get(name.lower())


def _sobject(name: str, prefix: str, *fields: Field) -> SObject:
    return SObject(name, prefix, {field.name.lower(): field for field in (*_SYSTEM, *fields)})


def _address(start: str) -> tuple[Field, ...]:
    parts = (("Street", 255), ("City", 40), ("State", 80), ("PostalCode", 20), ("Country", 80))
    return tuple(Field(f"{start}{part}", length=length) for part, length in parts)


_SYSTEM = (
    Field("Id", "id", 18, writable=False),
    Field("IsDeleted", "boolean", writable=False),
    Field("CreatedDate", "datetime", writable=False),
    Field("SystemModstamp", "datetime", writable=False),
    Field("Accord_Id__c", length=64, external=True),
    Field("Accord_Archived__c", "boolean"),
    Field("Accord_Opted_Out__c", "boolean"),
    Field("Active__c", "boolean"),
    Field("Loyalty_Code__c", length=20),
    Field("Loyalty_Tier__c", length=20),
    Field("Loyalty_Points__c", "double"),
)
SOBJECTS = {
    item.name: item
    for item in (
        _sobject(
            "Account",
            "001",
            Field("Name", required=True),
            Field("Phone", "phone", 40),
            Field("Email__c", "email", 80),
            *_address("Billing"),
            *_address("Shipping"),
            Field("Tax_Id__c", length=40),
            Field("Payment_Terms__c", "double"),
            Field("Opted_Out__c", "boolean"),
        ),
        _sobject(
            "Contact",
            "003",
            Field("Name", length=121, writable=False),
            Field("FirstName", length=40),
            Field("LastName", length=80, required=True),
            Field("Email", "email", 80),
            Field("Phone", "phone", 40),
            Field("MobilePhone", "phone", 40),
            *_address("Mailing"),
            Field("Birthdate", "date"),
            Field("HasOptedOutOfEmail", "boolean"),
        ),
    )
}


def error(code: str, message: str, *fields: str) -> dict[str, Any]:
    """One error about a record, as the API words it."""
    return {"statusCode": code, "message": message, "fields": list(fields)}


def stored(field: Field, value: Any) -> Any:
    """What the org keeps of a value: no spaces at a text's ends, and none for an empty text."""
    if isinstance(value, str):
        return value.strip() or None
    return float(value) if field.type == "double" and value is not None else value


def complaint(field: Field, value: Any) -> dict[str, Any] | None:
    """What the API says against a value it is sent, or None."""
    label = field.name.removesuffix("__c").replace("_", " ")
    if value is None:
        return _wrong_kind(field, value) if field.type == "boolean" else None
    match field.type:
        case "boolean" | "double" if not _is_kind(field.type, value):
            return _wrong_kind(field, value)
        case "double" if abs(value) >= _NUMBER_LIMIT:
            return error("NUMBER_OUTSIDE_VALID_RANGE", f"{label}: out of range", field.name)
        case "date" if not _is_day(value):
            return _wrong_kind(field, value)
        case "string" | "phone" | "email" if not isinstance(value, str):
            return _wrong_kind(field, value)
        case "string" | "phone" | "email" if len(value.strip()) > field.length:
            told = f"{label}: data value too large: {value} (max length={field.length})"
            return error("STRING_TOO_LONG", told, field.name)
        case "email" if value.strip() and not _EMAIL.fullmatch(value.strip()):
            told = f"{label}: invalid email address: {value}"
            return error("INVALID_EMAIL_ADDRESS", told, field.name)
    return None


def _is_kind(kind: str, value: Any) -> bool:
    if kind == "boolean" or isinstance(value, bool):
        return kind == "boolean" and isinstance(value, bool)
    return isinstance(value, int | float)


def _is_day(value: Any) -> bool:
    try:
        return bool(date.fromisoformat(value))
    except (TypeError, ValueError):
        return False


def _wrong_kind(field: Field, value: Any) -> dict[str, Any]:
    told = f"{field.name}: value not of required type: {value}"
    return error("INVALID_TYPE_ON_FIELD_IN_RECORD", told, field.name)
