"""Every destination that removes: what was taken away is not found, and nothing else is touched.

A removal names the object by its key and by what a look-up saw; it carries no content.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from msgspec.structs import replace

from accord.catalog import Delivery
from accord.connector import Destination, Removes
from accord.emulation.faults import Fault
from accord.errors import Stop, Unanswered
from accord.records import Receipt, Write, content_digest
from tests.support import conformance
from tests.support.conformance import DELIVERIES, SYSTEMS, WRITING, Sample, named

Policy = Literal["propagate", "archive"]
REMOVING = [item for item in DELIVERIES if conformance.capable(SYSTEMS[item.system], Removes)]
every_removing_delivery = pytest.mark.parametrize("delivery", REMOVING, ids=named)
every_policy = pytest.mark.parametrize("policy", ["propagate", "archive"])


@dataclass(frozen=True, slots=True)
class There:
    """A destination with its emulator, to which two sample objects were delivered."""

    kind: str
    client: Any
    emulator: Any
    one: Sample
    other: Sample

    def removal(self, sample: Sample, number: int = 90) -> Write:
        """The removal of an object as it is there now."""
        seen = sample.write(number, self.client, self.kind)
        return replace(seen, content={}, seed={}, digest=content_digest({}))

    def remove(self, policy: Policy, *writes: Write) -> list[Receipt]:
        """Take objects away; return the receipts in the order of the writes."""
        receipts = {it.write_id: it for it in self.client.remove(self.kind, writes, policy)}
        return [receipts[write.write_id] for write in writes]

    def found(self) -> set[str]:
        """The keys that a look-up finds."""
        keys = [self.one.object_key, self.other.object_key]
        return set(self.client.look_up(self.kind, keys))


@pytest.fixture
def there(delivery: Delivery, tmp_path: Path) -> Iterator[There]:
    one, other, *_ = {
        sample.object_key: sample for sample in reversed(conformance.samples(delivery))
    }.values()
    with conformance.emulated(SYSTEMS[delivery.system], tmp_path) as (emulator, client):
        assert isinstance(client, Destination)
        conformance.deliver(client, delivery.kind, [one, other])
        yield There(delivery.kind, client, emulator, one, other)


@every_policy
@every_removing_delivery
def test_what_was_taken_away_is_not_found_and_the_rest_is(
    delivery: Delivery, policy: Policy, there: There
) -> None:
    before = there.client.look_up(there.kind, [there.other.object_key])
    removal = there.removal(there.one)
    [receipt] = there.remove(policy, removal)
    assert receipt.outcome == "delivered", receipt.detail
    assert there.found() == {there.other.object_key}
    assert there.client.look_up(there.kind, [there.other.object_key]) == before


@every_policy
@every_removing_delivery
def test_several_go_at_once_and_each_gets_its_receipt(
    delivery: Delivery, policy: Policy, there: There
) -> None:
    receipts = there.remove(policy, there.removal(there.one), there.removal(there.other, 91))
    assert [receipt.outcome for receipt in receipts] == ["delivered", "delivered"]
    assert there.found() == set()
    assert there.remove(policy) == []


@every_policy
@every_removing_delivery
def test_what_is_gone_already_counts_as_taken_away(
    delivery: Delivery, policy: Policy, there: There
) -> None:
    removal = there.removal(there.one)
    for write in (removal, removal, replace(removal, found=None)):
        [receipt] = there.remove(policy, write)
        assert receipt.outcome == "delivered", receipt.detail
    assert there.found() == {there.other.object_key}


@every_policy
@every_removing_delivery
def test_what_comes_back_is_there_once_and_as_it_should_be(
    delivery: Delivery, policy: Policy, there: There
) -> None:
    there.remove(policy, there.removal(there.one))
    write = there.one.write(95, there.client, there.kind)
    [receipt] = there.client.deliver(there.kind, [write])
    if receipt.cause == "forgotten_at_destination":
        assert policy == "propagate", "a system may refuse whom it deleted, not whom it put aside"
        assert receipt.remedy
        assert there.found() == {there.other.object_key}
        return
    assert receipt.outcome == "delivered", receipt.detail
    found = there.client.look_up(there.kind, [there.one.object_key])[there.one.object_key]
    assert len(found.destination_ids) == 1
    assert found.digest == content_digest(there.one.content)


@every_policy
@every_removing_delivery
def test_a_removal_whose_answer_is_lost_is_unanswered_and_seen_by_looking(
    delivery: Delivery, policy: Policy, there: There
) -> None:
    removal = there.removal(there.one)
    there.emulator.faults.add(*(Fault("reset_after", method=name) for name in WRITING))
    with pytest.raises(Unanswered):
        there.remove(policy, removal)
    assert there.found() == {there.other.object_key}


@every_removing_delivery
def test_a_kind_the_system_does_not_have_cannot_be_removed_from(
    delivery: Delivery, there: There
) -> None:
    with pytest.raises(Stop):
        there.client.remove("no_such_kind", [], "archive")
