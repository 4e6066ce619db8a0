"""Reading Salesforce whole and by its changes, whatever happens there meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import stamina

from accord.emulation.faults import Fault
from accord.errors import Retry, Stop
from accord.records import Reading, Slice, Window
from systems.salesforce.client import SalesforceClient
from systems.salesforce.emulator import Emulator, Limits
from tests.support import salesforce
from tests.support.salesforce import Clock

DAY = 86_400.0
WHOLE = Slice("contacts", "", "")


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    stamina.set_testing(True, attempts=2, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextmanager
def opened(folder: Path, clock: Clock, *, page: int = 4) -> Iterator[tuple[Any, Any]]:
    with (
        salesforce.emulator(folder, clock=clock, limits=Limits(page_records=page)) as org,
        salesforce.client(org, clock=clock.moment) as client,
    ):
        yield org, client


@pytest.fixture
def both(tmp_path: Path, clock: Clock) -> Iterator[tuple[Emulator, SalesforceClient]]:
    with opened(tmp_path, clock) as pair:
        yield pair


def ids(reading: Reading) -> list[str]:
    return [record.key for page in reading.pages for record in page.records]


def removed(reading: Reading) -> list[str]:
    return [key for page in reading.pages for key in page.removed]


def position(client: SalesforceClient) -> str:
    reading = client.read("contacts", WHOLE)
    assert ids(reading)
    return reading.position


def test_all_of_it_is_read_in_pages_each_record_once(both: Any) -> None:
    org, client = both
    assert ids(client.read("contacts", WHOLE)) == [it["Id"] for it in org.rows("contacts")]
    everybody = len(org.rows("contacts")) + len(org.rows("accounts"))
    assert len(ids(client.read("accounts", Slice("accounts", "", "")))) < everybody


def test_a_record_holds_the_fields_of_the_contract_as_they_came(both: Any) -> None:
    _, client = both
    [first, *_] = next(client.read("contacts", WHOLE).pages).records
    shown = json.loads(first.payload)
    assert shown["attributes"]["type"] == "Contact"
    assert set(shown) == {"attributes", *client._listing("contacts").fields}
    assert shown["Id"] == first.key


def test_records_that_share_a_second_are_all_followed_over_page_ends(
    both: Any, clock: Clock
) -> None:
    org, client = both
    since = position(client)
    clock.now += 60
    wanted = [it["Id"] for it in org.rows("contacts")][::2]
    for key in wanted:
        org.edit("contacts", key)
    assert set(ids(client.changes("contacts", since))) == set(wanted)


def test_a_change_while_all_of_it_is_read_is_told_the_next_time(both: Any, clock: Clock) -> None:
    org, client = both
    reading = client.read("contacts", WHOLE)
    seen = [record.key for record in next(reading.pages).records]
    clock.now += 60
    org.edit("contacts", seen[0], LastName="Renamed")
    rest = ids(reading)
    assert seen[0] not in rest
    told = client.changes("contacts", reading.position)
    assert seen[0] in ids(told)


def test_a_change_while_changes_are_read_is_told_the_next_time(both: Any, clock: Clock) -> None:
    org, client = both
    since = position(client)
    clock.now += 60
    keys = [it["Id"] for it in org.rows("contacts")][:9]
    for key in keys:
        org.edit("contacts", key)
    reading = client.changes("contacts", since)
    first = [record.key for record in next(reading.pages).records]
    clock.now += 60
    org.edit("contacts", first[0])
    org.edit("contacts", keys[-1])
    rest = ids(reading)
    assert first[0] not in rest
    assert {first[0], keys[-1]} <= set(ids(client.changes("contacts", reading.position)))


def test_a_record_that_shows_late_is_still_found(both: Any, clock: Clock) -> None:
    org, client = both
    since = position(client)
    late = org.add("contacts")  # saved at noon by a long transaction
    clock.now += 90
    on_time = org.add("contacts")
    first = client.changes("contacts", since)
    assert on_time in ids(first)
    assert late in ids(client.changes("contacts", first.position))


def test_deleted_and_purged_records_are_told_as_removed(both: Any, clock: Clock) -> None:
    org, client = both
    since = position(client)
    clock.now += 60
    binned, purged, *_ = [it["Id"] for it in org.rows("contacts")]
    org.erase("contacts", purged)
    org.purge("contacts")
    org.erase("contacts", binned)
    reading = client.changes("contacts", since)
    assert sorted(removed(reading)) == sorted([binned, purged])
    assert not reading.complete


def test_a_query_the_org_forgets_goes_on_behind_the_last_record(both: Any, clock: Clock) -> None:
    org, client = both
    whole = client.read("contacts", WHOLE)
    found = [record.key for record in next(whole.pages).records]
    org.forget_queries()
    assert found + ids(whole) == [it["Id"] for it in org.rows("contacts")]
    clock.now += 60
    keys = [it["Id"] for it in org.rows("contacts")][:10]
    for key in keys:
        org.edit("contacts", key)
    changes = client.changes("contacts", whole.position)
    told = [record.key for record in next(changes.pages).records]
    org.forget_queries()
    assert told + ids(changes) == sorted(keys)


def test_a_query_forgotten_again_and_again_is_tried_later(tmp_path: Path, clock: Clock) -> None:
    with opened(tmp_path, clock) as (org, client):
        reading = client.read("contacts", WHOLE)
        next(reading.pages)
        org.faults.add(Fault("status_before", path="query/01g", status=500, times=99))
        with pytest.raises(Retry):
            list(reading.pages)
    assert reading.position == ""


def test_a_position_older_than_the_recycle_bin_means_reading_whole(both: Any, clock: Clock) -> None:
    _, client = both
    since = position(client)
    clock.now += 13 * DAY
    ids(client.changes("contacts", since))
    clock.now += 2 * DAY
    with pytest.raises(Stop, match="15 days"):
        client.changes("contacts", since)


def test_where_nothing_happens_the_position_does_not_grow_too_old(both: Any, clock: Clock) -> None:
    _, client = both
    since = position(client)
    for _ in range(6):
        clock.now += 7 * DAY
        reading = client.changes("contacts", since)
        assert ids(reading) == []
        since = reading.position


def test_the_signature_changes_with_every_change_and_settles(both: Any, clock: Clock) -> None:
    org, client = both

    def signature() -> str:
        [piece] = client.slices("contacts", Window())
        return piece.signature

    told = [signature()]
    for change in (org.add, lambda stream: org.erase(stream, org.rows(stream)[0]["Id"])):
        clock.now += 1
        change("contacts")
        told.append(signature())
    clock.now += 600
    told.append(signature())
    assert len(set(told)) == len(told)
    assert signature() == told[-1]


def test_a_record_that_breaks_its_contract_is_rejected_and_the_rest_goes_on(both: Any) -> None:
    org, client = both
    org.edit("contacts", org.rows("contacts")[0]["Id"], LastName=None)
    pages = list(client.read("contacts", WHOLE).pages)
    [rejected] = [item for page in pages for item in page.rejected]
    assert rejected.cause == "missing_value"
    assert sum(len(page.records) for page in pages) == len(org.rows("contacts")) - 1
