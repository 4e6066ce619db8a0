"""The vendor's own SDK, pointed at our emulator, does there what it does at Mailchimp."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mailchimp_marketing
import pytest
import requests
from mailchimp_marketing.api_client import ApiClientError

from systems.mailchimp.emulator import Emulator
from systems.mailchimp.members import OUR_KEY, subscriber_hash
from tests.support import mailchimp
from tests.support.mailchimp import SECRET, Clock, write

EMAIL = "ida@post.example"
NEW = {
    "email_address": EMAIL,
    "status_if_new": "subscribed",
    "merge_fields": {"FNAME": "Ida", "LNAME": "Brandt"},
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def there(tmp_path: Path, clock: Clock) -> Iterator[Emulator]:
    with mailchimp.emulator(tmp_path, clock, batch_seconds=5) as running:
        yield running


@pytest.fixture
def sdk(there: Emulator) -> Any:
    client = mailchimp_marketing.Client()
    client.set_config({"api_key": SECRET})
    client.api_client.host = f"{there.url}/3.0"
    return client


def refused(call: Any, *args: Any) -> dict[str, Any]:
    """Make a call that has to be refused; return the problem detail, which the SDK hands on."""
    with pytest.raises(ApiClientError) as raised:
        call(*args)
    told = raised.value.text
    found: dict[str, Any] = told if isinstance(told, dict) else json.loads(told)
    assert {"type", "title", "status", "detail", "instance"} <= set(found)
    assert found["status"] == raised.value.status_code
    return found


def test_the_account_answers_and_has_one_audience(sdk: Any, there: Emulator) -> None:
    assert sdk.ping.get() == {"health_status": "Everything's Chimpy!"}
    listed = sdk.lists.get_all_lists(fields=["lists.id", "lists.name"])
    assert listed == {"lists": [{"id": there.list_id, "name": "Sandbox Company"}]}
    assert sdk.lists.get_list(there.list_id)["id"] == there.list_id
    fields = sdk.lists.get_list_merge_fields(there.list_id, count=100)["merge_fields"]
    assert {"FNAME", "LNAME", "COMPANY", "TIER", "POINTS", OUR_KEY} <= {it["tag"] for it in fields}


def test_all_members_are_listed_over_many_pages(sdk: Any, there: Emulator) -> None:
    listed: list[str] = []
    while True:
        page = sdk.lists.get_list_members_info(
            there.list_id, count=7, offset=len(listed), sort_field="last_changed", sort_dir="ASC"
        )
        if not page["members"]:
            break
        listed += [it["contact_id"] for it in page["members"]]
    assert listed == [it["contact_id"] for it in there.members()]
    assert page["total_items"] == len(listed)


def test_members_are_listed_by_status_and_change(sdk: Any, there: Emulator) -> None:
    pending = sdk.lists.get_list_members_info(there.list_id, status="pending", count=1000)
    assert {it["status"] for it in pending["members"]} == {"pending"}
    last = there.members()[-1]["last_changed"]
    none = sdk.lists.get_list_members_info(there.list_id, since_last_changed=last)
    assert none["total_items"] == 0
    wrong = refused(lambda: sdk.lists.get_list_members_info(there.list_id, since_last_changed="x"))
    assert wrong["status"] == 400


def test_a_member_is_set_changed_archived_and_deleted(sdk: Any, there: Emulator) -> None:
    audience, hashed = there.list_id, subscriber_hash(EMAIL)
    made = sdk.lists.set_list_member(audience, hashed, NEW)
    assert (made["id"], made["status"], made["full_name"]) == (hashed, "subscribed", "Ida Brandt")
    again = sdk.lists.set_list_member(audience, hashed, {**NEW, "status_if_new": "unsubscribed"})
    assert (again["contact_id"], again["status"]) == (made["contact_id"], "subscribed")
    moved = sdk.lists.update_list_member(
        audience, made["contact_id"], {"email_address": "ida.holm@post.example"}
    )
    assert moved["contact_id"] == made["contact_id"]
    assert moved["id"] == subscriber_hash("ida.holm@post.example")
    assert refused(sdk.lists.get_list_member, audience, hashed)["status"] == 404
    sdk.lists.delete_list_member(audience, moved["id"])
    assert sdk.lists.get_list_member(audience, moved["id"])["status"] == "archived"
    assert refused(sdk.lists.delete_list_member, audience, moved["id"])["status"] == 405
    sdk.lists.delete_list_member_permanent(audience, moved["id"])
    forgotten = {**NEW, "email_address": "ida.holm@post.example"}
    told = refused(sdk.lists.set_list_member, audience, moved["id"], forgotten)
    assert told["title"] == "Forgotten Email Not Subscribed"


def test_who_opted_out_cannot_be_subscribed(sdk: Any, there: Emulator) -> None:
    hashed = subscriber_hash(EMAIL)
    made = sdk.lists.set_list_member(there.list_id, hashed, NEW)
    there.unsubscribe(made["contact_id"])
    change = {"status": "subscribed"}
    told = refused(sdk.lists.update_list_member, there.list_id, hashed, change)
    assert (told["title"], told["status"]) == ("Member In Compliance State", 400)
    there.confirm(made["contact_id"])
    assert sdk.lists.get_list_member(there.list_id, hashed)["status"] == "subscribed"


def test_a_refusal_names_the_fields(sdk: Any, there: Emulator) -> None:
    long = {**NEW, "merge_fields": {"COMPANY": "x" * 256, "POINTS": "many"}}
    told = refused(sdk.lists.set_list_member, there.list_id, subscriber_hash(EMAIL), long)
    assert [it["field"] for it in told["errors"]] == ["COMPANY", "POINTS"]
    sdk.lists.set_list_member(there.list_id, subscriber_hash(EMAIL), NEW)
    twice = {"email_address": EMAIL, "status": "subscribed"}
    assert refused(sdk.lists.add_list_member, there.list_id, twice)["title"] == "Member Exists"
    sdk.set_config({"api_key": "another-us21"})
    assert refused(sdk.ping.get)["title"] == "API Key Invalid"


def test_a_batch_is_begun_asked_after_and_its_results_fetched(
    sdk: Any, there: Emulator, clock: Clock
) -> None:
    path = f"/lists/{there.list_id}/members"
    operations = [
        {
            "method": "PUT",
            "path": f"{path}/{subscriber_hash(EMAIL)}",
            "operation_id": "one",
            "body": json.dumps(NEW),
        },
        {"method": "PATCH", "path": f"{path}/nobody", "operation_id": "two", "body": "{}"},
    ]
    begun = sdk.batches.start({"operations": operations})
    assert (begun["status"], begun["total_operations"]) == ("pending", 2)
    assert refused(sdk.lists.get_list_member, there.list_id, subscriber_hash(EMAIL))
    clock.now += 5
    done = sdk.batches.status(begun["id"])
    assert (done["status"], done["finished_operations"], done["errored_operations"]) == (
        "finished", 2, 1,
    )  # fmt: skip
    assert sdk.batches.list(count=10)["total_items"] == 1
    packed = requests.get(done["response_body_url"], timeout=30).content
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
        [file] = [member for member in archive.getmembers() if member.isfile()]
        results = json.load(archive.extractfile(file))  # type: ignore[arg-type]
    assert [(it["operation_id"], it["status_code"]) for it in results] == [
        ("one", 200), ("two", 404),
    ]  # fmt: skip
    assert json.loads(results[0]["response"])["email_address"] == EMAIL


def test_the_sdk_reads_what_we_wrote(sdk: Any, there: Emulator, clock: Clock) -> None:
    wanted = [write(f"g-{number}") for number in range(8)]
    with mailchimp.client(there, clock) as client:
        ids = mailchimp.delivered(client, *wanted)
    for item, member_id in zip(wanted, ids, strict=True):
        found = sdk.lists.get_list_member(there.list_id, subscriber_hash(item.content["email"]))
        assert found["contact_id"] == member_id
        merged = found["merge_fields"]
        assert (merged[OUR_KEY], merged["POINTS"], merged["TIER"]) == (item.key, 5120, "GOLD")
