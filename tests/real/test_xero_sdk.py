"""Xero's own SDK reads what we posted to our emulator, to the cent and with all its fields."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from systems.xero.emulator import Emulator
from tests.support import xero
from tests.support.xero_sdk import Sdk

pytestmark = pytest.mark.real


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Emulator]:
    with xero.emulator(tmp_path) as running, xero.client(running) as client:
        days = {"2010-12-01": ("58960.79", "-325.20", "-0.03"), "2010-12-02": ("-40.00", "27.50")}
        for day, amounts in days.items():
            xero.deliver(client, xero.write(xero.content(day, *amounts)))
        yield running


@pytest.fixture
def sdk(books: Emulator) -> Iterator[Sdk]:
    made = Sdk(books.url)
    yield made
    made.close()


def test_the_sdk_reads_every_document_to_the_cent(sdk: Sdk) -> None:
    assert sdk.live() == {
        "POS-2010-12-01": ("invoice", Decimal("58635.56")),
        "POS-2010-12-02": ("credit_note", Decimal("12.50")),
    }


def test_the_sdk_understands_every_field_of_an_invoice(sdk: Sdk) -> None:
    [invoice] = sdk.invoices()
    assert invoice.type == "ACCREC"
    assert (invoice.date, invoice.due_date) == (date(2010, 12, 1), date(2010, 12, 1))
    assert (invoice.status, invoice.currency_code.value) == ("AUTHORISED", "GBP")
    assert invoice.contact.name == "Till takings"
    assert invoice.reference == "Till takings 2010-12-01"
    assert invoice.total == invoice.amount_due == Decimal("58635.56")
    assert [(it.account_code, str(it.line_amount)) for it in invoice.line_items] == [
        ("200", "58960.79"), ("200", "-325.2"), ("200", "-0.03"),
    ]  # fmt: skip
    assert not invoice.has_errors
