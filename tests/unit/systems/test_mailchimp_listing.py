"""The walk through an audience whose members move while it is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import stamina
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.emulation.faults import Fault
from accord.errors import Retry, Stop
from accord.http import Answer
from systems.mailchimp.listing import START, Walk, before
from tests.support import mailchimp
from tests.support.mailchimp import Clock


@pytest.fixture(autouse=True)
def _two_attempts() -> Iterator[None]:
    stamina.set_testing(True, attempts=2, cap=True)
    yield
    stamina.set_testing(False)


@dataclass(slots=True)
class Audience:
    """Members by id with the second of their last change, listed as Mailchimp lists them."""

    members: dict[str, int]
    meanwhile: list[Callable[[Audience], None]] = field(default_factory=list)
    now: int = 100
    deleted: set[str] = field(default_factory=set)
    touched: dict[str, int] = field(default_factory=dict)

    def get(self, _: str, params: Mapping[str, str]) -> Answer:
        since, offset = params.get("since_last_changed", ""), int(params["offset"])
        chosen = sorted(
            (moment(at), name) for name, at in self.members.items() if moment(at) > since
        )
        page = [
            {"contact_id": name, "last_changed": at, "status": "subscribed"}
            for at, name in chosen[offset : offset + int(params["count"])]
        ]
        body = json.dumps({"members": page, "total_items": len(chosen)}).encode()
        if self.meanwhile:
            self.meanwhile.pop(0)(self)
        return Answer(200, {}, body)

    def change(self, name: str, *, later: int) -> None:
        self.now += later
        if name not in self.deleted:
            self.members[name] = self.touched[name] = self.now

    def delete(self, name: str) -> None:
        self.deleted.add(name)
        self.members.pop(name, None)


def moment(second: int) -> str:
    return before(START, -second)


def walked(audience: Audience, size: int, since: str = "") -> tuple[Walk, list[str]]:
    walk = Walk(audience.get, size, since=since)
    return walk, [item.key for page in walk.pages() for item in page]


def changing(name: str, later: int) -> Callable[[Audience], None]:
    return lambda audience: audience.change(name, later=later)


def deleting(name: str) -> Callable[[Audience], None]:
    return lambda audience: audience.delete(name)


NAMES = st.sampled_from([f"m{number}" for number in range(12)])
MEANWHILE = st.lists(
    st.one_of(st.builds(changing, NAMES, st.integers(0, 2)), st.builds(deleting, NAMES)),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(
    members=st.dictionaries(NAMES, st.integers(1, 4), min_size=1),
    meanwhile=MEANWHILE,
    size=st.integers(1, 4),
)
def test_whoever_is_not_deleted_is_met_once_however_the_others_move(
    members: dict[str, int], meanwhile: list[Callable[[Audience], None]], size: int
) -> None:
    audience = Audience(dict(members), list(meanwhile))
    try:
        walk, met = walked(audience, size)
    except Retry:
        return
    assert len(met) == len(set(met))
    assert set(members) - audience.deleted <= set(met)
    audience.meanwhile.clear()
    _, again = walked(audience, size, before(walk.position, 1))
    for name, given_at in walk.met.items():
        if audience.touched.get(name, 0) and moment(audience.touched[name]) > given_at:
            assert name in {*again, *audience.deleted}, "what was not given is told the next time"


@given(size=st.integers(1, 9), count=st.integers(0, 9))
def test_a_whole_second_of_equal_times_is_paged_through(size: int, count: int) -> None:
    walk, met = walked(Audience({f"m{number}": 7 for number in range(count)}), size)
    assert len(met) == count
    assert walk.is_whole
    assert walk.position == (moment(7) if count else START)


def test_a_member_that_vanishes_meanwhile_leaves_the_reading_incomplete() -> None:
    walk, met = walked(Audience({"a": 1, "b": 5, "c": 9}, [deleting("c")]), 1)
    assert (met, walk.is_whole) == (["a", "b"], False)


def test_a_change_that_was_seen_and_not_given_holds_the_position_back() -> None:
    audience = Audience({"a": 1, "b": 5, "c": 9}, [changing("a", 0), changing("b", 50)])
    walk, met = walked(audience, 1)
    assert met.count("a") == 1
    assert walk.position <= moment(100)


def test_members_that_never_stand_still_are_left_for_later() -> None:
    names = [f"m{number}" for number in range(40)]
    meanwhile = [changing(name, 1) for name in names]
    with pytest.raises(Retry, match="changed faster"):
        walked(Audience(dict.fromkeys(names, 1), meanwhile), 2)


def test_following_tells_who_was_archived_and_the_whole_reading_who_was_deleted(
    tmp_path: Path,
) -> None:
    clock = Clock()
    with mailchimp.emulator(tmp_path, clock) as there, mailchimp.client(there, clock) as client:
        before_all = mailchimp.whole(client)
        first, second, third, *_ = sorted(before_all.payloads)
        clock.now += 100
        there.erase("members", first)
        there.delete_for_good(second)
        there.unsubscribe(third, "cleaned")
        told = mailchimp.changes(client, before_all.position)
        assert told.removed == [first]
        assert second not in told.payloads
        assert json.loads(told.payloads[third])["status"] == "cleaned"
        after = mailchimp.whole(client)
        assert after.complete
        assert set(before_all.payloads) - set(after.payloads) == {first, second}


def test_the_position_does_not_go_back_while_nothing_happens(tmp_path: Path) -> None:
    clock = Clock()
    with mailchimp.emulator(tmp_path, clock) as there, mailchimp.client(there, clock) as client:
        position = mailchimp.whole(client).position
        for _ in range(3):
            assert mailchimp.changes(client, position).position == position


def test_what_breaks_the_contract_is_rejected_without_its_values(tmp_path: Path) -> None:
    clock = Clock()
    with mailchimp.emulator(tmp_path, clock) as there, mailchimp.client(there, clock) as client:
        name = there.add("members")
        there.unsubscribe(name, "suspended")
        read = mailchimp.whole(client)
        assert read.rejected == ["not_in_list"]
        assert name not in read.payloads


def test_only_what_is_needed_of_a_person_is_asked_for(tmp_path: Path) -> None:
    clock = Clock()
    with mailchimp.emulator(tmp_path, clock) as there, mailchimp.client(there, clock) as client:
        payload = json.loads(next(iter(mailchimp.whole(client).payloads.values())))
        assert "ip_opt" in there.members()[0]
        assert set(payload) == {
            "id", "contact_id", "email_address", "status", "merge_fields", "timestamp_opt",
            "last_changed", "unsubscribe_reason",
        }  # fmt: skip


def test_a_listing_that_is_not_whole_is_read_again(tmp_path: Path) -> None:
    clock = Clock()
    with mailchimp.emulator(tmp_path, clock) as there, mailchimp.client(there, clock) as client:
        there.faults.add(Fault("bad_json", method="GET", path="/members"))
        with pytest.raises(Retry):
            mailchimp.whole(client)
        assert mailchimp.whole(client).payloads


def test_a_position_of_another_kind_is_refused(tmp_path: Path) -> None:
    clock = Clock()
    with (
        mailchimp.emulator(tmp_path, clock) as there,
        mailchimp.client(there, clock) as client,
        pytest.raises(Stop),
    ):
        mailchimp.changes(client, "evt_17")
