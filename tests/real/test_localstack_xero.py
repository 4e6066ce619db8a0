"""Nothing is doubled in localstack-xero, which knows neither idempotency keys nor unique numbers.

It also updates a document by its path only, keeps an outdated total, ignores `where` and pages by
a hundred whatever is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import pytest
import stamina

from accord.emulation.faults import Fault, Faults
from accord.errors import Unanswered
from accord.records import Slice
from systems.xero.client import XeroClient, connect
from tests.support import localstack_xero, xero
from tests.support.xero_sdk import Sdk

pytestmark = pytest.mark.real
DAY = "POS-2010-12-01"


@dataclass(frozen=True, slots=True)
class Remote:
    """A client of a fresh localstack-xero, what can be lost between them, and the SDK beside it."""

    client: XeroClient
    faults: Faults
    sdk: Sdk


@pytest.fixture
def remote() -> Iterator[Remote]:
    stamina.set_testing(True, attempts=3, cap=True)
    with (
        localstack_xero.running() as url,
        localstack_xero.lossy(url) as (address, faults),
    ):
        client, sdk = connect(xero.connection(address)), Sdk(url)
        yield Remote(client, faults, sdk)
        client.close()
        sdk.close()
    stamina.set_testing(False)


def test_a_day_is_created_updated_and_turned_round_and_is_always_there_once(
    remote: Remote,
) -> None:
    for amounts, kind, total in (
        (("5.00", "-1.25"), "invoice", "3.75"),
        (("5.00", "-1.25", "0.10"), "invoice", "3.85"),
        (("-7.00",), "credit_note", "7.00"),
        (("-7.00", "-1.10"), "credit_note", "8.10"),
        (("9.99",), "invoice", "9.99"),
        (("0.00",), "invoice", "0.00"),
    ):
        wanted = xero.write(xero.content("2010-12-01", *amounts))
        assert [it.outcome for it in xero.deliver(remote.client, wanted)] == ["delivered"]
        assert remote.sdk.live() == {DAY: (kind, Decimal(total))}
        assert xero.deliver(remote.client, wanted) == []


@pytest.mark.parametrize("lost", ["reset_after", "reset_before", "bad_json", "status_after"])
@pytest.mark.parametrize("place", range(2))
def test_a_pass_killed_at_any_request_and_repeated_doubles_nothing(
    remote: Remote, lost: str, place: int
) -> None:
    for amount, kind in (("5.00", "invoice"), ("6.00", "invoice"), ("-7.00", "credit_note")):
        wanted = xero.write(xero.content("2010-12-01", amount))
        other = xero.write(xero.content("2010-12-02", amount))
        fault = Fault(lost, method="POST", path="api.xro")  # type: ignore[arg-type]
        remote.faults.add(*([Fault("slow", "POST", "api.xro")] * place), fault)
        for _ in range(3):
            try:
                xero.deliver(remote.client, wanted, other)
            except Unanswered:
                continue
        assert xero.deliver(remote.client, wanted, other) == []
        total = (kind, abs(Decimal(amount)))
        assert remote.sdk.live() == {DAY: total, "POS-2010-12-02": total}


def test_more_documents_than_a_page_holds_are_all_found_and_read(remote: Remote) -> None:
    first = date(2011, 1, 1)
    days = [(first + timedelta(days=number)).isoformat() for number in range(230)]
    writes = [
        xero.write(xero.content(day, "-1.10" if number % 2 else "2.20"))
        for number, day in enumerate(days)
    ]
    for start in range(0, len(writes), 50):
        xero.deliver(remote.client, *writes[start : start + 50])
    assert xero.deliver(remote.client, *writes) == []
    reading = remote.client.read("documents", Slice(f"{days[0]}..{days[-2]}", "", ""))
    read = [record.partition for page in reading.pages for record in page.records]
    assert sorted(read) == days[:-1]


def test_a_healthy_localstack_xero_is_healthy(remote: Remote) -> None:
    assert all(finding.healthy for finding in remote.client.health())
