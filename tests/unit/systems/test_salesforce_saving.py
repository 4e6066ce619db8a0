"""Writing to Salesforce: created once, updated by id, refused record by record, and taken away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import stamina
from msgspec import structs

from accord.emulation.faults import Fault
from accord.errors import Retry, Stop, Unanswered
from accord.records import Found, Receipt, Write
from systems.salesforce.client import SalesforceClient
from systems.salesforce.emulator import Emulator
from systems.salesforce.refusals import refusal
from tests.support import salesforce
from tests.support.salesforce import contact, write


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    stamina.set_testing(True, attempts=2, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture
def org(tmp_path: Path) -> Iterator[Emulator]:
    with salesforce.emulator(tmp_path) as running:
        yield running


@pytest.fixture
def client(org: Emulator) -> Iterator[SalesforceClient]:
    with salesforce.client(org) as made:
        yield made


def deliver(client: SalesforceClient, *writes: Write) -> list[Receipt]:
    """Look the writes up and deliver them, as the engine does; receipts in their order."""
    found = client.look_up("contacts", [item.key for item in writes])
    seen = [structs.replace(item, found=found.get(item.key)) for item in writes]
    receipts = {it.write_id: it for it in client.deliver("contacts", seen)}
    return [receipts[item.write_id] for item in writes]


def ours(org: Emulator) -> dict[str, dict[str, Any]]:
    """Every contact under our id."""
    rows = [row for row in org.rows("contacts") if row["Accord_Id__c"]]
    found = {row["Accord_Id__c"]: row for row in rows}
    assert len(found) == len(rows), "an id of ours is there twice"
    return found


def effects(org: Emulator) -> list[tuple[str, str]]:
    return [(it.effect, it.accord_id) for it in org.journal()]


def test_a_new_record_starts_with_its_seed_and_keeps_what_people_make_of_it(
    org: Emulator, client: SalesforceClient
) -> None:
    seed = {"first_name": "Ann", "last_name": "Tester", "email": "ann@mail.example"}
    deliver(client, write(contact(loyalty_tier="GOLD"), seed=seed))
    record = ours(org)["C-1"]
    assert (record["Name"], record["Loyalty_Tier__c"]) == ("Ann Tester", "GOLD")
    org.edit("contacts", record["Id"], LastName="Married")
    deliver(client, write(contact(loyalty_tier="SILVER"), seed=seed))
    record = ours(org)["C-1"]
    assert (record["LastName"], record["Loyalty_Tier__c"]) == ("Married", "SILVER")


def test_five_hundred_records_take_three_calls_and_each_is_there_once(
    org: Emulator, client: SalesforceClient
) -> None:
    writes = [write(contact(f"C-{number}")) for number in range(500)]
    before = client._org.calls().Remaining
    receipts = client.deliver("contacts", writes)
    assert before - client._org.calls().Remaining == 4
    assert {receipt.outcome for receipt in receipts} == {"delivered"}
    assert len(client.look_up("contacts", [item.key for item in writes])) == 500
    assert len(ours(org)) == 500


REFUSED = {
    "field_required": (contact(), {"last_name": None}),
    "value_too_long": (contact(loyalty_tier="x" * 21), {"last_name": "Tester"}),
    "email_refused": (contact(), {"last_name": "Tester", "email": "no address"}),
    "validation_refused": (contact(loyalty_points="many"), {"last_name": "Tester"}),
}


@pytest.mark.parametrize("cause", REFUSED)
def test_a_refused_record_is_rejected_without_a_value_and_the_others_are_delivered(
    org: Emulator, client: SalesforceClient, cause: str
) -> None:
    content, seed = REFUSED[cause]
    wrong, good = deliver(client, write(content, seed=seed), write(contact("C-2")))
    assert (wrong.outcome, wrong.cause, good.outcome) == ("rejected", cause, "delivered")
    told = f"{wrong.detail} {wrong.remedy}"
    assert not any(value in told for value in ("xxx", "no address", "many"))
    assert set(ours(org)) == {"C-2"}


def test_the_duplicate_rule_rejects_with_its_own_cause(
    org: Emulator, client: SalesforceClient
) -> None:
    org.block_duplicates()
    seed = {"last_name": "Tester", "email": "same@mail.example"}
    org.place("contacts", seed)
    [receipt] = deliver(client, write(contact(), seed=seed))
    assert (receipt.outcome, receipt.cause) == ("rejected", "duplicate_rule")
    org.block_duplicates(blocked=False)
    assert deliver(client, write(contact(), seed=seed))[0].outcome == "delivered"


def test_a_locked_record_is_tried_again_later(org: Emulator, client: SalesforceClient) -> None:
    deliver(client, write(contact("C-1")), write(contact("C-2")))
    org.lock(ours(org)["C-1"]["Id"])
    busy, free = deliver(
        client,
        write(contact("C-1", loyalty_points=5)),
        write(contact("C-2", loyalty_points=5)),
    )
    assert (busy.outcome, busy.cause, free.outcome) == ("busy", "busy", "delivered")
    org.lock()
    assert deliver(client, write(contact("C-1", loyalty_points=5)))[0].outcome == "delivered"


def test_part_of_a_batch_that_is_busy_is_settled_record_by_record(
    org: Emulator, client: SalesforceClient
) -> None:
    org.faults.add(Fault("refuse_some", method="PATCH"))
    receipts = deliver(client, *(write(contact(f"C-{number}")) for number in range(4)))
    assert [receipt.outcome for receipt in receipts] == ["delivered", "busy"] * 2
    assert set(ours(org)) == {"C-0", "C-2"}


def test_a_record_that_vanished_since_the_look_up_is_looked_up_anew(
    org: Emulator, client: SalesforceClient
) -> None:
    deliver(client, write(contact()))
    [item] = client.look_up("contacts", ["C-1"]).values()
    org.erase("contacts", item.destination_ids[0])
    [receipt] = client.deliver("contacts", [write(contact(), found=item)])
    assert receipt.outcome == "gone"
    assert client.look_up("contacts", ["C-1"]) == {}
    assert deliver(client, write(contact()))[0].outcome == "delivered"


def test_a_lost_answer_leaves_its_batch_unknown_and_the_rest_untried(
    org: Emulator, client: SalesforceClient
) -> None:
    writes = [write(contact(f"C-{number}")) for number in range(600)]
    org.faults.add(Fault("slow", method="PATCH"), Fault("reset_after", method="PATCH"))
    receipts = {it.write_id: it for it in client.deliver("contacts", writes)}
    told = [receipts.get(item.write_id) for item in writes]
    assert {it.outcome if it else "unknown" for it in told[:200]} == {"delivered"}
    assert set(told[200:400]) == {None}
    assert {(it.outcome, it.cause) for it in told[400:] if it} == {("retry", "not_sent")}
    assert len(client.look_up("contacts", [it.key for it in writes])) == 400
    repeated = client.deliver("contacts", writes[200:400])
    assert {receipt.outcome for receipt in repeated} == {"delivered"}
    assert len(ours(org)) == 400


@pytest.mark.parametrize("kind", ["cut_body", "bad_json", "status_after"])
def test_an_answer_that_is_not_whole_leaves_the_write_unknown(
    org: Emulator, client: SalesforceClient, kind: Any
) -> None:
    client.look_up("contacts", ["C-1"])
    org.faults.add(Fault(kind, method="PATCH"))
    with pytest.raises(Unanswered):
        client.deliver("contacts", [write(contact())])
    assert set(ours(org)) == {"C-1"}


@pytest.mark.parametrize("consent", ["opted_in", None])
def test_who_opts_out_there_between_the_look_up_and_the_write_stays_out(
    org: Emulator, client: SalesforceClient, consent: str | None
) -> None:
    deliver(client, write(contact()))
    found = client.look_up("contacts", ["C-1"])["C-1"]
    org.edit("contacts", ours(org)["C-1"]["Id"], HasOptedOutOfEmail=True)
    later = contact(consent=consent, loyalty_points=5)
    [receipt] = client.deliver("contacts", [write(later, found=found)])
    record = ours(org)["C-1"]
    assert receipt.outcome == "delivered"
    assert (record["HasOptedOutOfEmail"], record["Loyalty_Points__c"]) == (1, 5)


def test_who_opts_out_there_while_the_write_is_on_its_way_stays_out(
    org: Emulator, client: SalesforceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(client, write(contact()))
    update = client._org.update

    def late(*args: Any) -> Any:
        org.edit("contacts", ours(org)["C-1"]["Id"], HasOptedOutOfEmail=True)
        return update(*args)

    monkeypatch.setattr(client._org, "update", late)
    deliver(client, write(contact(consent="opted_in", loyalty_points=5)))
    record = ours(org)["C-1"]
    assert (record["HasOptedOutOfEmail"], record["Loyalty_Points__c"]) == (1, 5)


def test_only_an_opt_out_that_we_passed_on_is_taken_back(
    org: Emulator, client: SalesforceClient
) -> None:
    deliver(client, write(contact("C-1")), write(contact("C-2", consent="opted_out")))
    org.edit("contacts", ours(org)["C-1"]["Id"], HasOptedOutOfEmail=True)
    for consent in ("opted_out", "opted_in"):
        deliver(client, *(write(contact(key, consent=consent)) for key in ("C-1", "C-2")))
    said = {key: record["HasOptedOutOfEmail"] for key, record in ours(org).items()}
    assert said == {"C-1": 1, "C-2": 0}


def test_a_session_that_ended_is_renewed_without_a_second_write(
    org: Emulator, client: SalesforceClient
) -> None:
    deliver(client, write(contact()))
    org.expire_tokens()
    assert deliver(client, write(contact(loyalty_points=7)))[0].outcome == "delivered"
    org.faults.add(Fault("expired_token", method="PATCH"))
    deliver(client, write(contact(loyalty_points=8)))
    assert effects(org) == [("created", "C-1"), ("updated", "C-1"), ("updated", "C-1")]


def test_access_that_was_taken_away_stops(org: Emulator, client: SalesforceClient) -> None:
    deliver(client, write(contact()))
    org.revoke()
    with pytest.raises(Stop, match="sign-in"):
        client.deliver("contacts", [write(contact("C-2"))])


def test_two_records_for_one_customer_are_left_alone(
    org: Emulator, client: SalesforceClient
) -> None:
    found = Found(("003Ac0000000001AAA", "003Ac0000000002AAA"), "")
    for receipts in (
        client.deliver("contacts", [write(contact(), found=found)]),
        client.remove("contacts", [write(contact(), found=found)], "archive"),
    ):
        assert [(it.outcome, it.cause) for it in receipts] == [
            ("rejected", "doubled_at_destination")
        ]
    assert org.journal() == []


def remove(client: SalesforceClient, policy: Any, key: str = "C-1") -> Sequence[Receipt]:
    found = client.look_up("contacts", [key]).get(key)
    return client.remove("contacts", [write({"accord_id": key}, found=found)], policy)


def test_an_archived_record_stays_with_our_id_and_comes_back_as_people_left_it(
    org: Emulator, client: SalesforceClient
) -> None:
    deliver(client, write(contact()))
    remove(client, "archive")
    record = ours(org)["C-1"]
    assert (record["Accord_Archived__c"], record["Active__c"]) == (1, 0)
    org.edit("contacts", record["Id"], LastName="Married", Active__c=True)
    again = write(contact(loyalty_points=3))
    found = client.match("contacts", [again])["C-1"]
    assert found.destination_ids == (record["Id"],)
    client.deliver("contacts", [structs.replace(again, found=found)])
    back = ours(org)["C-1"]
    assert (back["Accord_Archived__c"], back["LastName"]) == (0, "Married")
    assert client.look_up("contacts", ["C-1"])["C-1"].digest == again.digest


def test_a_deleted_record_lies_in_the_bin_and_the_next_one_is_new(
    org: Emulator, client: SalesforceClient
) -> None:
    deliver(client, write(contact()))
    first = ours(org)["C-1"]["Id"]
    remove(client, "propagate")
    assert ours(org) == {}
    assert ("deleted", "C-1") in effects(org)
    deliver(client, write(contact()))
    assert ours(org)["C-1"]["Id"] != first


def test_an_org_without_our_fields_stops_and_names_them(
    org: Emulator, client: SalesforceClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from systems.salesforce.emulator_objects import SOBJECTS

    fields = dict(SOBJECTS["Contact"].fields)
    del fields["accord_archived__c"]
    poorer = replace(SOBJECTS["Contact"], fields=fields)
    monkeypatch.setitem(SOBJECTS, "Contact", poorer)
    *_, last = client.health()
    assert (last.name, last.healthy) == ("contacts", False)
    assert "Accord_Archived__c" in last.detail
    for call in (
        lambda: client.look_up("contacts", ["C-1"]),
        lambda: client.deliver("contacts", [write(contact())]),
    ):
        with pytest.raises(Stop, match="Contact has no field Accord_Archived__c"):
            call()


def test_a_call_that_never_left_is_tried_again_later(tmp_path: Path) -> None:
    with salesforce.emulator(tmp_path) as org, salesforce.client(org) as client:
        client.look_up("contacts", [])
    with pytest.raises(Retry) as raised:
        client.deliver("contacts", [write(contact())])
    assert not isinstance(raised.value, Unanswered)


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("DUPLICATE_VALUE", "value_taken"),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "value_not_listed"),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "rule_refused"),
        ("INSUFFICIENT_ACCESS_OR_READONLY", "access_refused"),
        ("DELETE_FAILED", "in_use"),
        ("SOMETHING_NEW", "validation_refused"),
    ],
)
def test_each_refusal_has_a_cause_and_shows_no_message(code: str, cause: str) -> None:
    why = refusal([{"statusCode": code, "message": "Ann Tester", "fields": ["Email"]}])
    assert (why.cause, why.detail) == (cause, f"{code} on Email")
    assert why.remedy


def test_a_sandbox_of_earlier_times_gets_the_fields_that_came_since(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from systems.salesforce.emulator_objects import SOBJECTS

    fields = dict(SOBJECTS["Contact"].fields)
    del fields["accord_opted_out__c"]
    with monkeypatch.context() as earlier:
        earlier.setitem(SOBJECTS, "Contact", replace(SOBJECTS["Contact"], fields=fields))
        with salesforce.emulator(tmp_path) as org:
            before = len(org.rows("contacts"))
    with salesforce.emulator(tmp_path) as org, salesforce.client(org) as client:
        deliver(client, write(contact(consent="opted_out")))
        assert ours(org)["C-1"]["Accord_Opted_Out__c"] == 1
        assert len(org.rows("contacts")) == before + 1
