"""Looking documents up, reading them back, and telling how Xero is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest
import stamina

from accord.connector import Client, Destination, Source
from accord.emulation.faults import Fault
from accord.emulation.server import Request, Response, Server, json_response, route
from accord.errors import Retry, Stop
from accord.records import Record, Slice, Window
from systems.xero.client import XeroClient, _page, connect
from systems.xero.documents import CREDIT_NOTE, INVOICE
from systems.xero.emulator import REAL_LIMITS, Emulator
from systems.xero.remote import Organisation
from tests.support import xero


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    stamina.set_testing(True, attempts=5, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Emulator]:
    with xero.emulator(tmp_path) as running:
        yield running


@pytest.fixture
def client(books: Emulator) -> Iterator[XeroClient]:
    with xero.client(books) as made:
        yield made


def records(client: XeroClient, first: str, last: str) -> list[Record]:
    reading = client.read("documents", Slice(f"{first}..{last}", "", ""))
    return [record for page in reading.pages for record in page.records]


def test_a_client_reads_and_writes(client: XeroClient) -> None:
    assert isinstance(client, Client)
    assert isinstance(client, Source)
    assert isinstance(client, Destination)


def test_a_look_up_finds_live_documents_of_both_kinds_and_what_they_hold(
    client: XeroClient,
) -> None:
    days = [f"2011-{month:02}-{day:02}" for month in range(1, 4) for day in range(1, 21)]
    writes = [
        xero.write(xero.content(day, "-3.00" if day.endswith("7") else "4.10")) for day in days
    ]
    for start in range(0, 60, 50):
        xero.deliver(client, *writes[start : start + 50])
    found = client.look_up("documents", [write.key for write in writes] + ["POS-2011-04-01"])
    assert {key: item.digest for key, item in found.items()} == {
        write.key: write.digest for write in writes
    }
    kinds = {key: item.destination_ids[0].partition(":")[0] for key, item in found.items()}
    assert {kinds[f"POS-2011-0{month}-07"] for month in (1, 2, 3)} == {"credit_note"}


def test_a_voided_document_is_not_found_but_still_read(books: Emulator, client: XeroClient) -> None:
    xero.deliver(client, xero.write(xero.content("2010-12-01", "5.00")))
    xero.deliver(client, xero.write(xero.content("2010-12-01", "-5.00")))
    found = client.look_up("documents", ["POS-2010-12-01"])["POS-2010-12-01"]
    assert [item.partition(":")[0] for item in found.destination_ids] == ["credit_note"]
    shown = {record.key: json.loads(record.payload) for record in records(client, *TWO_DAYS)}
    statuses = {key.partition(":")[0]: item["Status"] for key, item in shown.items()}
    assert statuses == {"invoice": "VOIDED", "credit_note": "AUTHORISED"}


TWO_DAYS = ("2010-12-01", "2010-12-02")


def test_a_reading_gives_the_documents_of_the_window_exactly_as_received(
    books: Emulator, client: XeroClient
) -> None:
    for day in ("2010-11-30", *TWO_DAYS, "2010-12-03"):
        xero.deliver(client, xero.write(xero.content(day)))
    reading = client.read("documents", Slice("2010-12-01..2010-12-02", "", ""))
    assert list(reading.partitions) == list(TWO_DAYS)
    read = [record for page in reading.pages for record in page.records]
    assert sorted(record.partition for record in read) == list(TWO_DAYS)
    encoder = msgspec.json.Encoder(decimal_format="number")
    as_shown = {f"invoice:{it['InvoiceID']}": encoder.encode(it) for it in books.documents()}
    assert all(record.payload == as_shown[record.key] for record in read)
    assert reading.complete


def test_foreign_documents_on_a_page_are_left_out_and_one_without_an_id_is_rejected() -> None:
    everything = Window(date(2010, 12, 1), date(2010, 12, 31))
    for kind, name, ours in ((INVOICE, "invoices", 2), (CREDIT_NOTE, "credit_notes", 1)):
        content = json.loads((xero.SYSTEM / "samples" / f"{name}.json").read_text(encoding="utf-8"))
        raws = [msgspec.Raw(json.dumps(item).encode()) for item in content[kind.collection]]
        seen: set[str] = set()
        page = _page(kind, raws, everything, seen)
        assert (len(page.records), len(page.rejected)) == (ours, 0)
        assert _page(kind, raws, everything, seen).records == []
    document = {"Type": "ACCREC", "InvoiceNumber": "POS-2010-12-01", "InvoiceID": None}
    [rejected] = _page(
        INVOICE, [msgspec.Raw(json.dumps(document).encode())], everything, set()
    ).rejected
    assert (rejected.cause, rejected.partition) == ("missing_id", "2010-12-01")


def test_a_document_that_no_model_could_read_is_rejected_and_the_others_stay() -> None:
    good = {"Type": "ACCREC", "InvoiceNumber": "POS-2010-12-01", "InvoiceID": "1"}
    odd = {**good, "InvoiceID": "2", "LineItems": [{"Description": "a\0b"}]}
    raws = [msgspec.Raw(json.dumps(it).encode()) for it in (odd, good)]
    page = _page(INVOICE, raws, Window(date(2010, 12, 1), date(2010, 12, 31)), set())
    assert [record.key for record in page.records] == ["invoice:1"]
    [rejected] = page.rejected
    assert (rejected.key, rejected.cause) == ("invoice:2", "broken_text")
    assert rejected.detail.startswith("LineItems holds")


def test_an_open_window_spans_what_there_is(client: XeroClient) -> None:
    assert list(client.slices("documents", Window())) == []
    for day in ("2010-12-01", "2010-12-05"):
        xero.deliver(client, xero.write(xero.content(day)))
    windows = {
        Window(): "2010-12-01..2010-12-05",
        Window(first=date(2010, 12, 2)): "2010-12-02..2010-12-05",
        Window(date(2010, 11, 1), date(2010, 11, 2)): "2010-11-01..2010-11-02",
    }
    for window, name in windows.items():
        assert [piece.name for piece in client.slices("documents", window)] == [name]


def test_pages_are_followed_to_the_last_one(books: Emulator, client: XeroClient) -> None:
    for number in range(1, 6):
        xero.deliver(client, xero.write(xero.content(f"2010-12-0{number}")))
    organisation = Organisation(xero.connection(books.url))
    sizes = [len(page) for page in organisation.pages(INVOICE, {}, size=2)]
    assert sizes == [2, 2, 1]
    organisation.close()


def test_pages_end_with_an_empty_one_where_none_is_announced() -> None:
    documents = [{"Type": "ACCREC", "InvoiceNumber": f"POS-2010-12-0{day}", "InvoiceID": str(day)}
                 for day in range(1, 4)]  # fmt: skip

    def listed(request: Request) -> Response:
        page = int(request.query["page"])
        return json_response(200, {"Invoices": documents[page - 1 : page]})

    server = Server(
        [
            route("POST", "/connect/token", lambda _: json_response(200, {"access_token": "t"})),
            route("GET", "/connections", lambda _: json_response(200, [TENANT])),
            route("GET", "/api.xro/2.0/Invoices", listed),
        ]
    ).start()
    organisation = Organisation(xero.connection(server.url))
    assert [len(page) for page in organisation.pages(INVOICE, {})] == [1, 1, 1]
    organisation.close()
    server.stop()


TENANT = {"tenantId": "t-1", "tenantType": "ORGANISATION"}


@pytest.mark.parametrize("broken", ["bad_json", "cut_body"])
def test_a_listing_that_is_not_whole_is_read_again_later(
    books: Emulator, client: XeroClient, broken: str
) -> None:
    fault = Fault(broken, method="GET", path="Invoices", times=9)  # type: ignore[arg-type]
    books.faults.add(fault)
    with pytest.raises(Retry):
        client.look_up("documents", ["POS-2010-12-01"])


def test_the_configured_organisation_is_used_and_a_wrong_one_refused(books: Emulator) -> None:
    environment = {"ACCORD_XERO_CLIENT_SECRET": xero.SECRET}
    for tenant, expected in ((books.tenant_id, "healthy"), ("somebody-elses", "documents")):
        given = {**environment, "ACCORD_XERO_TENANT_ID": tenant}
        with xero.client(books, environment=given) as made:
            health = made.health()
        assert next((item.name for item in health if not item.healthy), "healthy") == expected


def test_a_healthy_xero_is_healthy_in_every_respect(client: XeroClient) -> None:
    assert [(item.name, item.healthy) for item in client.health()] == [
        ("credentials", True), ("organisation", True), ("documents", True),
    ]  # fmt: skip


def test_a_missing_or_wrong_secret_is_reported_with_its_remedy(books: Emulator) -> None:
    for settings, remedy in (
        ({"environment": {}}, "ACCORD_XERO_CLIENT_SECRET"),
        ({"secret": "wrong"}, "client id and secret"),
    ):
        with xero.client(books, **settings) as made:
            [finding] = made.health()
        assert (finding.name, finding.healthy) == ("credentials", False)
        assert remedy in finding.remedy
        assert "wrong" not in f"{finding}"


def test_a_xero_that_is_down_is_reported_with_its_remedy(tmp_path: Path) -> None:
    with xero.emulator(tmp_path) as books:
        made = connect(xero.connection(books.url))
    [finding] = made.health()
    assert not finding.healthy
    assert "running" in finding.remedy
    made.close()


def test_an_address_of_something_else_is_reported(tmp_path: Path) -> None:
    server = Server(
        [
            route("POST", "/connect/token", lambda _: json_response(200, {"access_token": "t"})),
            route("GET", "/connections", lambda _: json_response(200, [])),
        ]
    ).start()
    made = connect(xero.connection(server.url))
    assert [(item.name, item.healthy) for item in made.health()] == [
        ("credentials", True), ("organisation", False),
    ]  # fmt: skip
    made.close()
    server.stop()


def test_the_real_limits_slow_the_client_down_but_lose_nothing(tmp_path: Path) -> None:
    now = [0.0]

    def clock() -> float:
        now[0] += 5
        return now[0]

    with (
        xero.emulator(tmp_path, limits=REAL_LIMITS, clock=clock) as books,
        xero.client(books) as made,
    ):
        for day in range(1, 31):
            xero.deliver(made, xero.write(xero.content(f"2010-12-{day:02}")))
        assert len(xero.live(books)) == 30


def test_only_documents_are_known(client: XeroClient) -> None:
    for call in (
        lambda: client.look_up("contacts", []),
        lambda: client.deliver("contacts", []),
        lambda: client.read("contacts", Slice("", "", "")),
        lambda: client.slices("contacts", Window()),
    ):
        with pytest.raises(Stop, match="'documents'"):
            call()
