"""The emulator answers as Xero does: sign-in, limits, repeats, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import requests

from systems.xero.documents import to_remote
from systems.xero.emulator import TOKEN_SECONDS, Emulator, Limits
from systems.xero.emulator_rules import conditions
from tests.support import xero

NOW = datetime(2011, 1, 1, tzinfo=UTC).timestamp()


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Caller:
    """Calls the API without our client, signed in for the emulator's organisation."""

    def __init__(self, books: Emulator) -> None:
        self.books = books
        self.session = requests.Session()
        self.session.trust_env = False
        token = self.sign_in().json()["access_token"]
        self.session.headers.update(
            {"Authorization": f"Bearer {token}", "Xero-Tenant-Id": books.tenant_id}
        )

    def sign_in(self, secret: str = xero.SECRET) -> requests.Response:
        return self.session.post(
            self.books.token_url,
            data={"grant_type": "client_credentials", "scope": "a b"},
            auth=("me", secret),
            timeout=30,
        )

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.session.get(f"{self.books.url}/api.xro/2.0/{path}", timeout=30, **more)

    def send(self, *documents: Any, path: str = "Invoices", method: str = "POST",
             key: str = "", **params: str) -> requests.Response:  # fmt: skip
        return self.session.request(
            method,
            f"{self.books.url}/api.xro/2.0/{path}",
            json={path.split("/")[0]: list(documents)},
            params=params,
            headers={"Idempotency-Key": key} if key else {},
            timeout=30,
        )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def books(tmp_path: Path, clock: Clock) -> Iterator[Emulator]:
    with xero.emulator(tmp_path, clock=clock) as running:
        yield running


@pytest.fixture
def caller(books: Emulator) -> Iterator[Caller]:
    made = Caller(books)
    yield made
    made.session.close()


def invoice(day: str = "2010-12-01", *amounts: str, **changes: Any) -> dict[str, Any]:
    document = to_remote(xero.content(day, *amounts))
    for line in document["LineItems"]:
        line.update({name: float(line[name]) for name in ("UnitAmount", "LineAmount")})
    return {**document, **changes}


def messages(answer: requests.Response) -> list[str]:
    return [
        error["Message"] for item in answer.json()["Elements"] for error in item["ValidationErrors"]
    ]


def test_a_document_survives_a_restart_with_its_id(tmp_path: Path) -> None:
    shown = []
    for _ in range(2):
        with xero.emulator(tmp_path) as books:
            caller = Caller(books)
            if not shown:
                caller.send(invoice())
            shown.append(books.documents())
            caller.session.close()
    assert shown[0] == shown[1]
    assert len(shown[0]) == 1


def test_ids_follow_from_the_seed(tmp_path: Path) -> None:
    ids = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        with xero.emulator(tmp_path / name) as books:
            caller = Caller(books)
            caller.send(invoice())
            ids.append((books.tenant_id, books.documents()[0]["InvoiceID"]))
            caller.session.close()
    assert ids[0] == ids[1]


def test_nobody_gets_in_without_the_secret_a_good_token_and_the_right_tenant(
    books: Emulator, caller: Caller, clock: Clock
) -> None:
    assert caller.sign_in("wrong").status_code == 400
    assert caller.get("Invoices", headers={"Authorization": "Bearer x"}).status_code == 401
    assert caller.get("Invoices", headers={"Xero-Tenant-Id": "another"}).status_code == 403
    assert caller.get("Invoices").status_code == 200
    clock.now += TOKEN_SECONDS
    assert caller.get("Invoices").status_code == 401
    books.revoke()
    assert caller.sign_in().json() == {"error": "invalid_client"}
    books.revoke(revoked=False)
    assert caller.sign_in().status_code == 200


def test_calls_beyond_a_limit_are_told_which_and_for_how_long(tmp_path: Path, clock: Clock) -> None:
    with xero.emulator(tmp_path, clock=clock, limits=Limits(2, 3, 1)) as books:
        caller = Caller(books)
        assert caller.get("Invoices").headers["X-MinLimit-Remaining"] == "1"
        caller.get("Invoices")
        refused = caller.get("Invoices")
        assert (refused.status_code, refused.headers["X-Rate-Limit-Problem"]) == (429, "minute")
        clock.now += int(refused.headers["Retry-After"])
        assert caller.get("Invoices").headers["X-DayLimit-Remaining"] == "0"
        assert caller.get("Invoices").headers["X-Rate-Limit-Problem"] == "day"
        caller.session.close()


