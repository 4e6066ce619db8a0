"""Whom a record is compared with: all who share enough, and of the others those who share most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pytest

from accord.store import identity
from accord.store.database import Connection, Role
from tests.support.golden import Company


@pytest.fixture
def store(company: Company) -> Iterator[Connection]:
    with company.store.session(Role.RESOLVER) as connection:
        yield connection


def shared(connection: Connection, keys: Mapping[str, Sequence[int]]) -> None:
    """Let each key be shared by these records."""
    connection.execute(
        "insert into ops.golden_blocks (block_key, record_id) select * from"
        " unnest(%(keys)s::text[], %(records)s::bigint[])",
        {
            "keys": [key for key, records in keys.items() for _ in records],
            "records": [record for records in keys.values() for record in records],
        },
    )


def test_all_pairs_are_told_while_they_are_few(store: Connection) -> None:
    shared(store, {"rare": [1, 2], "common": [1, 3, 4, 5, 6], "of others": [4, 5]})
    assert identity.candidates(store, [1]) == [(1, 2), (1, 3), (1, 4), (1, 5), (1, 6)]


def test_a_rare_key_counts_more_than_a_common_one(store: Connection) -> None:
    shared(store, {"rare": [1, 9], "common": [1, 2, 3, 4, 5], "also": [1, 5, 6, 7, 8]})
    assert identity.candidates(store, [1], lesser=1) == [(1, 5)]  # twice 6, where a rare one is 7
    assert identity.candidates(store, [1], lesser=2) == [(1, 5), (1, 9)]


def test_pairs_that_share_alike_are_told_together_or_not_at_all(store: Connection) -> None:
    shared(store, {"rare": [1, 9], "common": [1, 2, 3, 4, 5]})
    assert identity.candidates(store, [1], lesser=4) == [(1, 9)]
    assert len(identity.candidates(store, [1], lesser=5)) == 5


def test_who_shares_enough_is_told_however_many_there_are(store: Connection) -> None:
    keys = {f"{name}{other}": [1, other] for other in range(2, 60) for name in "abc"}
    shared(store, {**keys, "one": [1, 99]})
    assert identity.candidates(store, [1], lesser=0) == [(1, other) for other in range(2, 60)]


def test_a_pair_met_from_both_sides_is_not_worth_double(store: Connection) -> None:
    shared(store, {"a": [1, 2], "b": [1, 2]})
    assert identity.candidates(store, [1, 2], lesser=0) == []
    assert identity.candidates(store, [1, 2], lesser=1) == [(1, 2)]
    assert identity.candidates(store, [2], lesser=1) == [(1, 2)]


def test_a_key_that_too_many_share_brings_nobody_together(store: Connection) -> None:
    most = identity.LARGEST_BLOCK
    shared(store, {"town": range(1, most + 2), "street": range(1, most + 1)})
    assert len(identity.candidates(store, [1])) == most - 1
    assert identity.candidates(store, [most + 1]) == []


def test_an_identifier_is_no_key_to_compare_by(store: Connection) -> None:
    shared(store, {f"{identity.IDENTIFIER}tax_id:X": [1, 2]})
    assert identity.candidates(store, [1]) == []
