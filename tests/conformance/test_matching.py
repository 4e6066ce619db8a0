"""Every destination that matches: what is there already is found and adopted, never doubled.

Its emulator has `place(kind, content)`: somebody who works in the system makes an object that
amounts to this content and is not under our key; it returns the object's id. Where the system
holds no two such objects, it returns the id of the first. `erase(kind, id)` takes an object away,
as the people do who work there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from accord.catalog import Delivery
from accord.connector import Destination, Matches
from accord.errors import Stop
from accord.records import Write
from tests.support import conformance
from tests.support.conformance import DELIVERIES, SYSTEMS, Sample, named

MATCHING = [item for item in DELIVERIES if conformance.capable(SYSTEMS[item.system], Matches)]
every_matching_delivery = pytest.mark.parametrize("delivery", MATCHING, ids=named)


@dataclass(frozen=True, slots=True)
class There:
    """A destination with its emulator, and two sample objects that are not there yet."""

    kind: str
    client: Any
    emulator: Any
    one: Sample
    other: Sample

    def place(self, sample: Sample) -> str:
        """Let somebody make an object that amounts to a sample."""
        placed: str = self.emulator.place(self.kind, {**sample.seed, **sample.content})
        return placed

    def match(self, *writes: Write) -> dict[str, tuple[str, ...]]:
        """The ids of what matches, by key."""
        found = self.client.match(self.kind, writes)
        return {key: item.destination_ids for key, item in found.items()}

    def ids(self, sample: Sample) -> tuple[str, ...]:
        """The ids under a sample's own key."""
        found = self.client.look_up(self.kind, [sample.object_key]).get(sample.object_key)
        return found.destination_ids if found else ()

    def held_by(self, key: str) -> str:
        """Deliver the first sample under another key of ours; return its id."""
        sample = self.one.under(key)
        conformance.deliver(self.client, self.kind, [sample])
        [held] = self.ids(sample)
        return held

    def adopt(self, write: Write) -> Any:
        """Deliver a write to what matches it; return the receipt."""
        found = self.client.match(self.kind, [write])[write.key]
        [receipt] = self.client.deliver(self.kind, [replace(write, found=found)])
        return receipt


@pytest.fixture
def there(delivery: Delivery, tmp_path: Path) -> Iterator[There]:
    one, other, *_ = {
        sample.object_key: sample for sample in reversed(conformance.samples(delivery))
    }.values()
    with conformance.emulated(SYSTEMS[delivery.system], tmp_path) as (emulator, client):
        assert isinstance(client, Destination)
        yield There(delivery.kind, client, emulator, one, other)


@every_matching_delivery
def test_what_is_not_there_matches_nothing(delivery: Delivery, there: There) -> None:
    assert there.match() == {}
    assert there.match(there.one.unseen(1), there.other.unseen(2)) == {}


@every_matching_delivery
def test_what_is_there_under_no_key_is_found_by_what_names_it_and_adopted(
    delivery: Delivery, there: There
) -> None:
    placed = there.place(there.one)
    write = there.one.unseen(1)
    assert there.ids(there.one) == ()
    assert there.match(write, there.other.unseen(2)) == {write.key: (placed,)}
    receipt = there.adopt(write)
    assert (receipt.outcome, receipt.destination_id) == ("delivered", placed)
    found = there.client.look_up(there.kind, [write.key])[write.key]
    assert (found.destination_ids, found.digest) == ((placed,), write.digest)


@every_matching_delivery
def test_what_is_there_is_found_by_its_own_id_whatever_it_is_called(
    delivery: Delivery, there: There
) -> None:
    placed = there.place(there.one)
    write = there.other.unseen(1, destination_id=placed)
    assert there.match(write) == {write.key: (placed,)}
    assert there.adopt(write).destination_id == placed
    assert there.ids(there.other) == (placed,)


@every_matching_delivery
def test_an_id_that_is_not_there_matches_nothing(delivery: Delivery, there: There) -> None:
    assert there.match(there.one.unseen(1, destination_id="no-such-id")) == {}