def test_a_repeated_key_brings_the_same_answer_and_another_request_under_it_is_refused(
    books: Emulator, caller: Caller
) -> None:
    first = caller.send(invoice(), key="k")
    assert caller.send(invoice(), key="k").content == first.content
    assert caller.send(invoice("2010-12-02"), key="k").status_code == 400
    assert caller.send(invoice("2010-12-02"), key="k" * 129).status_code == 400
    assert [item.effect for item in books.journal()] == ["created"]


def test_post_updates_by_number_where_put_insists_on_a_new_one(
    books: Emulator, caller: Caller
) -> None:
    first = caller.send(invoice("2010-12-01", "5.00")).json()["Invoices"][0]
    second = caller.send(invoice("2010-12-01", "6.00")).json()["Invoices"][0]
    assert (first["InvoiceID"], second["Total"]) == (second["InvoiceID"], 6.0)
    refused = caller.send(invoice("2010-12-01", "6.00"), method="PUT")
    assert messages(refused) == ["Invoice # must be unique."]
    assert [item.effect for item in books.journal()] == ["created", "updated"]


def test_a_voided_document_keeps_its_number_and_cannot_be_changed(caller: Caller) -> None:
    document = caller.send(invoice()).json()["Invoices"][0]
    path = f"Invoices/{document['InvoiceID']}"
    assert caller.send({"Status": "VOIDED"}, path=path).json()["Invoices"][0]["AmountDue"] == 0
    for answer in (caller.send(invoice()), caller.send({"Reference": "x"}, path=path)):
        assert messages(answer) == ["Invoice not of valid status for modification"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"LineItems": []}, "One or more line items"),
        ({"Contact": {}}, "A Contact must be specified"),
        ({"Date": "soon"}, "date is not valid"),
        ({"CurrencyCode": "EUR"}, "not subscribed to the currency"),
        ({"LineAmountTypes": "Exclusive"}, "use NoTax"),
        ({"Type": "ACCPAY"}, "type is not valid"),
        ({"Status": "VOIDED"}, "not of valid status"),
        ({"LineItems": [{"Description": "x", "AccountCode": "200", "UnitAmount": -1}]}, "negative"),
        (
            {"LineItems": [{"Description": "x", "AccountCode": "200", "UnitAmount": 1,
                            "LineAmount": 2}]},
            "does not match the expected line total",
        ),
        ({"LineItems": [{"Description": "", "AccountCode": "200", "UnitAmount": 1}]}, "not be"),
        ({"LineItems": [{"Description": "x", "AccountCode": "1", "UnitAmount": 1}]}, "not a valid"),
    ],
)  # fmt: skip
def test_a_document_that_breaks_a_rule_is_refused(
    books: Emulator, caller: Caller, change: dict[str, Any], message: str
) -> None:
    answer = caller.send(invoice(**change))
    assert answer.status_code == 400
    assert any(message in text for text in messages(answer))
    assert books.journal() == []


def test_a_locked_period_and_a_payment_forbid_changes(books: Emulator, caller: Caller) -> None:
    caller.send(invoice())
    books.pay("POS-2010-12-01", Decimal("1.00"))
    assert "payment" in messages(caller.send(invoice("2010-12-01", "6.00")))[0]
    books.lock(date(2010, 12, 31))
    assert "lock date" in messages(caller.send(invoice("2010-12-02")))[0]
    books.lock(None)
    assert caller.send(invoice("2010-12-02")).status_code == 200


