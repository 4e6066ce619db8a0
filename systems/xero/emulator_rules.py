"""What Xero accepts and how it shows a document, as pure functions for the emulator.

Written from the vendor's description of invoices and credit notes and from what its users report;
money is Decimal, a document is a plain dictionary with the API's own field names.
"""

from __future__ import annotations

import operator
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CURRENCY = "GBP"
NO_ID = "00000000-0000-0000-0000-000000000000"
_CENT = Decimal("0.01")
GONE = ("VOIDED", "DELETED")
_NEXT = {
    "": ("DRAFT", "SUBMITTED", "AUTHORISED"),
    "DRAFT": ("DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"),
    "SUBMITTED": ("DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"),
    "AUTHORISED": ("AUTHORISED", "VOIDED"),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """The names the API uses for one kind of document."""

    name: str
    title: str
    collection: str
    id_field: str
    number_field: str
    type_code: str


KINDS = {
    "Invoices": Kind("invoice", "Invoice", "Invoices", "InvoiceID", "InvoiceNumber", "ACCREC"),
    "CreditNotes": Kind(
        "credit_note", "Credit note", "CreditNotes", "CreditNoteID", "CreditNoteNumber",
        "ACCRECCREDIT",
    ),
}  # fmt: skip
_KEPT = ("Type", "Contact", "Date", "DueDate", "LineAmountTypes", "Reference", "CurrencyCode")


def merged(kind: Kind, stored: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document that `sent` asks for: what it leaves out stays as stored."""
    names = (*_KEPT, kind.number_field, "Status", "LineItems")
    wanted = {name: sent.get(name, stored.get(name)) for name in names}
    wanted["Status"] = wanted["Status"] or "DRAFT"
    wanted["CurrencyCode"] = wanted["CurrencyCode"] or CURRENCY
    wanted["LineAmountTypes"] = wanted["LineAmountTypes"] or "Exclusive"
    wanted["LineItems"] = [_line(item) for item in wanted["LineItems"] or ()]
    return wanted


def _line(item: Mapping[str, Any]) -> dict[str, Any]:
    quantity, unit = _number(item.get("Quantity", 1)), _number(item.get("UnitAmount", 0))
    expected = (quantity * unit).quantize(_CENT, ROUND_HALF_UP)
    given = item.get("LineAmount")
    return {
        "Description": item.get("Description", ""),
        "Quantity": quantity,
        "UnitAmount": unit,
        "AccountCode": item.get("AccountCode", ""),
        "LineAmount": expected if given is None else _number(given),
    }


def _number(value: Any) -> Decimal:
    return Decimal(str(value))


def total(document: Mapping[str, Any]) -> Decimal:
    """Add up the lines."""
    return sum((_number(line["LineAmount"]) for line in document["LineItems"]), Decimal("0.00"))


def complaints(
    kind: Kind,
    wanted: Mapping[str, Any],
    *,
    status: str,
    is_paid: bool,
    locked_until: date | None,
) -> list[str]:
    """List what is wrong with turning a document of `status` ("" for a new one) into `wanted`."""
    if is_paid:
        return [
            f"{kind.title} not of valid status for modification This document cannot be edited "
            "as it has a payment or credit note allocated to it."
        ]
    if wanted["Status"] not in _NEXT.get(status, ()):
        return [f"{kind.title} not of valid status for modification"]
    day = parsed_date(wanted["Date"])
    if locked_until and day and day <= locked_until:
        return [f"The document date cannot be before the period lock date, {locked_until:%d %B %Y}"]
    if wanted["Status"] in GONE:
        return []
    return [*_missing(kind, wanted, day), *_line_complaints(wanted)]


def _missing(kind: Kind, wanted: Mapping[str, Any], day: date | None) -> list[str]:
    checks = {
        f"{kind.title} type is not valid": wanted["Type"] == kind.type_code,
        "A Contact must be specified for this type of transaction": (wanted["Contact"] or {}).get(
            "Name"
        ),
        f"{kind.title} date is not valid": day is not None,
        "The organisation is not subscribed to the currency": wanted["CurrencyCode"] == CURRENCY,
        "One or more line items must be specified": wanted["LineItems"],
        "The tax rates of this organisation are archived; use NoTax": (
            wanted["LineAmountTypes"] == "NoTax"
        ),
        f"{kind.title} total must not be negative": total(wanted) >= 0,
    }
    return [message for message, holds in checks.items() if not holds]


def _line_complaints(wanted: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for line in wanted["LineItems"]:
        expected = (line["Quantity"] * line["UnitAmount"]).quantize(_CENT, ROUND_HALF_UP)
        if line["LineAmount"] != expected:
            found.append(
                f"The line total {line['LineAmount']} does not match the expected line total "
                f"{expected}"
            )
        if not line["Description"]:
            found.append("Description must not be empty")
        if not _is_account(line["AccountCode"]):
            found.append(
                f"Account code '{line['AccountCode']}' is not a valid code for this document."
            )
    return found


def _is_account(code: str) -> bool:
    """Revenue 200–299, direct costs 300–399, overheads 400–499, inventory 630, rounding 860."""
    return code in ("630", "860") or bool(re.fullmatch(r"[234][0-9]{2}", code))


def parsed_date(text: str | None) -> date | None:
    """Read `2010-12-01`, with or without a time, or `/Date(1291161600000+0000)/`."""
    if match := re.fullmatch(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/", text or ""):
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(match[1]))).date()
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def shown_date(day: date) -> str:
    """Write a day as the API does."""
    return shown_time(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def shown_time(seconds: float) -> str:
    """Write a moment, in seconds since 1970, as the API does."""
    return f"/Date({round(seconds * 1000)}+0000)/"


def shown(kind: Kind, document: Mapping[str, Any], *, with_lines: bool = True) -> dict[str, Any]:
    """Return a stored document as the API answers it.

    Stored documents carry, besides what was sent, their id, contact id, update time and payments.
    """
    amount, paid = total(document), _number(document["paid"])
    gone = document["Status"] in GONE
    due = Decimal("0.00") if gone else amount - paid
    day = parsed_date(document["Date"]) or date(1970, 1, 1)
    specific = {
        "invoice": {
            "AmountDue": due, "AmountPaid": paid, "AmountCredited": Decimal("0.00"),
            "IsDiscounted": False, "SentToContact": False, "CreditNotes": [], "Prepayments": [],
            "Overpayments": [],
            "DueDate": shown_date(parsed_date(document["DueDate"]) or day),
        },
        "credit_note": {"RemainingCredit": due, "Allocations": []},
    }[kind.name]  # fmt: skip
    return {
        "Type": document["Type"],
        kind.id_field: document["id"],
        kind.number_field: document[kind.number_field],
        "Reference": document["Reference"] or "",
        "Contact": {"ContactID": document["contact_id"], "Name": document["Contact"]["Name"]},
        "Date": shown_date(day),
        "Status": document["Status"],
        "LineAmountTypes": document["LineAmountTypes"],
        "LineItems": _shown_lines(document) if with_lines else [],
        "SubTotal": amount,
        "TotalTax": Decimal("0.00"),
        "Total": amount,
        "CurrencyCode": document["CurrencyCode"],
        "CurrencyRate": 1.0,
        "UpdatedDateUTC": shown_time(document["updated"]),
        "HasAttachments": False,
        "HasErrors": False,
        "Payments": [],
        **specific,
    }


def _shown_lines(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    within = uuid.UUID(document["id"])
    return [
        {
            "LineItemID": str(uuid.uuid5(within, f"{document['revision']}:{place}")),
            "Description": line["Description"],
            "Quantity": _number(line["Quantity"]),
            "UnitAmount": _number(line["UnitAmount"]),
            "LineAmount": _number(line["LineAmount"]),
            "TaxType": "NONE",
            "TaxAmount": Decimal("0.00"),
            "AccountCode": line["AccountCode"],
            "Tracking": [],
        }
        for place, line in enumerate(document["LineItems"])
    ]


def refused(kind: Kind, sent: Mapping[str, Any], messages: Sequence[str]) -> dict[str, Any]:
    """Return a document that was not accepted as the API answers it: echoed, with its errors."""
    return {
        kind.id_field: NO_ID,
        **sent,
        "HasErrors": True,
        "StatusAttributeString": "ERROR",
        "ValidationErrors": [{"Message": message} for message in messages],
    }


Condition = Callable[[Mapping[str, Any]], bool]
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_FILTER = re.compile(
    r'(?P<field>\w+)\s*(?:(?P<notnull>!=\s*null)|\.StartsWith\("(?P<start>[^"]*)"\)'
    r'|(?P<op>==|!=|>=|<=|>|<)\s*(?:"(?P<text>[^"]*)"'
    r"|DateTime\((?P<y>\d{4}),\s*(?P<m>\d{1,2}),\s*(?P<d>\d{1,2})\)))"
)


def conditions(where: str) -> list[Condition]:
    """Read the part of the `where` language that is spoken here. Raises ValueError."""
    parts = re.split(r"\s*(?:&&|\bAND\b)\s*", where.strip()) if where.strip() else []
    return [_condition(part) for part in parts]


def number_start(kind: Kind, where: str) -> str:
    """Return how every number that `where` lets through begins."""
    start = re.match(
        rf'{kind.number_field}\.StartsWith\("([^"]*)"\)\s*(?:$|&&|AND\b)', where.strip()
    )
    return start[1] if start else ""


def _condition(text: str) -> Condition:
    match = _FILTER.fullmatch(text.strip())
    if match is None:
        raise ValueError("where")
    name = match["field"]
    if match["notnull"]:
        return lambda document: document.get(name) is not None
    if match["start"] is not None:
        start = match["start"]
        return lambda document: str(document.get(name) or "").startswith(start)
    compare = _COMPARED[match["op"]]
    if match["y"]:
        day = date(int(match["y"]), int(match["m"]), int(match["d"]))
        return lambda document: compare(parsed_date(document.get(name)) or date.min, day)
    other = match["text"]
    return lambda document: compare(str(document.get(name) or ""), other)
