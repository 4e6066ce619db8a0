"""Reading Stripe's customers: all of them by cursor, and what events tell of since a position."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import stamina

from accord.emulation.faults import Fault
from accord.emulation.server import Request, Response, Server
from accord.errors import Retry, Stop
from accord.records import Window
from systems.stripe.client import StripeClient
from systems.stripe.emulator import Emulator
from systems.stripe.reading import Position
from tests.support import stripe
from tests.support.stripe import KIND, Clock

DAY = 86_400


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    stamina.set_testing(True, attempts=2, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def there(tmp_path: Path, clock: Clock) -> Iterator[Emulator]:
    with stripe.emulator(tmp_path, clock) as running:
        yield running


@pytest.fixture
def client(there: Emulator, clock: Clock) -> Iterator[StripeClient]:
    with stripe.client(there, clock) as made:
        yield made


def intercept(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[str, Response], Response]
) -> list[str]:
    """Let answers be changed on their way; return the list of what is asked for from then on."""
    asked: list[str] = []
    plainly = Server.answer

    def changed(self: Server, method: str, target: str, *rest: Any) -> Response:
        asked.append(target)
        return change(target, plainly(self, method, target, *rest))

    monkeypatch.setattr(Server, "answer", changed)
    return asked


def customer(seen: stripe.Seen, key: str) -> dict[str, object]:
    return dict(json.loads(seen.payloads[key]))


def test_every_customer_is_read_with_its_tax_ids(there: Emulator, client: StripeClient) -> None:
    seen = stripe.whole(client)
    assert set(seen.payloads) == {it["id"] for it in there.customers()}
    told = {it["id"]: [tax_id["value"] for tax_id in it["tax_ids"]] for it in there.customers()}
    shown = {
        key: [it["value"] for it in json.loads(payload)["tax_ids"]["data"]]
        for key, payload in seen.payloads.items()
    }
    assert shown == told
    assert any(told.values())


def test_the_version_of_the_api_is_named_in_every_request(
    there: Emulator, client: StripeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions: set[str | None] = set()
    take = there.faults.take

    def noted(request: Request) -> Fault | None:
        versions.add(request.headers.get("stripe-version"))
        return take(request)

    monkeypatch.setattr(there.faults, "take", noted)
    stripe.whole(client)
    stripe.delivered(client, stripe.content())
    assert versions == {"2023-08-16"}


def test_a_customer_deleted_while_paging_costs_no_other(
    there: Emulator, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stripe.client(there, clock, page_records=3) as client:
        [piece] = client.slices(KIND, Window())
        pages = iter(client.read(KIND, piece).pages)
        first = next(pages)
        there.erase(KIND, first.records[-1].key)
        rest = [record.key for page in pages for record in page.records]
    keys = [*(record.key for record in first.records), *rest]
    assert len(keys) == len(set(keys))
    assert {it["id"] for it in there.customers()} == set(keys) - {first.records[-1].key}


def test_a_page_of_which_nothing_is_left_is_read_again(there: Emulator, clock: Clock) -> None:
    with stripe.client(there, clock, page_records=1) as client:
        [piece] = client.slices(KIND, Window())
        pages = iter(client.read(KIND, piece).pages)
        there.erase(KIND, next(pages).records[0].key)
        with pytest.raises(Retry, match="run again"):
            next(pages)


def test_what_changes_while_all_is_read_is_told_afterwards(there: Emulator, clock: Clock) -> None:
    with stripe.client(there, clock, page_records=3) as client:
        [piece] = client.slices(KIND, Window())
        reading = client.read(KIND, piece)
        pages = iter(reading.pages)
        [changed, *_] = next(pages).records
        there.edit(KIND, changed.key, name="Another Name")
        added = there.add(KIND)
        assert added not in {record.key for page in pages for record in page.records}
        told = stripe.changes(client, reading.position)
    assert {changed.key, added} <= set(told.payloads)
    assert customer(told, changed.key)["name"] == "Another Name"


def test_the_same_customer_has_the_same_payload_whichever_way_it_is_read(
    there: Emulator, client: StripeClient
) -> None:
    before = stripe.whole(client)
    for key in before.payloads:
        there.edit(KIND, key)
    told = stripe.changes(client, before.position)
    assert told.payloads == stripe.whole(client).payloads
    assert b"\n" not in next(iter(told.payloads.values()))


def test_events_of_one_second_are_all_told_and_told_once(
    there: Emulator, client: StripeClient, clock: Clock
) -> None:
    position = stripe.whole(client).position
    first = there.add(KIND)
    one = stripe.changes(client, position)
    second = there.add(KIND)  # the clock has not moved
    two = stripe.changes(client, one.position)
    assert (list(one.payloads), list(two.payloads)) == ([first], [second])
    assert stripe.changes(client, two.position).payloads == {}


def test_an_event_that_shows_late_is_told_all_the_same(
    there: Emulator, client: StripeClient, clock: Clock
) -> None:
    position = stripe.whole(client).position
    clock.pass_by(60)
    there.add(KIND)
    seen = stripe.changes(client, position)
    clock.pass_by(-5)
    late = there.add(KIND)
    assert list(stripe.changes(client, seen.position).payloads) == [late]


def test_however_events_are_ordered_the_customer_is_told_as_it_is(
    there: Emulator, client: StripeClient, clock: Clock
) -> None:
    position = stripe.whole(client).position
    key = there.add(KIND)
    clock.pass_by(5)
    there.edit(KIND, key, name="First")
    clock.pass_by(-3)  # the newer change has the older event
    there.edit(KIND, key, name="Second")
    told = stripe.changes(client, position)
    assert [customer(told, name)["name"] for name in told.payloads] == ["Second"]


def test_a_customer_deleted_after_it_changed_is_only_removed(
    there: Emulator, client: StripeClient, clock: Clock
) -> None:
    position = stripe.whole(client).position
    key, brief = min(stripe.whole(client).payloads), there.add(KIND)
    there.edit(KIND, key)
    for gone in (key, brief):
        there.erase(KIND, gone)
    told = stripe.changes(client, position)
    assert (sorted(told.removed), told.payloads) == (sorted([key, brief]), {})


def test_a_customer_gone_before_it_could_be_read_is_removed(
    there: Emulator, client: StripeClient, clock: Clock
) -> None:
    position = stripe.whole(client).position
    key = min(stripe.whole(client).payloads)
    there.edit(KIND, key)
    # Its deletion, between the list of events and this, is the next event.
    there.faults.add(Fault("status_before", method="GET", path=key, status=404))
    assert stripe.changes(client, position).removed == [key]


def test_many_changes_are_read_from_the_list_and_each_once(
    there: Emulator, client: StripeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("systems.stripe.reading._MANY", 20)
    position = stripe.whole(client).position
    keys = sorted(stripe.whole(client).payloads)
    for key in keys[:30]:
        there.edit(KIND, key)
    there.erase(KIND, keys[3])
    asked = intercept(monkeypatch, lambda _, given: given)
    told = stripe.changes(client, position)
    assert (sorted(told.payloads), told.removed) == ([*keys[:3], *keys[4:30]], [keys[3]])
    assert len(asked) == 2
    assert told.payloads.items() <= stripe.whole(client).payloads.items()


def test_a_new_tax_id_is_a_change_of_its_customer(there: Emulator, client: StripeClient) -> None:
    position = stripe.whole(client).position
    key = there.add(KIND)
    position = stripe.changes(client, position).position
    there.give_tax_id(key, "gb_vat", "GB980780684")
    told = stripe.changes(client, position)
    assert b"GB980780684" in told.payloads[key]


def test_a_position_older_than_the_events_asks_for_a_whole_reading(
    there: Emulator, client: StripeClient, clock: Clock
) -> None:
    there.add(KIND)
    position = stripe.whole(client).position
    clock.pass_by(29 * DAY)
    assert stripe.changes(client, position).position
    clock.pass_by(DAY)
    with pytest.raises(Stop, match="read the stream whole"):
        client.changes(KIND, position)


def test_where_nothing_has_happened_for_long_a_position_can_still_be_followed(
    there: Emulator, client: StripeClient, clock: Clock
) -> None:
    clock.pass_by(400 * DAY)
    position = stripe.whole(client).position
    assert stripe.changes(client, position).payloads == {}
    key = there.add(KIND)
    assert list(stripe.changes(client, position).payloads) == [key]


def test_a_position_reads_as_it_was_written() -> None:
    position = Position(1_700_000_000, frozenset({"evt_b", "evt_a"}))
    assert str(position) == "1700000000:evt_a,evt_b"
    assert Position.parsed(str(position)) == position
    assert Position.parsed("1700000000:") == Position(1_700_000_000)


@pytest.mark.parametrize("text", ["", "soon", "-1:evt", "1700000000", "²:"])
def test_a_position_nobody_gave_is_refused(text: str) -> None:
    with pytest.raises(Stop):
        Position.parsed(text)


def test_the_piece_changes_its_signature_with_every_event(
    there: Emulator, client: StripeClient
) -> None:
    signatures = []
    for _ in range(2):
        there.add(KIND)
        [piece] = client.slices(KIND, Window())
        signatures.append(piece.signature)
    assert len(set(signatures)) == 2


def test_a_customer_that_breaks_the_contract_is_rejected_alone(
    there: Emulator, client: StripeClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = there.add(KIND)  # the one that has no e-mail address

    def spoilt(_: str, given: Response) -> Response:
        return replace(given, body=given.body.replace(b'"email": null', b'"email": 7'))

    intercept(monkeypatch, spoilt)
    seen = stripe.whole(client)
    assert seen.rejected == ["not_a_text"]
    assert key not in seen.payloads


def test_a_final_failure_is_not_asked_for_again(
    client: StripeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    final = Response(500, b"{}", {"Stripe-Should-Retry": "false"})
    asked = intercept(monkeypatch, lambda _, __: final)
    with pytest.raises(Retry, match="asks not to repeat"):
        list(client.slices(KIND, Window()))
    assert len(asked) == 1
