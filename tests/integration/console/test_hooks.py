"""The inbox for messages of systems takes what is theirs and fresh, and keeps nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from accord.catalog import discover
from accord.console.guarding import LARGEST
from accord.errors import Stop
from accord.secrets import Secret
from accord.store import following
from accord.store.database import Role
from systems.stripe.client import connect
from systems.stripe.emulator import Emulator
from systems.stripe.webhooks import HEADER, signed
from tests.support import stripe
from tests.support.console import Served, a_console
from tests.support.golden import Company

SYSTEMS = {name: it for name, it in discover().items() if name in ("stripe", "pos", "xero")}


class Broken:
    """A client that cannot be used just now, which says something that nobody is to see."""

    def notified(self, *_: object, **__: object) -> None:
        raise Stop("The secret ACCORD_X is missing", remedy="set it")


@pytest.fixture
def billing(tmp_path: Path) -> Iterator[Emulator]:
    with stripe.emulator(tmp_path, stripe.Clock()) as running:
        yield running


@pytest.fixture
def inbox(company: Company, billing: Emulator) -> Iterator[Served]:
    clients = {
        "stripe": connect(stripe.connection(billing.url)),
        "pos": object(),
        "xero": Broken(),
    }
    with a_console(company, systems=SYSTEMS, clients=clients) as served:
        yield served


def event(billing: Emulator) -> str:
    """The name of the newest event about a customer."""
    with stripe.client(billing, stripe.Clock()) as client:
        stripe.delivered(client, stripe.content())
    auth = (stripe.SECRET, "")
    told = requests.get(f"{billing.url}/v1/events", auth=auth, timeout=30).json()
    return str(told["data"][0]["id"])


def post(
    served: Served, body: bytes, headers: dict[str, str] | None = None, system: str = "stripe"
) -> requests.Response:
    return requests.post(f"{served.url}/hooks/{system}", data=body, headers=headers, timeout=30)


def kept(company: Company) -> list[tuple[str, str]]:
    rows = company.rows("select system, stream from ops.inbox")
    return [(row["system"], row["stream"]) for row in rows]


def test_a_message_that_billing_signed_is_kept_once_and_makes_the_flow_run(
    inbox: Served, billing: Emulator, company: Company
) -> None:
    headers, body = billing.webhook(event(billing), at=int(time.time()))
    answers = [post(inbox, body, headers) for _ in range(2)]
    assert [(it.status_code, it.json()) for it in answers] == [
        (200, {"kept": 1}),
        (200, {"kept": 0}),
    ]
    assert kept(company) == [("stripe", "customers")]
    assert "Ida Brandt" not in str(company.rows("select * from ops.inbox"))
    with company.store.session(Role.READER) as connection:
        assert following.notices(connection, ["stripe.customers"])


def test_a_message_about_nothing_that_is_read_is_taken_and_not_kept(
    inbox: Served, company: Company
) -> None:
    body = b'{"id": "evt_1", "object": "event", "type": "invoice.paid", "data": {"object": {}}}'
    headers = {HEADER: signed(body, Secret(stripe.SECRET), at=int(time.time()))}
    assert post(inbox, body, headers).json() in ({"kept": 0}, {"error": "webhook_unreadable"})
    assert kept(company) == []


@pytest.mark.parametrize(
    ("secret", "late", "cause"),
    [("another", 0, "webhook_forged"), (stripe.SECRET, 3600, "webhook_stale")],
)
def test_what_cannot_be_trusted_is_refused_and_not_kept(
    inbox: Served, billing: Emulator, company: Company, secret: str, late: int, cause: str
) -> None:
    headers, body = billing.webhook(event(billing), Secret(secret), at=int(time.time()) - late)
    answer = post(inbox, body, headers)
    assert (answer.status_code, answer.json()) == (400, {"error": cause})
    assert post(inbox, body, {}).json() == {"error": "webhook_unsigned"}
    assert kept(company) == []


@pytest.mark.parametrize("system", ["nobody", "pos", "salesforce", "%2e%2e"])
def test_only_systems_that_send_messages_have_an_inbox(inbox: Served, system: str) -> None:
    assert post(inbox, b"{}", system=system).status_code == 404


def test_a_message_that_cannot_be_taken_now_is_to_come_again_and_learns_nothing(
    inbox: Served,
) -> None:
    answer = post(inbox, b"{}", system="xero")
    assert (answer.status_code, answer.json()) == (503, {"error": "not_now"})


def test_a_message_that_is_too_large_is_refused(inbox: Served) -> None:
    pieces = iter([b"x" * LARGEST, b"y"])
    answer = requests.post(f"{inbox.url}/hooks/stripe", data=pieces, timeout=30)
    assert answer.status_code == 413
