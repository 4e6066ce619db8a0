"""A takings document here and in Xero, and that each can be told from the other."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.records import content_digest
from systems.xero.documents import (
    CREDIT_NOTE,
    INVOICE,
    day_of,
    from_remote,
    is_live,
    is_ours,
    remote_day,
    remote_digest,
    to_remote,
    voided_number,
)
from systems.xero.refusals import messages_about, refusal
from tests.support import xero

AS_NUMBERS = msgspec.json.Encoder(decimal_format="number")
CENTS = st.integers(-(10**12), 10**12).map(lambda cents: f"{Decimal(cents) / 100:.2f}")


def sample(name: str, collection: str, place: int) -> dict[str, Any]:
    page = json.loads((xero.SYSTEM / "samples" / name).read_text(encoding="utf-8"))
    document: dict[str, Any] = page[collection][place]
    return document


def sent(content: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(AS_NUMBERS.encode(to_remote(content)))
    return document


@given(st.lists(CENTS, min_size=1, max_size=8))
def test_what_xero_holds_after_a_posting_has_the_digest_of_what_was_intended(
    amounts: list[str],
) -> None:
    content = xero.content("2010-12-01", *amounts)
    assert remote_digest(sent(content)) == content_digest(content)


@given(st.lists(CENTS, min_size=1, max_size=4), st.lists(CENTS, min_size=1, max_size=4))
def test_two_documents_have_the_same_digest_only_when_they_are_the_same(
    some: list[str], others: list[str]
) -> None:
    one, other = xero.content("2010-12-01", *some), xero.content("2010-12-01", *others)
    assert (remote_digest(sent(one)) == content_digest(other)) == (one == other)


def test_an_invoice_as_xero_shows_it_becomes_the_content_it_came_from() -> None:
    assert from_remote(sample("invoices.json", "Invoices", 0)) == {
        "number": "POS-2010-12-01",
        "date": "2010-12-01",
        "kind": "invoice",
        "currency": "GBP",
        "contact": "Till takings",
        "lines": [
            {"description": "Sales", "account": "200", "amount": "58960.79"},
            {"description": "Returns", "account": "205", "amount": "-325.20"},
            {"description": "Rounding", "account": "429", "amount": "-0.03"},
        ],
        "total": "58635.56",
    }


def test_a_credit_note_as_xero_shows_it_becomes_the_content_it_came_from() -> None:
    content = from_remote(sample("credit_notes.json", "CreditNotes", 0))
    assert (content["kind"], content["total"]) == ("credit_note", "12.50")
    assert [line["amount"] for line in content["lines"]] == ["40.00", "-27.50"]


def test_a_total_that_an_imitation_forgot_to_renew_is_not_taken_for_a_difference() -> None:
    content = xero.content()
    assert remote_digest({**sent(content), "Total": 1.0}) == content_digest(content)


@pytest.mark.parametrize(
    "change",
    [
        {"Status": "DRAFT"},
        {"TotalTax": 0.01},
        {"CurrencyCode": "EUR"},
        {"Contact": {"Name": "Somebody"}},
        {"Date": "2010-12-02"},
        {"LineItems": []},
        {"Type": "ACCPAY"},
        {"LineItems": None},
        {"Date": "soon"},
        {"Contact": None},
    ],
)
def test_whatever_changes_the_books_changes_the_digest(change: dict[str, Any]) -> None:
    content = xero.content()
    assert remote_digest({**sent(content), **change}) != content_digest(content)


def test_a_fraction_of_a_cent_is_seen() -> None:
    content = xero.content("2010-12-01", "1.00")
    document = sent(content)
    document["LineItems"][0]["LineAmount"] = 1.001
    assert remote_digest(document) != content_digest(content)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("/Date(1291161600000+0000)/", date(2010, 12, 1)),
        ("/Date(-86400000)/", date(1969, 12, 31)),
        ("2010-12-01", date(2010, 12, 1)),
        ("2010-12-01T00:00:00", date(2010, 12, 1)),
    ],
)
def test_a_day_is_read_in_each_way_xero_and_its_imitations_write_it(text: str, day: date) -> None:
    assert remote_day(text) == day


@pytest.mark.parametrize(
    ("number", "day"),
    [
        ("POS-2010-12-01", date(2010, 12, 1)),
        (voided_number("POS-2010-12-01", "6f0d1c1e-93a5"), date(2010, 12, 1)),
        ("POS-2010-13-01", None),
        ("POS-2010-12-01-2", None),
        ("INV-0042", None),
        (None, None),
    ],
)
def test_a_number_names_its_day_also_when_voided(number: str | None, day: date | None) -> None:
    assert day_of(number) == day


def test_only_sales_documents_of_the_tills_are_ours() -> None:
    invoices = [sample("invoices.json", "Invoices", place) for place in range(3)]
    notes = [sample("credit_notes.json", "CreditNotes", place) for place in range(2)]
    assert [is_ours(INVOICE, item) for item in invoices] == [True, True, False]
    assert [is_live(item) for item in invoices] == [True, False, True]
    assert [is_ours(CREDIT_NOTE, item) for item in notes] == [True, False]


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("This document cannot be edited as it has a payment allocated to it", "has_payments"),
        ("The document date cannot be before the end of year lock date", "period_locked"),
        ("Invoice # must be unique.", "number_taken"),
        ("Account code '999' is not a valid code for this document.", "account_unknown"),
        ("The contact is archived", "contact_refused"),
        ("Not subscribed to currency USD", "currency_refused"),
        ("Something new", "validation_refused"),
    ],
)
def test_a_message_has_a_cause_and_a_remedy(message: str, cause: str) -> None:
    found = refusal([message])
    assert found.cause == cause
    assert found.remedy.endswith(("replay", "discard"))


def test_a_refusal_tells_no_value_of_the_record() -> None:
    told = refusal(
        ["The line total 1,234.50 for 'Mrs Example' on 31/12/2010 is not “5.00” (INV-0042)"]
    )
    assert told.detail == "The line total … for … on … is not … …"


def test_a_document_is_refused_when_any_of_its_marks_says_so() -> None:
    assert messages_about({"StatusAttributeString": "OK", "HasErrors": False}) is None
    assert messages_about({"StatusAttributeString": "ERROR"}) == []
    assert messages_about({"HasErrors": True}) == []
    assert messages_about({"ValidationErrors": [{"Message": "no"}]}) == ["no"]
