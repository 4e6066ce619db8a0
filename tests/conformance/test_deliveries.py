"""Every destination: what was delivered is found again as it is, once, whatever is repeated."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from accord.catalog import Delivery
from accord.connector import Destination
from accord.errors import Stop
from accord.records import content_digest
from tests.support import conformance
from tests.support.conformance import DELIVERIES, SYSTEMS, Sample, named

every_delivery = pytest.mark.parametrize("delivery", DELIVERIES, ids=named)


@pytest.fixture
def destination(delivery: Delivery, tmp_path: Path) -> Iterator[Destination]:
    with conformance.company(SYSTEMS[delivery.system], tmp_path) as company:
        client = company.client(delivery.system)
        assert isinstance(client, Destination)
        yield client


def firsts(delivery: Delivery) -> list[Sample]:
    """The first version of each sample object."""
    by_key: dict[str, Sample] = {}
    for sample in conformance.samples(delivery):
        by_key.setdefault(sample.object_key, sample)
    return list(by_key.values())


@every_delivery
def test_the_samples_hold_several_objects_and_a_correction(delivery: Delivery) -> None:
    everything, first = conformance.samples(delivery), firsts(delivery)
    assert len(first) > 1, "two objects at least"
    assert len(everything) > len(first), "and one of them again, corrected"
    digests = [content_digest(sample.content) for sample in everything]
    assert len(set(digests)) == len(digests)


@every_delivery
def test_a_key_nobody_delivered_is_left_out_of_a_look_up(
    delivery: Delivery, destination: Destination
) -> None:
    keys = [sample.object_key for sample in firsts(delivery)]
    assert destination.look_up(delivery.kind, keys) == {}
    assert destination.look_up(delivery.kind, []) == {}


@every_delivery
def test_what_was_delivered_in_one_batch_is_found_with_the_same_digests(
    delivery: Delivery, destination: Destination
) -> None:
    wanted = firsts(delivery)
    writes = [
        sample.write(number, destination, delivery.kind)
        for number, sample in enumerate(wanted, start=1)
    ]
    receipts = destination.deliver(delivery.kind, writes)
    assert sorted(receipt.write_id for receipt in receipts) == [item.write_id for item in writes]
    found = destination.look_up(delivery.kind, [write.key for write in writes])
    assert {key: item.digest for key, item in found.items()} == {
        write.key: write.digest for write in writes
    }
    for write in writes:
        receipt = next(item for item in receipts if item.write_id == write.write_id)
        assert receipt.outcome == "delivered"
        assert (receipt.destination_id,) == found[write.key].destination_ids


@every_delivery
def test_delivering_the_same_content_again_doubles_nothing(
    delivery: Delivery, destination: Destination
) -> None:
    [sample, *_] = firsts(delivery)
    conformance.deliver(destination, delivery.kind, [sample])
    before = destination.look_up(delivery.kind, [sample.object_key])
    conformance.deliver(destination, delivery.kind, [sample], first=2)
    assert destination.look_up(delivery.kind, [sample.object_key]) == before


@every_delivery
def test_the_same_write_sent_twice_takes_effect_once(
    delivery: Delivery, destination: Destination
) -> None:
    [sample, *_] = firsts(delivery)
    write = sample.write(1, destination, delivery.kind)
    for _ in range(2):
        destination.deliver(delivery.kind, [write])
    found = destination.look_up(delivery.kind, [write.key])[write.key]
    assert (len(found.destination_ids), found.digest) == (1, write.digest)


@every_delivery
def test_a_corrected_object_takes_the_place_of_the_earlier_one(
    delivery: Delivery, destination: Destination
) -> None:
    everything = conformance.samples(delivery)
    conformance.deliver(destination, delivery.kind, everything)
    latest = {sample.object_key: content_digest(sample.content) for sample in everything}
    found = destination.look_up(delivery.kind, list(latest))
    assert {key: item.digest for key, item in found.items()} == latest
    assert {len(item.destination_ids) for item in found.values()} == {1}


@every_delivery
def test_a_kind_the_system_does_not_have_is_refused(
    delivery: Delivery, destination: Destination
) -> None:
    with pytest.raises(Stop):
        destination.look_up("no_such_kind", ["x"])
    with pytest.raises(Stop):
        destination.deliver("no_such_kind", [])