def test_one_bad_document_spoils_the_batch_only_when_errors_are_summarized(
    books: Emulator, caller: Caller
) -> None:
    batch = (invoice("2010-12-01"), invoice("2010-12-02", Contact={}))
    refused = caller.send(*batch)
    assert (refused.status_code, books.journal()) == (400, [])
    mixed = caller.send(*batch, summarizeErrors="false")
    assert mixed.status_code == 200
    assert [it["StatusAttributeString"] for it in mixed.json()["Invoices"]] == ["OK", "ERROR"]
    assert [item.number for item in books.journal()] == ["POS-2010-12-01"]


def test_a_draft_is_deleted_where_an_authorised_document_is_voided(
    books: Emulator, caller: Caller
) -> None:
    document = caller.send(invoice(Status="DRAFT")).json()["Invoices"][0]
    path = f"Invoices/{document['InvoiceID']}"
    assert caller.send({"Status": "VOIDED"}, path=path).status_code == 400
    assert caller.send({"Status": "AUTHORISED"}, path=path).status_code == 200
    assert caller.send({"Status": "DELETED"}, path=path).status_code == 400
    assert caller.send({"Status": "VOIDED"}, path=path).status_code == 200
    assert [item.effect for item in books.journal()] == ["created", "updated", "voided"]


def test_a_listing_has_pages_and_line_items_only_when_a_page_is_asked_for(caller: Caller) -> None:
    caller.send(*(invoice(f"2010-12-0{day}") for day in range(1, 6)))
    listed = caller.get("Invoices", params={"page": "2", "pageSize": "2"}).json()
    assert listed["pagination"] == {"page": 2, "pageSize": 2, "pageCount": 3, "itemCount": 5}
    assert [it["InvoiceNumber"][-2:] for it in listed["Invoices"]] == ["03", "04"]
    assert all(it["LineItems"] for it in listed["Invoices"])
    assert not any(it["LineItems"] for it in caller.get("Invoices").json()["Invoices"])


@pytest.mark.parametrize(
    ("params", "days"),
    [
        ({"InvoiceNumbers": "POS-2010-12-01,POS-2010-12-03"}, "13"),
        ({"where": "Date>=DateTime(2010,12,02) AND Date < DateTime(2010, 12, 03)"}, "2"),
        ({"where": 'InvoiceNumber!=null&&InvoiceNumber.StartsWith("POS-2010-12-0")'}, "123"),
        ({"where": 'InvoiceNumber=="POS-2010-12-02"'}, "2"),
        ({"Statuses": "VOIDED"}, ""),
        ({"order": "InvoiceNumber DESC"}, "321"),
    ],
)
def test_a_listing_can_be_filtered_and_ordered(
    caller: Caller, params: dict[str, str], days: str
) -> None:
    caller.send(*(invoice(f"2010-12-0{day}") for day in range(1, 4)))
    listed = caller.get("Invoices", params=params).json()["Invoices"]
    assert "".join(it["InvoiceNumber"][-1] for it in listed) == days


def test_a_listing_can_be_limited_to_what_changed(caller: Caller, clock: Clock) -> None:
    caller.send(invoice("2010-12-01"))
    clock.now += 600
    caller.send(invoice("2010-12-02"))
    since = datetime.fromtimestamp(NOW, UTC) + timedelta(minutes=1)
    for header in (since.isoformat(), since.strftime("%a, %d %b %Y %H:%M:%S GMT")):
        listed = caller.get("Invoices", headers={"If-Modified-Since": header}).json()["Invoices"]
        assert [it["InvoiceNumber"] for it in listed] == ["POS-2010-12-02"]


def test_what_is_not_understood_or_not_there_is_refused(caller: Caller) -> None:
    assert caller.get("Invoices", params={"where": "Drop table"}).status_code == 400
    assert caller.get("Invoices", params={"order": "Colour"}).status_code == 200
    caller.send(invoice())
    assert caller.get("Invoices", params={"order": "Colour"}).status_code == 400
    assert caller.get("Invoices/none").status_code == 404
    assert caller.send(invoice(), path="Invoices/none").status_code == 404
    with pytest.raises(ValueError, match="where"):
        conditions("Total > 5")


def test_a_document_without_a_number_gets_one(caller: Caller) -> None:
    document = invoice()
    del document["InvoiceNumber"]
    assert caller.send(document).json()["Invoices"][0]["InvoiceNumber"] == "INV-0001"
