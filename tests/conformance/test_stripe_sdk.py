"""The vendor's own SDK, pointed at our emulator, does there what it does at Stripe."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe as sdk

from accord.emulation.faults import Fault
from accord.secrets import Secret
from systems.stripe.emulator import Behaviour, Emulator
from tests.support import stripe
from tests.support.stripe import KIND, SECRET, Clock


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Emulator]:
    with stripe.emulator(
        tmp_path, Clock(time.time()), behaviour=Behaviour(search_lag=0)
    ) as running:
        yield running


@pytest.fixture
def client(there: Emulator) -> Iterator[sdk.StripeClient]:
    http = sdk.RequestsClient()
    yield sdk.StripeClient(
        SECRET, base_addresses={"api": there.url}, http_client=http, max_network_retries=0
    )
    http.close()


def test_a_customer_is_made_once_under_an_idempotency_key(client: sdk.StripeClient) -> None:
    made = [
        client.v1.customers.create(
            {"name": "Ida", "tax_id_data": [{"type": "gb_vat", "value": "GB980780684"}]},
            {"idempotency_key": "once"},
        )
        for _ in range(2)
    ]
    assert made[0].id == made[1].id
    assert (made[0].name, made[0].metadata.to_dict()) == ("Ida", {})
    with pytest.raises(sdk.IdempotencyError):
        client.v1.customers.create({"name": "Other"}, {"idempotency_key": "once"})


def test_all_customers_are_listed_over_many_pages(
    client: sdk.StripeClient, there: Emulator
) -> None:
    page = client.v1.customers.list({"limit": 7, "expand": ["data.tax_ids"]})
    listed = list(page.auto_paging_iter())
    assert [it.id for it in listed] == [it["id"] for it in there.customers()]
    assert any(it.tax_ids.data for it in listed)


def test_our_own_id_is_searched_for(client: sdk.StripeClient) -> None:
    made = client.v1.customers.create({"metadata": {"accord_id": "g-1"}})
    result = client.v1.customers.search({"query": "metadata['accord_id']:'g-1'"})
    assert [it.id for it in result.auto_paging_iter()] == [made.id]


def test_metadata_is_changed_and_a_customer_deleted(client: sdk.StripeClient) -> None:
    made = client.v1.customers.create({"metadata": {"a": "1"}, "address": {"city": "Hull"}})
    changed = client.v1.customers.update(made.id, {"metadata": {"a": "", "b": "2"}})
    assert (changed.metadata.to_dict(), changed.address.city) == ({"b": "2"}, "Hull")
    assert client.v1.customers.delete(made.id).deleted
    assert client.v1.customers.retrieve(made.id).deleted
    with pytest.raises(sdk.InvalidRequestError) as raised:
        client.v1.customers.update(made.id, {"name": "x"})
    assert (raised.value.code, raised.value.param) == ("resource_missing", "id")
    assert raised.value.request_id.startswith("req_")


def test_an_error_becomes_the_exception_it_is_at_stripe(
    client: sdk.StripeClient, there: Emulator
) -> None:
    there.faults.add(Fault("refuse_some", method="POST"))
    with pytest.raises(sdk.CardError):
        client.v1.customers.create({"name": "x"})
    there.hold("busy")
    with pytest.raises(sdk.APIError) as busy:  # its own class is for status 400 only
        client.v1.customers.create({"name": "x"}, {"idempotency_key": "busy"})
    assert (busy.value.http_status, busy.value.error.code) == (409, "idempotency_key_in_use")
    there.restrict("customers")
    with pytest.raises(sdk.PermissionError):
        client.v1.customers.list()
    there.revoke()
    with pytest.raises(sdk.AuthenticationError):
        client.v1.customers.list()


def test_a_webhook_that_the_emulator_signed_is_believed(
    client: sdk.StripeClient, there: Emulator
) -> None:
    there.add(KIND)
    [event] = client.v1.events.list({"limit": 1, "types": ["customer.created"]}).data
    rolled = Secret("whsec_rolled")
    headers, body = there.webhook(event.id, rolled, Secret(SECRET), at=int(time.time()))
    for secret in (SECRET, rolled.reveal()):
        told = client.construct_event(body, headers["stripe-signature"], secret)
        assert (told.id, told.type, told.data.object.id) == (
            event.id, "customer.created", event.data.object.id,
        )  # fmt: skip
    with pytest.raises(sdk.SignatureVerificationError):
        client.construct_event(body, headers["stripe-signature"], "whsec_other")
