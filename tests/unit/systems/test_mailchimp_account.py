"""The account: which audience is used, what it has to have, and what its health says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from accord.emulation.server import Request, Server, json_response, route
from accord.errors import Stop, Unanswered
from systems.mailchimp.client import MailchimpClient
from systems.mailchimp.members import MERGE_FIELDS
from systems.mailchimp.remote import Audience
from tests.support import mailchimp
from tests.support.mailchimp import KIND, write


@contextmanager
def account(*lists: str, fields: dict[str, str] | None = None) -> Iterator[Server]:
    """An account with these audiences, which all have these merge fields and no member."""
    tags = MERGE_FIELDS if fields is None else fields
    merge = {"merge_fields": [{"tag": tag, "type": kind} for tag, kind in tags.items()]}
    nobody = {"members": [], "total_items": 0, "batches": []}
    server = Server(
        [
            route("GET", "/3.0/ping", answering({})),
            route("GET", "/3.0/lists", answering({"lists": [{"id": name} for name in lists]})),
            route("GET", "/3.0/lists/[a-z]+/merge-fields", answering(merge)),
            route("GET", "/3.0/lists/b/members", answering(nobody)),
            route("GET", "/3.0/batches", answering(nobody)),
            route("PUT", "/3.0/lists/b/members/[0-9a-f]+", lambda _: json_response(503, {})),
        ]
    ).start()
    yield server
    server.stop()


def answering(content: dict[str, Any]) -> Callable[[Request], Any]:
    return lambda _: json_response(200, content)


@contextmanager
def client(server: Server, **environment: str) -> Iterator[MailchimpClient]:
    made = MailchimpClient(Audience(mailchimp.connection(server.url, environment=environment)))
    yield made
    made.close()


@pytest.mark.parametrize("lists", [(), ("a", "b")])
def test_without_a_name_there_has_to_be_one_audience(lists: tuple[str, ...]) -> None:
    with account(*lists) as server, client(server) as one:
        finding = one.health()[-1]
    assert not finding.healthy
    assert "ACCORD_MAILCHIMP_AUDIENCE_ID" in finding.remedy


def test_the_named_audience_is_used() -> None:
    with account("a", "b") as server, client(server, ACCORD_MAILCHIMP_AUDIENCE_ID="b") as one:
        assert [item for item in one.health() if not item.healthy] == []


def test_an_audience_that_is_not_there_says_what_to_check() -> None:
    with account("a", "b") as server, client(server, ACCORD_MAILCHIMP_AUDIENCE_ID="c") as one:
        finding = one.health()[-1]
    assert (finding.name, finding.healthy) == ("audience", False)
    assert "ACCORD_MAILCHIMP_AUDIENCE_ID" in finding.remedy


def test_nothing_is_written_to_an_audience_that_would_lose_our_fields() -> None:
    lacking = {**MERGE_FIELDS, "POINTS": "text"}
    del lacking["TIER"]
    with account("b", fields=lacking) as server, client(server) as one:
        assert "TIER (text), POINTS (number)" in one.health()[-1].detail
        with pytest.raises(Stop):
            one.look_up(KIND, ["g-1"])


def test_an_error_does_not_show_the_digest_of_an_address() -> None:
    with account("b") as server, client(server) as one, pytest.raises(Unanswered) as raised:
        one.deliver(KIND, [write()])
    assert "answered 503 to PUT /3.0/lists/b/members/…" in str(raised.value)
