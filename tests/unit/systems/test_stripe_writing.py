"""Writing to Stripe: one effect a write, whatever the search does not know and whatever is lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina
from msgspec.structs import replace

from accord.emulation.faults import Fault
from accord.emulation.server import Request, Response, Server, json_response
from accord.errors import Retry, Stop, Unanswered
from accord.records import Found
from systems.stripe.client import StripeClient
from systems.stripe.customers import creating
from systems.stripe.emulator import REAL_LIMITS, Behaviour, Emulator
from tests.support import stripe
from tests.support.stripe import KIND, Clock

LAG = 60.0
HOUR = 3600.0


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    stamina.set_testing(True, attempts=3, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def there(tmp_path: Path, clock: Clock) -> Iterator[Emulator]:
    with stripe.emulator(tmp_path, clock, behaviour=Behaviour(search_lag=LAG)) as running:
        yield running


@pytest.fixture
def client(there: Emulator, clock: Clock) -> Iterator[StripeClient]:
    with stripe.client(there, clock) as made:
        yield made


def test_a_customer_is_made_once_with_what_stripe_owns(
    there: Emulator, client: StripeClient
) -> None:
    seed = {"billing_city": "Hull", "tax_id": "GB980780684", "payment_terms_days": 30}
    wanted = stripe.write(seed=seed)
    for _ in range(2):
        [receipt] = client.deliver(KIND, [wanted])
    [made] = stripe.under(there, "g-1")
    assert receipt.destination_id == made["id"]
    assert (made["address"]["city"], made["metadata"]["payment_terms_days"]) == ("Hull", "30")
    assert [tax_id["value"] for tax_id in made["tax_ids"]] == ["GB980780684"]
    assert stripe.effects(there, wanted.write_id) == ["created"]


def test_an_update_leaves_what_stripe_owns_alone(there: Emulator, client: StripeClient) -> None:
    customer_id = stripe.delivered(client, stripe.content())
    there.edit(KIND, customer_id, address={"city": "York"}, metadata={"theirs": "x"})
    write = stripe.write(stripe.content(name="Ida Brandt-Holm"), seed={"billing_city": "Hull"})
    [receipt] = stripe.deliver(client, write)
    [customer] = stripe.under(there, "g-1")
    assert (receipt.destination_id, customer["name"]) == (customer_id, "Ida Brandt-Holm")
    assert (customer["address"]["city"], customer["metadata"]["theirs"]) == ("York", "x")


@pytest.mark.parametrize("seconds", [0, 5, LAG + 5, 2 * HOUR])
def test_another_process_finds_what_was_just_made(
    there: Emulator, clock: Clock, client: StripeClient, seconds: float
) -> None:
    customer_id = stripe.delivered(client, stripe.content())
    clock.pass_by(seconds)
    with stripe.client(there, clock) as other:
        assert other.look_up(KIND, ["g-1"]) == {"g-1": Found((customer_id,), stripe.write().digest)}


@pytest.mark.parametrize("seconds", [0, LAG + 5])
def test_another_process_sees_what_was_just_changed(
    there: Emulator, clock: Clock, client: StripeClient, seconds: float
) -> None:
    customer_id = stripe.delivered(client, stripe.content())
    clock.pass_by(HOUR)
    with stripe.client(there, clock) as other:
        there.edit(KIND, customer_id, name="Somebody Else")
        clock.pass_by(seconds)
        for process in (client, other):
            found = process.look_up(KIND, ["g-1"])["g-1"]
            assert found.digest == stripe.write(stripe.content(name="Somebody Else")).digest


def test_a_customer_adopted_just_now_is_found_by_another_process(
    there: Emulator, clock: Clock, client: StripeClient
) -> None:
    placed = there.place(KIND, stripe.content())
    clock.pass_by(3 * HOUR)
    assert stripe.delivered(client, stripe.content()) == placed
    with stripe.client(there, clock) as other:
        assert other.look_up(KIND, ["g-1"])["g-1"].destination_ids == (placed,)


def test_a_customer_under_another_key_by_now_is_not_found(
    there: Emulator, clock: Clock, client: StripeClient
) -> None:
    customer_id = stripe.delivered(client, stripe.content())
    clock.pass_by(HOUR)
    there.edit(KIND, customer_id, metadata={"accord_id": "g-2"})
    found = client.look_up(KIND, ["g-1", "g-2"])
    assert {key: item.destination_ids for key, item in found.items()} == {"g-2": (customer_id,)}


def test_a_customer_whose_key_was_taken_away_is_not_found(
    there: Emulator, clock: Clock, client: StripeClient
) -> None:
    customer_id = stripe.delivered(client, stripe.content())
    clock.pass_by(2 * HOUR)
    there.edit(KIND, customer_id, metadata={"accord_id": ""})
    with stripe.client(there, clock) as other:
        assert other.look_up(KIND, ["g-1"]) == {}


@pytest.mark.parametrize("seconds", [0.0, 30.0, HOUR / 3, HOUR])
def test_a_customer_that_people_deleted_is_not_found_while_the_events_tell_of_it(
    there: Emulator, clock: Clock, client: StripeClient, seconds: float
) -> None:
    [made] = client.deliver(KIND, [stripe.write()])
    clock.pass_by(3 * HOUR)
    there.erase(KIND, made.destination_id)
    clock.pass_by(seconds)
    with stripe.client(there, clock) as other:
        assert other.look_up(KIND, ["g-1"]) == client.look_up(KIND, ["g-1"]) == {}


def test_a_new_customer_is_found_though_its_event_is_late_too(
    there: Emulator, clock: Clock, client: StripeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer_id = stripe.delivered(client, stripe.content())
    plainly = Server.answer
    none = json_response(200, {"object": "list", "data": [], "has_more": False, "url": "/"})

    def late(self: Server, method: str, target: str, *rest: Any) -> Response:
        is_event = target.startswith("/v1/events")
        return none if is_event else plainly(self, method, target, *rest)

    monkeypatch.setattr(Server, "answer", late)
    with stripe.client(there, clock) as other:
        assert other.look_up(KIND, ["g-1"])["g-1"].destination_ids == (customer_id,)


@pytest.mark.parametrize("kind", ["reset_after", "status_after", "cut_body", "bad_json"])
def test_a_lost_answer_is_looked_up_and_doubles_nothing(
    there: Emulator, clock: Clock, client: StripeClient, kind: str
) -> None:
    write = stripe.write()
    there.faults.add(Fault(kind, method="POST"))  # type: ignore[arg-type]
    with pytest.raises(Unanswered):
        client.deliver(KIND, [write])
    newer = stripe.write(stripe.content(name="Ida Holm"))
    with stripe.client(there, clock) as after_a_crash:
        [receipt] = stripe.deliver(after_a_crash, newer)
    [customer] = stripe.under(there, "g-1")
    assert (receipt.outcome, customer["name"]) == ("delivered", "Ida Holm")
    assert stripe.effects(there, write.write_id) == ["created"]
    assert stripe.effects(there, newer.write_id) == ["updated"]


def test_a_write_repeated_within_a_day_has_no_second_effect(
    there: Emulator, clock: Clock, client: StripeClient
) -> None:
    write = stripe.write()
    client.deliver(KIND, [write])
    clock.pass_by(23 * HOUR)
    client.deliver(KIND, [write])
    assert len(stripe.under(there, "g-1")) == 1


def test_a_request_under_way_is_waited_for_and_then_unanswered(
    there: Emulator, client: StripeClient
) -> None:
    write = stripe.write()
    there.hold(write.write_id)
    with pytest.raises(Unanswered, match="same idempotency key"):
        client.deliver(KIND, [write])
    there.hold(write.write_id, held=False)
    assert client.deliver(KIND, [write])[0].outcome == "delivered"


def test_a_failure_that_is_kept_is_got_round_with_another_key(
    there: Emulator, client: StripeClient
) -> None:
    write = stripe.write()
    there.spoil(write.write_id, creating(write.content, write.seed))
    [receipt] = client.deliver(KIND, [write])
    assert receipt.outcome == "delivered"
    assert stripe.effects(there, write.write_id) == ["created"]


def test_a_customer_deleted_since_is_made_anew_by_the_same_write(
    there: Emulator, client: StripeClient
) -> None:
    write = stripe.write()
    [first] = client.deliver(KIND, [write])
    there.erase(KIND, first.destination_id)
    [second] = client.deliver(KIND, [write])
    assert second.outcome == "delivered"
    assert [it["id"] for it in stripe.under(there, "g-1")] == [second.destination_id]


def test_the_same_key_for_another_request_is_a_clash(there: Emulator, client: StripeClient) -> None:
    write = stripe.write()
    client.deliver(KIND, [write])
    [receipt] = client.deliver(KIND, [replace(write, content=stripe.content(name="Other"))])
    assert (receipt.outcome, receipt.cause) == ("rejected", "idempotency_clash")
    assert len(stripe.under(there, "g-1")) == 1


@pytest.mark.parametrize(
    ("wanted", "seed", "cause"),
    [
        ({"email": "not an address"}, {}, "email_refused"),
        ({"name": "n" * 257}, {}, "validation_refused"),
        ({"phone": "+44 117 496 0101 ext. 12"}, {}, "validation_refused"),
        ({}, {"tax_id": "GB12"}, "tax_id_refused"),
    ],
)
def test_a_refusal_names_cause_and_parameter_but_no_value(
    client: StripeClient, wanted: dict[str, str], seed: dict[str, str], cause: str
) -> None:
    [receipt] = client.deliver(KIND, [stripe.write(stripe.content(**wanted), seed=seed)])
    assert (receipt.outcome, receipt.cause) == ("rejected", cause)
    assert receipt.remedy
    assert "Request-Id req_" in receipt.detail
    assert not [value for value in (*wanted.values(), *seed.values()) if value in receipt.detail]


def test_a_declined_payment_method_is_told_as_such(there: Emulator, client: StripeClient) -> None:
    there.faults.add(Fault("refuse_some", method="POST"))
    [receipt] = client.deliver(KIND, [stripe.write()])
    assert (receipt.outcome, receipt.cause) == ("rejected", "payment_refused")


def test_one_refused_write_keeps_no_other_back(there: Emulator, client: StripeClient) -> None:
    writes = [stripe.write(stripe.content(f"g-{number}")) for number in range(12)]
    writes[3] = stripe.write(stripe.content("g-3", email="nowhere"))
    outcomes = {it.write_id: it.outcome for it in client.deliver(KIND, writes)}
    assert [outcomes.pop(writes[3].write_id), *set(outcomes.values())] == ["rejected", "delivered"]


def test_after_a_failure_what_was_not_sent_is_said_to_wait(there: Emulator, clock: Clock) -> None:
    writes = [stripe.write(stripe.content(f"g-{number}")) for number in range(4)]
    with stripe.client(there, clock, concurrent=1) as client:
        there.faults.add(Fault("reset_after", method="POST"))
        receipts = {it.write_id: it.outcome for it in client.deliver(KIND, writes)}
    assert [receipts.get(it.write_id) for it in writes] == [None, "retry", "retry", "retry"]
    assert len(there.journal()) == len(there.customers())


def test_several_requests_are_under_way_at_once(
    there: Emulator, client: StripeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = threading.Barrier(4, timeout=10)

    def met(_: object) -> None:
        meeting.wait()

    monkeypatch.setattr(there.faults, "take", met)
    writes = [stripe.write(stripe.content(f"g-{number}")) for number in range(8)]
    assert {it.outcome for it in client.deliver(KIND, writes)} == {"delivered"}


def test_what_is_beyond_the_limit_waits_and_is_not_lost(tmp_path: Path, clock: Clock) -> None:
    with (
        stripe.emulator(tmp_path, clock, behaviour=Behaviour(limits=REAL_LIMITS)) as there,
        stripe.client(there, clock) as client,
    ):
        writes = [stripe.write(stripe.content(f"g-{number}")) for number in range(102)]
        receipts = {it.write_id: it.outcome for it in client.deliver(KIND, writes)}
        assert sorted(receipts.values()).count("delivered") == 100
        clock.pass_by(2)
        late = [it for it in writes if receipts.get(it.write_id) != "delivered"]
        assert {it.outcome for it in client.deliver(KIND, late)} == {"delivered"}
        assert len(there.journal()) - len(there.customers()) == 0


def test_being_asked_for_less_is_no_failure_of_the_system(
    there: Emulator, client: StripeClient
) -> None:
    there.faults.add(Fault("too_many", method="POST", times=50))
    with pytest.raises(Retry) as raised:
        client.deliver(KIND, [stripe.write()])
    assert raised.value.is_limit
    assert not stripe.under(there, "g-1")


@pytest.mark.parametrize("how", ["revoked", "restricted"])
def test_a_key_that_may_not_is_a_matter_for_a_person(
    there: Emulator, client: StripeClient, how: str
) -> None:
    if how == "revoked":
        there.revoke()
    else:
        there.restrict("customers")
    with pytest.raises(Stop):
        client.deliver(KIND, [stripe.write()])
    with pytest.raises(Stop):
        client.look_up(KIND, ["g-1"])
    assert [it.name for it in client.health() if not it.healthy] == ["customers"]


def test_two_customers_under_one_key_are_told_and_left_alone(
    there: Emulator, client: StripeClient, clock: Clock
) -> None:
    stripe.delivered(client, stripe.content())
    other = there.place(KIND, stripe.content("g-2"))
    there.edit(KIND, other, metadata={"accord_id": "g-1"})
    [receipt] = stripe.deliver(client, stripe.write(stripe.content(name="New")))
    assert (receipt.outcome, receipt.cause) == ("rejected", "doubled_at_destination")
    assert {it["name"] for it in stripe.under(there, "g-1")} == {"Ida Brandt"}


def test_a_person_and_a_company_with_one_address_are_not_the_same(
    there: Emulator, client: StripeClient
) -> None:
    there.place(KIND, stripe.content(name="Brandt Ltd") | {"kind": "organisation"})
    assert client.match(KIND, [stripe.write()]) == {}


def test_a_customer_that_says_no_kind_may_be_either(there: Emulator, client: StripeClient) -> None:
    placed = there.place(KIND, {"name": "Ida", "email": "g-1@post.example"})
    assert client.match(KIND, [stripe.write()])["g-1"].destination_ids == (placed,)


def test_the_id_decides_before_the_address(there: Emulator, client: StripeClient) -> None:
    there.place(KIND, stripe.content())
    placed = there.place(KIND, stripe.content("g-9"))
    write = stripe.write(destination_id=placed)
    assert client.match(KIND, [write])["g-1"].destination_ids == (placed,)


def test_an_archived_customer_comes_back_under_its_own_key_only(
    there: Emulator, client: StripeClient
) -> None:
    customer_id = stripe.delivered(client, stripe.content())
    [found] = client.look_up(KIND, ["g-1"]).values()
    client.remove(KIND, [stripe.write(found=found)], "archive")
    assert client.look_up(KIND, ["g-1"]) == {}
    assert client.match(KIND, [stripe.write(stripe.content("g-2", email="g-1@post.example"))]) == {}
    assert stripe.delivered(client, stripe.content()) == customer_id
    [customer] = stripe.under(there, "g-1")
    assert "accord_archived" not in customer["metadata"]


def test_a_key_with_a_quote_is_looked_up_like_any_other(
    there: Emulator, client: StripeClient, clock: Clock
) -> None:
    customer_id = stripe.delivered(client, stripe.content("g'1\\", email="q@post.example"))
    clock.pass_by(2 * HOUR)
    assert client.look_up(KIND, ["g'1\\"])["g'1\\"].destination_ids == (customer_id,)


@pytest.mark.parametrize("seconds", [30, 2 * HOUR])
def test_many_keys_are_looked_up_in_few_requests(
    there: Emulator,
    client: StripeClient,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
) -> None:
    keys = [f"g-{number:02}" for number in range(40)]
    client.deliver(KIND, [stripe.write(stripe.content(key)) for key in keys])
    clock.pass_by(seconds)
    asked: list[str] = []

    def noted(request: Request) -> None:
        asked.append(request.path)

    monkeypatch.setattr(there.faults, "take", noted)
    assert set(client.look_up(KIND, keys)) == set(keys)
    assert sorted(asked) == ["/v1/customers", *["/v1/customers/search"] * 4, "/v1/events"]


@pytest.mark.parametrize("names", [("A", "B"), ("B", "A")])
def test_of_two_changes_in_one_second_the_customer_itself_says_which_was_the_last(
    there: Emulator, client: StripeClient, clock: Clock, names: tuple[str, str]
) -> None:
    customer_id = stripe.delivered(client, stripe.content())
    clock.pass_by(30)
    for name in names:
        there.edit(KIND, customer_id, name=name)
    clock.pass_by(30)
    found = client.look_up(KIND, ["g-1"])["g-1"]
    assert found.digest == stripe.write(stripe.content(name=names[1])).digest
