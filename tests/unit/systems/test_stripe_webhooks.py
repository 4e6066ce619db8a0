"""Messages from Stripe: only what Stripe signed, and only while it is fresh, is believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from accord.errors import Park, Stop
from accord.records import Notice
from accord.secrets import Secret
from systems.stripe.client import StripeClient, connect
from systems.stripe.emulator import Emulator
from systems.stripe.reading import newest_event
from systems.stripe.remote import Account
from systems.stripe.webhooks import signed
from tests.support import stripe
from tests.support.stripe import Clock

NOW = datetime.fromtimestamp(stripe.NOON, UTC)
OURS, ROLLED = Secret(stripe.SECRET), Secret("whsec_the_next")


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Emulator]:
    with stripe.emulator(tmp_path, Clock()) as running:
        yield running


@pytest.fixture
def client(there: Emulator) -> Iterator[StripeClient]:
    with stripe.client(there, Clock()) as made:
        yield made


def posted(
    there: Emulator, *secrets: Secret, at: int = int(stripe.NOON)
) -> tuple[str, Mapping[str, str], bytes]:
    """A new event with what Stripe posts of it."""
    there.add("customers")
    account = Account(stripe.connection(there.url))
    newest = newest_event(account)
    account.close()
    assert newest
    headers, body = there.webhook(newest.id, *secrets, at=at)
    return newest.id, headers, body


def cause(client: StripeClient, headers: Mapping[str, str], body: bytes) -> str:
    with pytest.raises(Park) as raised:
        client.notified(headers, body, now=NOW)
    return raised.value.cause


def test_a_signed_and_fresh_message_names_the_stream(there: Emulator, client: StripeClient) -> None:
    event_id, headers, body = posted(there)
    assert client.notified(headers, body, now=NOW) == [Notice(event_id, "customers")]


def test_while_a_secret_is_rolled_either_signature_will_do(
    there: Emulator, client: StripeClient
) -> None:
    event_id, headers, body = posted(there, ROLLED, OURS)
    assert headers["stripe-signature"].count("v1=") == 2
    assert client.notified(headers, body, now=NOW) == [Notice(event_id, "customers")]


def test_a_message_signed_with_another_secret_is_parked(
    there: Emulator, client: StripeClient
) -> None:
    _, headers, body = posted(there, ROLLED)
    assert cause(client, headers, body) == "webhook_forged"


def test_a_body_that_was_changed_on_the_way_is_parked(
    there: Emulator, client: StripeClient
) -> None:
    _, headers, body = posted(there)
    assert cause(client, headers, body.replace(b"customer.created", b"customer.deleted")) == (
        "webhook_forged"
    )


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_message_from_another_time_is_parked(
    there: Emulator, client: StripeClient, seconds: int
) -> None:
    _, headers, body = posted(there, at=int(stripe.NOON) + seconds)
    assert cause(client, headers, body) == "webhook_stale"


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_either_way_are_tolerated(
    there: Emulator, client: StripeClient, seconds: int
) -> None:
    _, headers, body = posted(there, at=int(stripe.NOON) + seconds)
    assert client.notified(headers, body, now=NOW)


@pytest.mark.parametrize(
    "header", ["", "t=1", "v1=00", "t=now,v1=00", "t=1,t=2,v1=00", "t=²,v1=00", "v0=00,t=1"]
)
def test_a_header_that_is_none_is_parked(client: StripeClient, header: str) -> None:
    assert cause(client, {"stripe-signature": header}, b"{}") == "webhook_unsigned"


def test_a_signature_of_other_letters_is_parked(client: StripeClient) -> None:
    header = f"t={int(stripe.NOON)},v1=é"
    assert cause(client, {"stripe-signature": header}, b"{}") == "webhook_forged"


def test_what_was_signed_long_ago_may_not_be_sent_again(
    there: Emulator, client: StripeClient
) -> None:
    _, headers, body = posted(there)
    with pytest.raises(Park) as raised:
        client.notified(headers, body, now=NOW + timedelta(hours=1))
    assert raised.value.cause == "webhook_stale"


def test_an_event_about_something_else_is_no_notice(client: StripeClient) -> None:
    body = b'{"id": "evt_1", "type": "invoice.paid", "created": 1, "data": {"object": {}}}'
    headers = {"stripe-signature": signed(body, OURS, at=int(stripe.NOON))}
    assert client.notified(headers, body, now=NOW) == []


def test_a_signed_message_that_is_no_event_is_parked(client: StripeClient) -> None:
    headers = {"stripe-signature": signed(b"[]", OURS, at=int(stripe.NOON))}
    assert cause(client, headers, b"[]") == "webhook_unreadable"


def test_without_a_secret_nothing_is_believed(there: Emulator) -> None:
    _, headers, body = posted(there)
    client = connect(stripe.connection(there.url, webhook_secret=""))
    with pytest.raises(Stop, match="ACCORD_STRIPE_WEBHOOK_SECRET"):
        client.notified(headers, body, now=NOW)
    assert [it.detail for it in client.health() if it.name == "webhooks"] == [
        "no secret is set: changes are asked for"
    ]
    client.close()
