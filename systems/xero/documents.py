"""How a takings document looks here and in Xero, and how each becomes the other; no I/O.

Here (the content of a write) a document is

    {"number": "POS-2010-12-01", "date": "2010-12-01", "kind": "invoice" or "credit_note",
     "currency": "GBP", "contact": "Till takings", "total": "5761.93",
     "lines": [{"description": …, "account": "200", "amount": "5761.93"}, …]}

with amounts as text with two decimals and a total that is never negative. In Xero it is an ACCREC
invoice or an ACCRECCREDIT credit note (https://developer.xero.com/documentation/api/accounting).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from accord.records import content_digest

_CENT = Decimal("0.01")
_NUMBER = re.compile(r"POS-(?P<day>\d{4}-\d{2}-\d{2})(?:-V-[0-9a-f]{8})?")
_MOMENT = re.compile(r"/Date\((?P<ms>-?\d+)(?:[+-]\d{4})?\)/")
_GONE = frozenset({"VOIDED", "DELETED"})
_FINAL = frozenset({"AUTHORISED", "PAID"})
NUMBERS_BEGIN = "POS-"


@dataclass(frozen=True, slots=True)
class Kind:
    """The names Xero uses for one kind of document."""

    name: str
    path: str
    collection: str
    id_field: str
    number_field: str
    type_code: str

    def destination_id(self, document_id: str) -> str:
        """Name a document so that its kind can be told from the name."""
        return f"{self.name}:{document_id}"


INVOICE = Kind("invoice", "/Invoices", "Invoices", "InvoiceID", "InvoiceNumber", "ACCREC")
CREDIT_NOTE = Kind(
    "credit_note", "/CreditNotes", "CreditNotes", "CreditNoteID", "CreditNoteNumber", "ACCRECCREDIT"
)
KINDS = {kind.name: kind for kind in (INVOICE, CREDIT_NOTE)}
_BY_TYPE = {kind.type_code: kind for kind in KINDS.values()}


def to_remote(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document Xero is to hold.

    Amounts become Decimals, to be sent as numbers. Days are written as the vendor's own SDK does,
    because an imitation gives them back as they came and the SDK reads no other way.
    """
    kind = KINDS[content["kind"]]
    day = _moment(date.fromisoformat(content["date"]))
    document: dict[str, Any] = {
        "Type": kind.type_code,
        kind.number_field: content["number"],
        "Reference": f"{content['contact']} {content['date']}",
        "Contact": {"Name": content["contact"]},
        "Date": day,
        "Status": "AUTHORISED",
        "LineAmountTypes": "NoTax",
        "CurrencyCode": content["currency"],
        "LineItems": [
            {
                "Description": line["description"],
                "Quantity": 1,
                "UnitAmount": Decimal(line["amount"]),
                "LineAmount": Decimal(line["amount"]),
                "AccountCode": line["account"],
            }
            for line in content["lines"]
        ],
    }
    if kind is INVOICE:
        return {**document, "DueDate": day}
    total = Decimal(content["total"])
    return {**document, "SubTotal": total, "Total": total}


def from_remote(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content that a document in Xero amounts to.

    The total is what its lines add up to; Xero's own Total is not taken, because it follows from
    the lines and an imitation may keep an old one. Whatever makes the document differ in the books
    though its lines agree, such as tax or a draft status, shows as a further key. Raises KeyError,
    TypeError, ValueError or ArithmeticError when it is no document of ours.
    """
    kind = _BY_TYPE[document["Type"]]
    lines = document["LineItems"]
    tax = Decimal(str(document.get("TotalTax") or 0))
    content: dict[str, Any] = {
        "number": document[kind.number_field],
        "date": remote_day(document["Date"]).isoformat(),
        "kind": kind.name,
        "currency": document["CurrencyCode"],
        "contact": document["Contact"]["Name"],
        "lines": [
            {
                "description": line["Description"],
                "account": line["AccountCode"],
                "amount": _amount(line["LineAmount"]),
            }
            for line in lines
        ],
        "total": _amount(sum((Decimal(str(line["LineAmount"])) for line in lines), tax)),
    }
    if tax:
        content["tax"] = _amount(tax)
    if document["Status"] not in _FINAL:
        content["status"] = document["Status"]
    return content


def remote_digest(document: Mapping[str, Any]) -> str:
    """Return the digest of what a document in Xero amounts to; "" when it is no such document."""
    try:
        return content_digest(from_remote(document))
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return ""


def is_ours(kind: Kind, document: Mapping[str, Any]) -> bool:
    """Tell a takings document from a supplier's bill and whatever else has a number."""
    return (
        document.get("Type") == kind.type_code
        and day_of(document.get(kind.number_field)) is not None
    )


def is_live(document: Mapping[str, Any]) -> bool:
    """Tell whether a document counts in the books or may come to count."""
    return document.get("Status") not in _GONE


def day_of(number: Any) -> date | None:
    """Return the business day a document number names, also of one that was voided."""
    match = _NUMBER.fullmatch(number) if isinstance(number, str) else None
    try:
        return date.fromisoformat(match["day"]) if match else None
    except ValueError:
        return None


def voided_number(number: str, document_id: str) -> str:
    """Return the number a document takes on when voided.

    Xero never gives a voided document's number to another one, so it has to let go of it first.
    """
    return f"{number}-V-{document_id[:8]}"


def remote_day(text: str) -> date:
    """Read `/Date(1291161600000+0000)/` or an ISO day, with or without time. Raises ValueError."""
    if match := _MOMENT.fullmatch(text):
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(match["ms"]))).date()
    return date.fromisoformat(text[:10])


def _moment(day: date) -> str:
    seconds = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    return f"/Date({round(seconds * 1000)})/"


def _amount(value: Any) -> str:
    """Two decimals when it has no more; otherwise as it is, which equals no content."""
    number = Decimal(str(value)) + 0  # minus zero becomes zero
    rounded = number.quantize(_CENT)
    return str(rounded if rounded == number else number)