@every_matching_delivery
def test_what_is_taken_away_after_the_look_up_is_gone_and_not_made_again(
    delivery: Delivery, there: There
) -> None:
    conformance.deliver(there.client, there.kind, [there.one])
    found = there.client.look_up(there.kind, [there.one.object_key])[there.one.object_key]
    there.emulator.erase(there.kind, *found.destination_ids)
    [receipt] = there.client.deliver(there.kind, [replace(there.one.unseen(2), found=found)])
    assert receipt.outcome == "gone"
    assert there.ids(there.one) == ()


@every_matching_delivery
def test_what_is_another_keys_is_no_match(delivery: Delivery, there: There) -> None:
    conformance.deliver(there.client, there.kind, [there.one])
    [held] = there.ids(there.one)
    stranger = there.one.under("another-key-of-ours")
    assert there.match(stranger.unseen(2)) == {}
    assert there.match(stranger.unseen(2, destination_id=held)) == {}


@every_matching_delivery
def test_more_than_one_candidate_is_told_and_nothing_is_sent(
    delivery: Delivery, there: There
) -> None:
    placed = {there.place(there.one) for _ in range(2)}
    write = there.one.unseen(1)
    assert {key: set(ids) for key, ids in there.match(write).items()} == {write.key: placed}
    if len(placed) > 1:
        receipt = there.adopt(write)
        assert (receipt.outcome, bool(receipt.cause)) == ("rejected", True)
        assert all((receipt.detail, receipt.remedy))
        assert there.ids(there.one) == ()


@every_matching_delivery
def test_adopting_twice_changes_nothing_more(delivery: Delivery, there: There) -> None:
    placed = there.place(there.one)
    write = there.one.unseen(1)
    found = there.client.match(there.kind, [write])[write.key]
    for _ in range(2):
        there.client.deliver(there.kind, [replace(write, found=found)])
    assert there.ids(there.one) == (placed,)
    assert there.match(there.other.unseen(2)) == {}


@every_matching_delivery
def test_what_was_a_merged_keys_becomes_the_survivors(delivery: Delivery, there: There) -> None:
    held = there.held_by("merged-into-it")
    found = there.client.look_up(there.kind, ["merged-into-it"])["merged-into-it"]
    write = there.one.unseen(2, found=found, destination_id=held, former=("merged-into-it",))
    [receipt] = there.client.deliver(there.kind, [write])
    assert (receipt.outcome, receipt.destination_id) == ("delivered", held)
    now = there.client.look_up(there.kind, ["merged-into-it", write.key])
    assert {key: item.destination_ids for key, item in now.items()} == {write.key: (held,)}
    assert now[write.key].digest == write.digest


@every_matching_delivery
def test_what_was_a_merged_keys_is_a_match_by_its_id(delivery: Delivery, there: There) -> None:
    held = there.held_by("merged-into-it")
    write = there.other.unseen(2, destination_id=held, former=("not-there", "merged-into-it"))
    assert there.match(write) == {write.key: (held,)}
    assert there.adopt(write).destination_id == held
    assert there.ids(there.other) == (held,)
    assert there.match(there.one.unseen(3, destination_id=held)) == {}


@every_matching_delivery
def test_what_was_put_aside_under_a_merged_key_comes_back_as_the_survivors(
    delivery: Delivery, there: There
) -> None:
    held = there.held_by("merged-into-it")
    merged = there.one.under("merged-into-it")
    removal = merged.write(2, there.client, there.kind)
    [receipt] = there.client.remove(there.kind, [removal], "archive")
    assert receipt.outcome == "delivered"
    write = there.one.unseen(3, destination_id=held, former=("merged-into-it",))
    found = there.client.match(there.kind, [write]).get(write.key)
    [receipt] = there.client.deliver(there.kind, [replace(write, found=found)])
    assert (receipt.outcome, receipt.destination_id) == ("delivered", held)
    assert (there.ids(there.one), there.ids(merged)) == ((held,), ())


@every_matching_delivery
def test_a_kind_the_system_does_not_have_cannot_be_matched(
    delivery: Delivery, there: There
) -> None:
    with pytest.raises(Stop):
        there.client.match("no_such_kind", [there.one.unseen(1)])
