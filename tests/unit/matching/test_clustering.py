"""Groups are judged whole: no chain of links makes two customers one."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from accord.matching.clustering import cluster

IDS = tuple("abcdefgh")
pairs_of_ids = st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)).filter(lambda p: p[0] < p[1])
odds = st.dictionaries(pairs_of_ids, st.floats(-20, 20, allow_nan=False), max_size=20)
few = st.lists(pairs_of_ids, max_size=3)


def test_records_that_agree_are_one_customer() -> None:
    assert cluster("abc", {("a", "b"): 9.0}) == {"a": "a", "b": "a", "c": "c"}


def test_a_chain_of_two_customers_is_not_one() -> None:
    chain = {("a", "b"): 9.0, ("c", "d"): 9.0, ("b", "c"): 4.0}
    against = {("a", "c"): -9.0, ("a", "d"): -9.0, ("b", "d"): -9.0}
    assert cluster("abcd", chain | against) == {"a": "a", "b": "a", "c": "c", "d": "c"}


def test_a_pair_that_was_never_compared_does_not_part_what_others_join() -> None:
    assert set(cluster("abc", {("a", "b"): 9.0, ("b", "c"): 9.0}).values()) == {"a"}


def test_a_steward_joins_what_scores_keep_apart() -> None:
    assert cluster("ab", {("a", "b"): -20.0}, must_link=[("b", "a")])["b"] == "a"


def test_a_steward_keeps_apart_what_scores_join() -> None:
    joined = {("a", "b"): 20.0, ("a", "c"): 20.0, ("b", "c"): 20.0}
    found = cluster("abc", joined, cannot_link=[("c", "a")])
    assert found["a"] != found["c"]


def test_what_may_be_either_of_two_who_are_apart_is_neither() -> None:
    told = {("a", "c"): 10.0, ("b", "c"): 10.0}
    found = cluster("abc", told, cannot_link=[("a", "b")], threshold=8.0)
    assert found == {"a": "a", "b": "b", "c": "c"}
    assert cluster("abc", told, cannot_link=[("a", "b")], threshold=8.0, margin=0)["c"] == "a"


def test_what_is_surely_one_of_two_who_are_apart_is_that_one() -> None:
    told = {("a", "c"): 9.0, ("b", "c"): 18.0}
    found = cluster("abc", told, cannot_link=[("a", "b")], threshold=8.0)
    assert found == {"a": "a", "b": "b", "c": "b"}


def test_what_is_apart_from_one_of_them_itself_is_the_other() -> None:
    told = {("a", "c"): 10.0, ("b", "c"): 10.0}
    found = cluster("abc", told, cannot_link=[("a", "b"), ("a", "c")], threshold=8.0)
    assert found == {"a": "a", "b": "b", "c": "b"}


def test_a_must_link_across_a_cannot_link_holds_for_its_pair() -> None:
    found = cluster("ab", {}, must_link=[("a", "b")], cannot_link=[("a", "b")])
    assert found["a"] == found["b"]


@given(odds, few, few, st.randoms(use_true_random=False))
def test_the_order_of_records_and_pairs_changes_nothing(
    bits: dict[tuple[str, str], float],
    must: list[tuple[str, str]],
    cannot: list[tuple[str, str]],
    shuffled: random.Random,
) -> None:
    once = cluster(IDS, bits, must_link=must, cannot_link=cannot)
    ids, items = list(IDS), list(bits.items())
    for listed in (ids, items, must, cannot):
        shuffled.shuffle(listed)
    assert cluster(ids, dict(items), must_link=must, cannot_link=cannot) == once


@given(odds, few, few)
def test_a_stewards_decisions_always_hold(
    bits: dict[tuple[str, str], float],
    must: list[tuple[str, str]],
    cannot: list[tuple[str, str]],
) -> None:
    found = cluster(IDS, bits, must_link=must, cannot_link=cannot)
    forced = cluster(IDS, {}, must_link=must)
    assert all(found[left] == found[right] for left, right in must)
    assert all(
        found[left] != found[right] for left, right in cannot if forced[left] != forced[right]
    )
    assert all(found[record] <= record for record in IDS)


def test_a_pair_without_anything_in_common_does_not_outvote_one_that_is_sure() -> None:
    told = {("a", "b"): 12.0, ("a", "c"): 9.0, ("b", "c"): -3.0}
    assert cluster("abc", told, threshold=8.0)["c"] == "c"
    joined = cluster("abc", told, silent={("b", "c")}, threshold=8.0)
    assert set(joined.values()) == {"a"}


def test_what_contradicts_is_heard_beside_what_is_silent() -> None:
    told = {("a", "b"): 12.0, ("a", "c"): 9.0, ("a", "d"): 12.0, ("b", "c"): -9.0}
    found = cluster("abcd", told, silent={("b", "d"), ("c", "d")}, threshold=8.0)
    assert found == {"a": "a", "b": "a", "c": "c", "d": "a"}
