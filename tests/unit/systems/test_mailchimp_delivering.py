"""Members written one by one and in batches: an opt-out stands, and nobody is doubled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import stamina
from msgspec.structs import replace

from accord.errors import Retry, Stop
from accord.records import Write
from systems.mailchimp.client import MailchimpClient
from systems.mailchimp.emulator import Emulator
from tests.support import mailchimp
from tests.support.mailchimp import KIND, Clock, write


@pytest.fixture(autouse=True)
def _two_attempts() -> Iterator[None]:
    stamina.set_testing(True, attempts=2, cap=True)
    yield
    stamina.set_testing(False)


@dataclass(frozen=True, slots=True)
class There:
    """An audience, a client of it, and their time."""

    emulator: Emulator
    client: MailchimpClient
    clock: Clock

    def reject(self, wanted: Write) -> str:
        """Deliver a write that has to be rejected; return the cause."""
        receipt = mailchimp.deliver(self.client, wanted)[wanted.key]
        assert receipt.outcome == "rejected"
        assert all((receipt.detail, receipt.remedy))
        assert "@" not in receipt.detail
        return receipt.cause

    def status(self, key: str = "g-1") -> str:
        """How the one member under a key stands."""
        [found] = mailchimp.under(self.emulator, key)
        return str(found["status"])


@pytest.fixture
def there(tmp_path: Path) -> Iterator[There]:
    clock = Clock()
    with mailchimp.emulator(tmp_path, clock) as emulator, mailchimp.client(emulator, clock) as one:
        yield There(emulator, one, clock)


@pytest.mark.parametrize(
    ("consent", "opted_out", "status"),
    [
        ("opted_in", False, "subscribed"),
        ("opted_in", True, "unsubscribed"),
        ("pending", False, "transactional"),
        ("", False, "transactional"),
    ],
)
def test_only_who_opted_in_is_subscribed(
    there: There, consent: str, opted_out: bool, status: str
) -> None:
    mailchimp.delivered(there.client, write(consent=consent, opted_out=opted_out))
    assert there.status() == status


@pytest.mark.parametrize("status", ["unsubscribed", "cleaned", "pending", "transactional"])
def test_how_a_member_stands_is_never_overwritten(there: There, status: str) -> None:
    [member_id] = mailchimp.delivered(there.client, write())
    there.emulator.unsubscribe(member_id, status)
    for values in ({"first_name": "Other"}, {"email": "moved@post.example"}):
        mailchimp.delivered(there.client, write(consent="opted_in", **values))
        assert there.status() == status


def test_an_opt_out_elsewhere_unsubscribes_and_is_not_taken_back(there: There) -> None:
    mailchimp.delivered(there.client, write())
    mailchimp.delivered(there.client, write(opted_out=True))
    assert there.status() == "unsubscribed"
    mailchimp.delivered(there.client, write(opted_out=False))
    assert there.status() == "unsubscribed"


def test_an_opt_out_elsewhere_leaves_a_bounced_address_as_it_is(there: There) -> None:
    [member_id] = mailchimp.delivered(there.client, write())
    there.emulator.unsubscribe(member_id, "cleaned")
    mailchimp.delivered(there.client, write(opted_out=True))
    assert there.status() == "cleaned"


def test_an_opt_out_reaches_a_member_who_came_between_look_up_and_write(there: There) -> None:
    [wanted] = mailchimp.seen(there.client, write(opted_out=True))
    there.emulator.place(KIND, {"email": wanted.content["email"]})
    [receipt] = there.client.deliver(KIND, [wanted])
    assert receipt.outcome == "delivered"
    assert there.status() == "unsubscribed"


def test_another_address_leaves_the_member_the_same(there: There) -> None:
    [member_id] = mailchimp.delivered(there.client, write())
    assert mailchimp.delivered(there.client, write(email="new@post.example")) == [member_id]
    member = mailchimp.member(there.emulator, member_id)
    assert member["email_address"] == "new@post.example"
    found = there.client.look_up(KIND, ["g-1"])["g-1"]
    assert found.digest == write(email="new@post.example").digest


def test_an_address_in_other_letters_is_the_same(there: There) -> None:
    placed = there.emulator.place(KIND, {"email": "G-1@Post.Example", "consent": "opted_in"})
    assert mailchimp.delivered(there.client, write()) == [placed]
    assert mailchimp.member(there.emulator, placed)["email_address"] == "G-1@Post.Example"
    assert there.client.look_up(KIND, ["g-1"])["g-1"].digest == write().digest


def test_an_address_that_is_another_customers_is_rejected(there: There) -> None:
    mailchimp.delivered(there.client, write("g-1"), write("g-2"))
    assert there.reject(write("g-3", email="G-1@post.example")) == "email_taken"
    assert there.reject(write("g-2", email="g-1@post.example")) == "email_taken"
    assert [len(mailchimp.under(there.emulator, key)) for key in ("g-1", "g-2", "g-3")] == [1, 1, 0]


def test_two_customers_with_one_address_in_one_delivery_do_not_share_a_member(
    there: There,
) -> None:
    for email in ("one@post.example", "two@post.example"):
        if email.startswith("two"):
            there.emulator.place(KIND, {"email": email})
        keys = [f"a-{email}", f"b-{email}"]
        receipts = mailchimp.deliver(there.client, *(write(key, email=email) for key in keys))
        assert [receipts[key].outcome for key in keys] == ["delivered", "rejected"]
        assert receipts[keys[1]].cause == "email_taken"


def test_deliveries_that_looked_before_either_wrote_do_not_share_a_member(there: There) -> None:
    there.emulator.place(KIND, {"email": "old@post.example"})
    for email in ("new@post.example", "old@post.example"):
        keys = [f"a-{email}", f"b-{email}"]
        looked = [mailchimp.seen(there.client, write(key, email=email)) for key in keys]
        [[first], [second]] = [there.client.deliver(KIND, writes) for writes in looked]
        assert first.outcome == "delivered"
        assert (second.outcome, second.cause) == ("rejected", "email_taken")
        assert len(mailchimp.under(there.emulator, keys[0])) == 1


def test_an_address_that_was_left_is_free_for_the_next(there: There) -> None:
    mailchimp.delivered(there.client, write("g-1", email="desk@post.example"))
    mailchimp.delivered(there.client, write("g-1", email="ida@post.example"))
    mailchimp.delivered(there.client, write("g-2", email="desk@post.example"))
    assert len(mailchimp.under(there.emulator, "g-2")) == 1


def test_an_address_that_was_deleted_for_good_is_rejected(there: There) -> None:
    [member_id] = mailchimp.delivered(there.client, write())
    there.client.look_up(KIND, ["g-1"])
    there.emulator.delete_for_good(member_id)
    receipt = mailchimp.deliver(there.client, write(first_name="Ada"))["g-1"]
    assert receipt.outcome == "gone"
    assert there.reject(write(first_name="Ada")) == "forgotten_at_destination"


def test_one_key_on_two_members_is_rejected(there: There) -> None:
    mailchimp.delivered(there.client, write())
    other = there.emulator.place(KIND, {"email": "other@post.example"})
    [found] = mailchimp.under(there.emulator, "g-1")
    there.emulator.change(other, merge_fields=found["merge_fields"])
    assert there.reject(write(first_name="Ada")) == "doubled_at_destination"


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"company": "x" * 256}, "merge_field_refused"),
        ({"email": "nobody@fake.example"}, "email_refused"),
        ({"email": "no address"}, "email_refused"),
        ({"email": ""}, "email_refused"),
    ],
)
def test_a_value_that_mailchimp_does_not_take_is_rejected(
    there: There, values: dict[str, str], cause: str
) -> None:
    assert there.reject(write(**values)) == cause


def test_a_member_put_aside_comes_back_as_consent_says(there: There) -> None:
    [member_id] = mailchimp.delivered(there.client, write())
    there.emulator.erase(KIND, member_id)
    assert there.client.look_up(KIND, ["g-1"]) == {}
    assert mailchimp.delivered(there.client, write()) == [member_id]
    assert there.status() == "subscribed"


def test_a_member_put_aside_after_opting_out_does_not_come_back(there: There) -> None:
    [member_id] = mailchimp.delivered(there.client, write())
    there.emulator.unsubscribe(member_id)
    there.emulator.erase(KIND, member_id)
    assert there.reject(write()) == "compliance_state"
    assert there.status() == "archived"


@pytest.mark.parametrize("opted_out", [True, False])
def test_deleting_keeps_who_opted_out_on_record(there: There, opted_out: bool) -> None:
    [member_id] = mailchimp.delivered(there.client, write(opted_out=opted_out))
    [wanted] = mailchimp.seen(there.client, write())
    [receipt] = there.client.remove(KIND, [wanted], "propagate")
    assert receipt.outcome == "delivered"
    assert [it["status"] for it in mailchimp.under(there.emulator, "g-1")] == (
        ["archived"] if opted_out else []
    )
    assert there.client.look_up(KIND, ["g-1"]) == {}


def test_what_cannot_be_tried_after_a_fault_waits(there: There) -> None:
    first, second = mailchimp.seen(there.client, write("g-1"), write("g-2"))
    there.emulator.revoke()
    with pytest.raises(Stop):
        there.client.deliver(KIND, [first, second])
    there.emulator.revoke(revoked=False)
    assert len(mailchimp.delivered(there.client, first, second)) == 2


def test_more_calls_at_once_than_allowed_are_asked_again_later(tmp_path: Path) -> None:
    clock = Clock()
    with (
        mailchimp.emulator(tmp_path, clock, at_once=1) as emulator,
        mailchimp.client(emulator, clock) as client,
        emulator.busy(),
        pytest.raises(Retry) as raised,
    ):
        client.deliver(KIND, [replace(write(), found=None)])
    assert raised.value.is_limit
