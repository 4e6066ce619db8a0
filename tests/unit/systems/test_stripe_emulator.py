"""The emulator answers as Stripe does, also where our client would never ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from accord.http import Answer, send
from accord.http.wire import new_session
from systems.stripe.emulator import REAL_LIMITS, Behaviour, Emulator
from tests.support import stripe
from tests.support.stripe import KIND, SECRET, Clock

CUSTOMERS, SEARCH, EVENTS = "/v1/customers", "/v1/customers/search", "/v1/events"
DAY = 86_400


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def there(tmp_path: Path, clock: Clock) -> Iterator[Emulator]:
    with stripe.emulator(tmp_path, clock, behaviour=Behaviour(search_lag=30)) as running:
        yield running


def call(
    there: Emulator,
    path: str,
    query: Mapping[str, str] | None = None,
    *,
    form: Mapping[str, str] | None = None,
    method: str = "",
    key: str = "",
    secret: str = SECRET,
) -> Answer:
    """Ask the emulator without our client; a form makes it a POST."""
    headers = {"Authorization": f"Bearer {secret}", **({"Idempotency-Key": key} if key else {})}
    body = None if form is None else urlencode(form).encode()
    with new_session() as session:
        return send(
            session, method or ("GET" if form is None else "POST"), there.url + path,
            system="stripe", params=query, body=body, headers=headers,
        )  # fmt: skip


def error(answer: Answer) -> tuple[int, str, str]:
    """Status, code and parameter of a refusal."""
    told = answer.json()["error"]
    assert told["message"]
    assert answer.headers["Request-Id"].startswith("req_")
    return answer.status, told.get("code", told["type"]), told.get("param", "")


def names(answer: Answer) -> list[Any]:
    assert answer.status == 200, answer.body
    return [item["id"] for item in answer.json()["data"]]


def test_it_holds_the_company_s_customers_and_fills_itself_only_once(
    tmp_path: Path, clock: Clock
) -> None:
    with stripe.emulator(tmp_path, clock) as first:
        known = first.customers()
        first.erase(KIND, known[0]["id"])
    with stripe.emulator(tmp_path, clock) as again:
        assert again.customers() == known[1:]
    assert len(known) > 20
    assert {it["metadata"]["kind"] for it in known} == {"person", "organisation"}
    assert {it["currency"] for it in known} == {"gbp"}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"limit": "0"}, (400, "invalid_request_error", "limit")),
        ({"limit": "101"}, (400, "invalid_request_error", "limit")),
        ({"starting_after": "cus_none"}, (400, "resource_missing", "starting_after")),
        ({"expand[0]": "data.sources"}, (400, "invalid_request_error", "expand")),
        ({"colour": "red"}, (400, "invalid_request_error", "colour")),
        ({"created[gte]": "today"}, (400, "invalid_request_error", "created")),
    ],
)
def test_a_list_that_cannot_be_given_is_refused(
    there: Emulator, query: dict[str, str], told: tuple[int, str, str]
) -> None:
    assert error(call(there, CUSTOMERS, query)) == told


def test_a_list_goes_both_ways(there: Emulator) -> None:
    everybody = [it["id"] for it in there.customers()]
    after = call(there, CUSTOMERS, {"limit": "3", "starting_after": everybody[3]})
    before = call(there, CUSTOMERS, {"limit": "3", "ending_before": everybody[5]})
    assert (names(after), names(before)) == (everybody[4:7], everybody[2:5])
    assert after.json()["has_more"]
    assert names(call(there, CUSTOMERS)) == everybody[:10]


def test_an_unknown_or_deleted_customer_cannot_be_changed(there: Emulator) -> None:
    key = there.add(KIND)
    assert call(there, f"{CUSTOMERS}/{key}", method="DELETE").json() == {
        "id": key, "object": "customer", "deleted": True,
    }  # fmt: skip
    assert call(there, f"{CUSTOMERS}/{key}").json()["deleted"]
    for name in (key, "cus_none"):
        answer = call(there, f"{CUSTOMERS}/{name}", form={"name": "x"})
        assert error(answer) == (404, "resource_missing", "id")
        assert error(call(there, f"{CUSTOMERS}/{name}", method="DELETE"))[0] == 404
    assert error(call(there, f"{CUSTOMERS}/cus_none"))[0] == 404


def test_an_unknown_parameter_is_refused(there: Emulator) -> None:
    answer = call(there, CUSTOMERS, form={"colour": "red"})
    assert error(answer) == (400, "parameter_unknown", "colour")


def test_metadata_is_merged_and_an_empty_value_removes_a_key(there: Emulator) -> None:
    form = {"metadata[a]": "1", "metadata[b]": "2"}
    key = call(there, CUSTOMERS, form=form).json()["id"]
    path = f"{CUSTOMERS}/{key}"
    changed = call(there, path, form={"metadata[a]": "", "metadata[c]": "3"})
    assert changed.json()["metadata"] == {"b": "2", "c": "3"}
    assert call(there, path, form={"metadata": ""}).json()["metadata"] == {}


def test_an_answer_is_kept_a_day_under_its_key(there: Emulator, clock: Clock) -> None:
    first = call(there, CUSTOMERS, form={"name": "A"}, key="k")
    again = call(there, CUSTOMERS, form={"name": "A"}, key="k")
    assert (again.body, again.headers["Idempotent-Replayed"]) == (first.body, "true")
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert error(call(there, CUSTOMERS, form={"name": "B"}, key="k"))[:2] == (
        400, "idempotency_error",
    )  # fmt: skip
    clock.pass_by(DAY + 1)
    assert call(there, CUSTOMERS, form={"name": "A"}, key="k").json() != first.json()


def test_a_refused_request_keeps_nothing_under_its_key(there: Emulator) -> None:
    assert error(call(there, CUSTOMERS, form={"email": "x"}, key="k"))[1] == "email_invalid"
    assert call(there, CUSTOMERS, form={"name": "A"}, key="k").status == 200


def test_a_key_in_use_is_a_conflict_that_may_be_repeated(there: Emulator) -> None:
    there.hold("k")
    answer = call(there, CUSTOMERS, form={"name": "A"}, key="k")
    assert error(answer)[:2] == (409, "idempotency_key_in_use")
    assert answer.headers["Stripe-Should-Retry"] == "true"


def test_the_search_knows_a_customer_only_after_a_while(there: Emulator, clock: Clock) -> None:
    key = there.place(KIND, stripe.content())
    query = {"query": "email:'G-1@post.example'"}
    assert names(call(there, SEARCH, query)) == []
    clock.pass_by(31)
    there.edit(KIND, key, email="new@post.example")
    assert names(call(there, SEARCH, query)) == [key]
    clock.pass_by(31)
    assert names(call(there, SEARCH, query)) == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("metadata['accord_id']:'g-1'", ["g-1"]),
        ('metadata["accord_id"]:"g-1" OR metadata["accord_id"]:"g-2"', ["g-1", "g-2"]),
        ("email~'@a.example' AND name:'one'", ["g-1"]),
        ("email~'@a.example' -name:'one'", ["g-2"]),
        ("email~'@a.example'", ["g-1", "g-2"]),
        ("email:'@a.example'", []),
    ],
)
def test_the_search_understands_clauses(
    there: Emulator, clock: Clock, query: str, found: list[str]
) -> None:
    for key, name in (("g-1", "One"), ("g-2", "Two")):
        form = {"name": name, "email": f"{key}@a.example", "metadata[accord_id]": key}
        call(there, CUSTOMERS, form=form)
    clock.pass_by(31)
    data = call(there, SEARCH, {"query": query}).json()["data"]
    assert sorted(it["metadata"]["accord_id"] for it in data) == found


@pytest.mark.parametrize(
    "query", ["", "name", "colour:'red'", "name:'a' or name:'b' and name:'c'", "name:'a'name:'b'"]
)
def test_a_query_that_cannot_be_understood_is_refused(there: Emulator, query: str) -> None:
    assert error(call(there, SEARCH, {"query": query})) == (400, "invalid_request_error", "query")


def test_a_search_gives_its_pages(there: Emulator) -> None:
    asked, found = {"query": "metadata['kind']:'person'", "limit": "10"}, []
    while True:
        answer = call(there, SEARCH, asked)
        found += names(answer)
        if not answer.json()["has_more"]:
            break
        asked["page"] = answer.json()["next_page"]
    persons = {it["id"] for it in there.customers() if it["metadata"]["kind"] == "person"}
    assert (set(found), len(found)) == (persons, len(persons))


def test_events_tell_what_changed_and_are_gone_after_thirty_days(
    there: Emulator, clock: Clock
) -> None:
    key = there.add(KIND)
    there.edit(KIND, key, name="New", metadata={"a": "1"})
    there.edit(KIND, key, name="New")  # changes nothing, so nothing is told
    [updated, created] = call(there, EVENTS, {"limit": "2"}).json()["data"]
    assert (created["type"], updated["type"]) == ("customer.created", "customer.updated")
    assert set(updated["data"]["previous_attributes"]) == {"name", "metadata"}
    assert updated["data"]["previous_attributes"]["metadata"] == {"a": None}
    assert call(there, f"{EVENTS}/{created['id']}").json() == created
    clock.pass_by(30 * DAY + 1)
    assert names(call(there, EVENTS)) == []
    assert error(call(there, f"{EVENTS}/{created['id']}"))[0] == 404


def test_events_are_chosen_by_type(there: Emulator) -> None:
    key = there.add(KIND)
    there.give_tax_id(key, "gb_vat", "GB980780684")
    there.erase(KIND, key)
    asked = {"types[0]": "customer.deleted", "types[1]": "customer.tax_id.created", "limit": "2"}
    told = call(there, EVENTS, asked).json()["data"]
    assert [it["type"] for it in told] == ["customer.deleted", "customer.tax_id.created"]
    assert len(names(call(there, EVENTS, {"type": "customer.tax_id.*", "limit": "1"}))) == 1


def test_tax_ids_come_and_go(there: Emulator) -> None:
    path = f"{CUSTOMERS}/{there.add(KIND)}/tax_ids"
    assert error(call(there, path, form={"type": "gb_vat", "value": "GB1"}))[1] == "tax_id_invalid"
    added = call(there, path, form={"type": "gb_vat", "value": "GB980780684"}).json()
    assert names(call(there, path)) == [added["id"]]
    assert call(there, f"{path}/{added['id']}", method="DELETE").json()["deleted"]
    assert names(call(there, path)) == []


def test_a_wrong_key_is_refused_as_such(there: Emulator) -> None:
    assert error(call(there, CUSTOMERS, secret="sk_test_wrong"))[0] == 401


def test_beyond_the_limits_it_refuses_and_does_not_say_for_how_long(
    tmp_path: Path, clock: Clock
) -> None:
    with stripe.emulator(tmp_path, clock, behaviour=Behaviour(limits=REAL_LIMITS)) as there:
        query = {"query": "name:'x'"}
        answers = [call(there, SEARCH, query) for _ in range(21)]
        assert [it.status for it in answers] == [200] * 20 + [429]
        assert error(answers[-1])[1] == "rate_limit"
        assert "Retry-After" not in answers[-1].headers
        clock.pass_by(1)
        assert call(there, SEARCH, query).status == 200
