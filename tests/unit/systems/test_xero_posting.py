"""Posting to the emulator: batches, changes of sign, and every way an answer gets lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import stamina

from accord.emulation.faults import Fault
from accord.errors import Retry, Stop, Unanswered
from accord.records import Found
from systems.xero.client import XeroClient
from systems.xero.emulator import Emulator
from systems.xero.posting import Plan, plan
from tests.support import xero

ID = "8523c285-a5cd-5261-9b27-1f2b340a0ba8"
DAYS = ("2010-12-01", "2010-12-02", "2010-12-03")


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


def effects(books: Emulator) -> list[str]:
    return [f"{item.effect} {item.kind}" for item in books.journal()]


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ((), {}),
        ((f"invoice:{ID}",), {"update": ID}),
        ((f"credit_note:{ID}",), {"void": f"credit_note:{ID}"}),
        ((f"credit_note:{ID}", "invoice:i"), {"void": f"credit_note:{ID}", "update": "i"}),
        (("invoice:a", "invoice:b"), {"update": "a", "is_doubled": True}),
        (("credit_note:a", "credit_note:b"), {"void": "credit_note:a", "is_doubled": True}),
    ],
)
def test_what_was_found_decides_what_is_done(
    ids: tuple[str, ...], expected: dict[str, object]
) -> None:
    write = xero.write(xero.content(), found=Found(ids, "") if ids else None)
    made = plan(write)
    assert made == Plan(write, made.kind, **expected)  # type: ignore[arg-type]
    assert made.kind.name == "invoice"


def test_a_batch_of_both_kinds_is_posted_in_two_requests(
    books: Emulator, client: XeroClient
) -> None:
    amounts = ("5.00", "-7.25", "0.00")
    writes = [
        xero.write(xero.content(day, amount)) for day, amount in zip(DAYS, amounts, strict=True)
    ]
    receipts = xero.deliver(client, *writes)
    assert {item.outcome for item in receipts} == {"delivered"}
    assert xero.live(books) == {
        "POS-2010-12-01": ("ACCREC", Decimal("5.00")),
        "POS-2010-12-02": ("ACCRECCREDIT", Decimal("7.25")),
        "POS-2010-12-03": ("ACCREC", Decimal("0.00")),
    }
    assert len({item.idempotency_key for item in books.journal()}) == 2
    assert xero.deliver(client, *writes) == []


def test_a_corrected_day_updates_its_document(books: Emulator, client: XeroClient) -> None:
    first = xero.deliver(client, xero.write(xero.content("2010-12-01", "5.00")))
    second = xero.deliver(client, xero.write(xero.content("2010-12-01", "5.00", "1.00")))
    assert first[0].destination_id == second[0].destination_id
    assert effects(books) == ["created invoice", "updated invoice"]
    assert xero.live(books) == {"POS-2010-12-01": ("ACCREC", Decimal("6.00"))}


def test_a_change_of_sign_and_back_leaves_one_live_document(
    books: Emulator, client: XeroClient
) -> None:
    for amount in ("5.00", "-5.00", "5.00"):
        receipts = xero.deliver(client, xero.write(xero.content("2010-12-01", amount)))
        assert [item.outcome for item in receipts] == ["delivered"]
    assert effects(books) == [
        "created invoice", "voided invoice", "created credit_note", "voided credit_note",
        "created invoice",
    ]  # fmt: skip
    assert xero.live(books) == {"POS-2010-12-01": ("ACCREC", Decimal("5.00"))}


def test_a_document_is_voided_under_its_own_number_when_xero_will_not_renumber_it(
    books: Emulator, client: XeroClient
) -> None:
    xero.deliver(client, xero.write(xero.content("2010-12-01", "5.00")))
    books.faults.add(Fault("status_before", method="POST", path="Invoices/", status=400))
    receipts = xero.deliver(client, xero.write(xero.content("2010-12-01", "-5.00")))
    assert [item.outcome for item in receipts] == ["delivered"]
    assert [item.number for item in books.journal()] == ["POS-2010-12-01"] * 3
    back = xero.deliver(client, xero.write(xero.content("2010-12-01", "5.00")))
    assert [(item.outcome, item.cause) for item in back] == [("rejected", "number_taken")]


def test_both_kinds_at_once_are_brought_down_to_the_wanted_one(
    books: Emulator, client: XeroClient
) -> None:
    client.deliver("documents", [xero.write(xero.content("2010-12-01", "-5.00"))])
    client.deliver("documents", [xero.write(xero.content("2010-12-01", "5.00"))])
    found = client.look_up("documents", ["POS-2010-12-01"])["POS-2010-12-01"]
    assert (len(found.destination_ids), found.digest) == (2, "")
    xero.deliver(client, xero.write(xero.content("2010-12-01", "5.00")))
    assert xero.live(books) == {"POS-2010-12-01": ("ACCREC", Decimal("5.00"))}


def test_a_number_that_somebody_doubled_is_left_alone(books: Emulator, client: XeroClient) -> None:
    found = Found(("invoice:a", "invoice:b"), "")
    receipts = client.deliver("documents", [xero.write(xero.content(), found=found)])
    assert [(item.outcome, item.cause) for item in receipts] == [
        ("rejected", "doubled_at_destination")
    ]
    assert books.journal() == []


@pytest.mark.parametrize("lost", ["reset_after", "status_after", "cut_body", "bad_json"])
@pytest.mark.parametrize("amounts", [("5.00",), ("5.00", "6.00"), ("5.00", "-5.00")])
def test_an_answer_lost_after_the_effect_doubles_nothing(
    books: Emulator, client: XeroClient, lost: str, amounts: tuple[str, ...]
) -> None:
    for amount in amounts[:-1]:
        xero.deliver(client, xero.write(xero.content("2010-12-01", amount)))
    wanted = xero.write(xero.content("2010-12-01", amounts[-1]))
    books.faults.add(Fault(lost, method="POST", path="api.xro"))  # type: ignore[arg-type]
    with pytest.raises(Unanswered):
        xero.deliver(client, wanted)
    xero.deliver(client, wanted)
    assert xero.deliver(client, wanted) == []
    assert max(Counter(effects(books)).values()) == 1
    assert xero.live(books)["POS-2010-12-01"][1] == abs(Decimal(amounts[-1]))


@pytest.mark.parametrize("lost", ["reset_before", "status_before"])
def test_a_request_lost_before_its_effect_is_unanswered_and_can_be_repeated(
    books: Emulator, client: XeroClient, lost: str
) -> None:
    wanted = xero.write(xero.content())
    books.faults.add(Fault(lost, method="POST", path="api.xro"))  # type: ignore[arg-type]
    with pytest.raises(Unanswered):
        xero.deliver(client, wanted)
    assert books.journal() == []
    assert [item.outcome for item in xero.deliver(client, wanted)] == ["delivered"]


def test_the_same_batch_sent_blindly_again_has_no_second_effect(
    books: Emulator, client: XeroClient
) -> None:
    some = [xero.write(xero.content(day)) for day in DAYS[:2]]
    first = client.deliver("documents", some)
    again = client.deliver("documents", some[::-1])
    assert sorted(map(repr, first)) == sorted(map(repr, again))
    assert effects(books) == ["created invoice"] * 2
    client.deliver("documents", [*some, xero.write(xero.content(DAYS[2]))])
    assert len({item.idempotency_key for item in books.journal()}) == 2


def test_each_document_of_a_batch_is_settled_by_its_own_answer(
    books: Emulator, client: XeroClient
) -> None:
    books.faults.add(Fault("refuse_some", method="POST", path="Invoices"))
    writes = [xero.write(xero.content(day)) for day in DAYS]
    outcomes = {item.write_id: item for item in xero.deliver(client, *writes)}
    assert [outcomes[write.write_id].outcome for write in writes] == [
        "delivered", "rejected", "delivered",
    ]  # fmt: skip
    assert outcomes[writes[1].write_id].cause == "validation_refused"
    assert sorted(xero.live(books)) == ["POS-2010-12-01", "POS-2010-12-03"]


def test_a_batch_refused_as_a_whole_is_tried_one_by_one(
    books: Emulator, client: XeroClient
) -> None:
    books.faults.add(Fault("status_before", method="POST", path="Invoices", status=400, times=2))
    writes = [xero.write(xero.content(day)) for day in DAYS]
    receipts = {item.write_id: item.outcome for item in xero.deliver(client, *writes)}
    assert [receipts[write.write_id] for write in writes] == ["rejected", "delivered", "delivered"]


def test_a_document_that_xero_will_not_take_is_rejected_with_cause_and_remedy(
    books: Emulator, client: XeroClient
) -> None:
    strange = xero.content("2010-12-01", "12.34")
    strange["lines"][0]["account"] = "999"
    [receipt] = xero.deliver(client, xero.write(strange))
    assert (receipt.outcome, receipt.cause) == ("rejected", "account_unknown")
    assert "replay" in receipt.remedy
    assert "999" not in receipt.detail
    books.lock(date(2010, 12, 31))
    [locked] = xero.deliver(client, xero.write(xero.content()))
    assert locked.cause == "period_locked"
    assert books.journal() == []


def test_a_document_with_a_payment_is_neither_changed_nor_voided(
    books: Emulator, client: XeroClient
) -> None:
    xero.deliver(client, xero.write(xero.content("2010-12-01", "5.00")))
    books.pay("POS-2010-12-01", Decimal("1.00"))
    for amount in ("6.00", "-6.00"):
        [receipt] = xero.deliver(client, xero.write(xero.content("2010-12-01", amount)))
        assert (receipt.outcome, receipt.cause) == ("rejected", "has_payments")
    assert xero.live(books) == {"POS-2010-12-01": ("ACCREC", Decimal("5.00"))}


def test_trouble_midway_leaves_one_write_open_and_the_rest_to_be_sent_again(
    books: Emulator, client: XeroClient
) -> None:
    xero.deliver(client, *(xero.write(xero.content(day, "5.00")) for day in DAYS))
    found = client.look_up("documents", [f"POS-{day}" for day in DAYS])
    writes = [
        xero.write(xero.content(day, "6.00"), found=found[f"POS-{day}"], write_id=day)
        for day in DAYS
    ]
    ids = [found[write.key].destination_ids[0].partition(":")[2] for write in writes]
    books.faults.add(Fault("reset_after", method="POST", path=ids[1]))
    receipts = {item.write_id: item for item in client.deliver("documents", writes)}
    assert {key: item.outcome for key, item in receipts.items()} == {
        DAYS[0]: "delivered",
        DAYS[2]: "retry",
    }
    assert receipts[DAYS[2]].cause == "not_sent"


def test_a_document_that_vanished_meanwhile_is_to_be_looked_up_again(client: XeroClient) -> None:
    found = Found((f"invoice:{ID}",), "")
    [receipt] = client.deliver("documents", [xero.write(xero.content(), found=found)])
    assert receipt.outcome == "gone"


def test_a_document_of_the_other_kind_that_vanished_meanwhile_needs_no_voiding(
    books: Emulator, client: XeroClient
) -> None:
    found = Found((f"credit_note:{ID}",), "")
    [receipt] = client.deliver("documents", [xero.write(xero.content(), found=found)])
    assert receipt.outcome == "delivered"
    assert effects(books) == ["created invoice"]


def test_a_refusal_of_us_as_such_stops(books: Emulator, client: XeroClient) -> None:
    books.revoke()
    with pytest.raises(Stop, match="client id and secret"):
        client.deliver("documents", [xero.write(xero.content())])


def test_too_many_calls_are_repeated_after_the_wait_that_xero_asks_for(
    books: Emulator, client: XeroClient
) -> None:
    books.faults.add(Fault("too_many", method="POST", path="api.xro", seconds=1, times=2))
    assert xero.deliver(client, xero.write(xero.content()))[0].outcome == "delivered"
    books.faults.add(Fault("too_many", method="POST", path="api.xro", seconds=9000))
    with pytest.raises(Retry) as caught:
        xero.deliver(client, xero.write(xero.content("2010-12-02")))
    assert (caught.value.retry_after, type(caught.value)) == (9000, Retry)


def test_a_token_that_expires_midway_is_renewed(books: Emulator, client: XeroClient) -> None:
    xero.deliver(client, xero.write(xero.content("2010-12-01")))
    books.faults.add(Fault("expired_token", method="POST", path="api.xro"))
    assert xero.deliver(client, xero.write(xero.content("2010-12-02")))[0].outcome == "delivered"
    assert effects(books) == ["created invoice"] * 2
