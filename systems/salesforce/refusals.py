"""What Salesforce's refusal of one record means for us: a cause, a text without values, the remedy.

Codes: https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_concepts_core_data_objects.htm
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TRANSIENT = frozenset(
    {"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE", "REQUEST_RUNNING_TOO_LONG", "QUERY_TIMEOUT"}
)
"""Codes after which the same record may be taken a moment later."""

GONE = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID", "NOT_FOUND"})
"""Codes which say that there is no record with this id."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a record was not accepted, fit to be shown: `detail` holds no value of the record."""

    cause: str
    detail: str
    remedy: str


_MEANINGS: Mapping[str, tuple[frozenset[str], str]] = {
    "duplicate_rule": (
        frozenset({"DUPLICATES_DETECTED"}),
        "merge it with the record that Salesforce's duplicate rule means, then replay",
    ),
    "value_taken": (
        frozenset({"DUPLICATE_VALUE", "DUPLICATE_EXTERNAL_ID"}),
        "find who has the value in Salesforce's unique field and merge or correct, then replay",
    ),
    "field_required": (
        frozenset({"REQUIRED_FIELD_MISSING"}),
        "fill the field at the source or make it optional in Salesforce, then replay",
    ),
    "value_too_long": (
        frozenset({"STRING_TOO_LONG", "NUMBER_OUTSIDE_VALID_RANGE"}),
        "shorten the value at its source or lengthen the field in Salesforce, then replay",
    ),
    "email_refused": (
        frozenset({"INVALID_EMAIL_ADDRESS"}),
        "correct the e-mail address at its source, then replay",
    ),
    "value_not_listed": (
        frozenset({"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "FIELD_INTEGRITY_EXCEPTION"}),
        "add the value to the field's list in Salesforce or correct it at its source, then replay",
    ),
    "rule_refused": (
        frozenset(
            {
                "FIELD_CUSTOM_VALIDATION_EXCEPTION", "FIELD_FILTER_VALIDATION_EXCEPTION",
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER",
            }
        ),
        "read the validation rule, trigger or flow in Salesforce and meet or mend it, then replay",
    ),
    "access_refused": (
        frozenset(
            {
                "INSUFFICIENT_ACCESS_OR_READONLY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
                "INVALID_FIELD_FOR_INSERT_UPDATE", "ENTITY_IS_LOCKED",
            }
        ),
        "let our integration user edit the record and field in Salesforce, then replay",
    ),
    "in_use": (
        frozenset({"DELETE_FAILED", "DEPENDENCY_EXISTS"}),
        "detach what depends on the record in Salesforce, then replay; or archive instead",
    ),
}  # fmt: skip


def refusal(errors: Sequence[Mapping[str, Any]]) -> Refusal:
    """Say what Salesforce's errors about one record mean; its messages repeat values."""
    told = {str(item.get("statusCode", "")) for item in errors}
    fields = sorted({str(name) for item in errors for name in item.get("fields") or ()})
    detail = " ".join(sorted(told)) or "no reason given"
    detail += f" on {', '.join(fields)}" if fields else ""
    for cause, (codes, remedy) in _MEANINGS.items():
        if codes & told:
            return Refusal(cause, detail, remedy)
    return Refusal("validation_refused", detail, "correct what Salesforce names, then replay")


def is_among(errors: Sequence[Mapping[str, Any]], codes: frozenset[str]) -> bool:
    """Tell whether all errors about one record are of these codes."""
    return bool(errors) and {str(item.get("statusCode", "")) for item in errors} <= codes
