"""Golden ids follow their founders: whatever the order, a group bears its oldest founder's id."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from accord.golden.comparing import missing
from accord.golden.identity import Union, grouped, homes, joined_before, moves, survivors
from accord.matching.clustering import cluster
from accord.store.identity import Decisions, Founded, Pair, Two

RECORDS = range(1, 9)
NOTHING = Decisions(frozenset(), frozenset())

partitions = st.lists(st.integers(0, 3), min_size=len(RECORDS), max_size=len(RECORDS))
twos = st.tuples(st.sampled_from(RECORDS), st.sampled_from(RECORDS)).filter(
    lambda it: it[0] < it[1]
)


def groups_of(labels: list[int]) -> list[frozenset[int]]:
    found: dict[int, set[int]] = {}
    for record, label in zip(RECORDS, labels, strict=True):
        found.setdefault(label, set()).add(record)
    return [frozenset(it) for it in found.values()]


def named(
    groups: list[frozenset[int]], founded: dict[int, Founded]
) -> tuple[dict[str, frozenset[int]], dict[int, Founded]]:
    """Name every group, letting those without an id found one."""
    found = homes(groups, founded)
    all_of = dict(found.named)
    for group in found.nameless:
        number = len(founded) + 1
        founded = {**founded, min(group): Founded(min(group), f"id {number}", number, None)}
        all_of[f"id {number}"] = group
    return all_of, founded


def home_of(names: dict[str, frozenset[int]]) -> dict[int, str]:
    return {record: name for name, group in names.items() for record in group}


@given(st.lists(partitions, min_size=1, max_size=6))
def test_an_id_changes_only_for_records_whose_group_does(history: list[list[int]]) -> None:
    founded: dict[int, Founded] = {}
    before: dict[str, frozenset[int]] = {}
    for labels in history:
        after, founded = named(groups_of(labels), founded)
        for name, group in before.items():
            if group in after.values():
                assert after[name] == group
        before = after


@given(partitions, partitions)
def test_a_merge_that_is_taken_back_is_the_identity(first: list[int], other: list[int]) -> None:
    names, founded = named(groups_of(first), {})
    _, founded = named(groups_of(other), founded)
    again, _ = named(groups_of(first), founded)
    assert again == names


@given(partitions, partitions)
def test_the_oldest_survives_and_all_others_resolve_to_it(
    first: list[int], other: list[int]
) -> None:
    _, founded = named(groups_of(first), {})
    names, founded = named(groups_of(other), founded)
    resolved = survivors(names, founded)
    assert set(resolved) == {it.golden_id for it in founded.values()}
    numbers = {it.golden_id: it.number for it in founded.values()}
    for loser, survivor in resolved.items():
        assert not survivor or (numbers[survivor] < numbers[loser] and not resolved[survivor])


@given(
    st.lists(
        st.tuples(twos, st.sampled_from([0.3, 0.97, 0.9999])),
        max_size=14,
        unique_by=lambda it: it[0],
    ),
    st.lists(twos, max_size=3),
    st.randoms(use_true_random=False),
)
@settings(max_examples=60)
def test_groups_do_not_depend_on_the_order_of_pairs(
    scored: list[tuple[Two, float]], apart: list[Two], chance: random.Random
) -> None:
    pairs = [Pair(*two, odds, "matched") for two, odds in scored]
    decisions = Decisions(frozenset(), frozenset(apart))
    shuffled = chance.sample(pairs, len(pairs))
    found = [
        set(grouped(list(RECORDS), it, decisions, cluster, threshold=6.0, together={}))
        for it in (pairs, shuffled)
    ]
    assert found[0] == found[1]


@given(
    partitions,
    st.lists(
        st.tuples(twos, st.sampled_from(["known_id", "identifier", "matched"])),
        max_size=12,
        unique_by=lambda it: it[0],
    ),
    st.lists(twos, max_size=3),
)
@settings(max_examples=60)
def test_what_belongs_together_stays_so_and_what_is_kept_apart_too(
    labels: list[int], keys: list[tuple[Two, str]], apart: list[Two]
) -> None:
    home = {record: f"id {label}" for record, label in zip(RECORDS, labels, strict=True)}
    apart = [two for two in apart if home[two[0]] != home[two[1]]]
    pairs = [Pair(*two, 0.9999, reason) for two, reason in keys]  # type: ignore[arg-type]
    decisions = Decisions(frozenset(), frozenset(apart))
    found = grouped(list(RECORDS), pairs, decisions, cluster, threshold=6.0, together=home)
    now = {record: group for group in found for record in group}
    for one in RECORDS:
        for other in RECORDS:
            assert home[one] != home[other] or now[one] is now[other]
    for left, right in apart:
        assert now[left] is not now[right]


def test_groups_with_a_parted_pair_between_them_are_joined_by_no_score() -> None:
    pairs = [Pair(1, 3, 0.9999, "matched"), Pair(2, 3, 0.99999, "matched")]

    def found(**told: Any) -> set[frozenset[int]]:
        how = {"together": {}, "silent": [(1, 2)], **told}
        return set(grouped([1, 2, 3], pairs, NOTHING, cluster, threshold=6.0, **how))

    assert found() == {frozenset({1, 2, 3})}
    assert found(parted=[(1, 2)]) == {frozenset({1}), frozenset({2, 3})}
    assert found(parted=[(1, 2)], together={1: "a", 2: "a"}) == {frozenset({1, 2, 3})}


def test_a_key_links_though_no_score_does_and_never_against_a_decision() -> None:
    pairs = [Pair(1, 2, 1.0, "identifier"), Pair(2, 3, 1.0, "known_id")]
    assert joined_before(pairs, NOTHING, together={}) == [(2, 3), (1, 2)]
    apart = Decisions(frozenset(), frozenset({(1, 3)}))
    assert joined_before(pairs, apart, together={}) == [(2, 3)]


def test_a_membership_says_what_spoke_most_for_it() -> None:
    founded = {1: Founded(1, "id 1", 1, None)}
    pairs = [
        Pair(1, 2, 0.99, "matched", "m"),
        Pair(1, 3, 1.0, "identifier"),
        Pair(2, 3, 0.7, "matched"),
    ]
    found = moves({"id 1": frozenset({1, 2, 3, 4})}, {}, founded, pairs, NOTHING)
    assert [(it.record_id, it.decision, it.score) for it in found] == [
        (1, "founder", None), (2, "matched", 0.99), (3, "identifier", 1.0), (4, "matched", None),
    ]  # fmt: skip
    linked = Decisions(frozenset({(1, 4)}), frozenset())
    assert (
        moves({"id 1": frozenset({1, 4})}, {1: "id 1"}, founded, [], linked)[0].decision
        == "steward"
    )


def test_a_record_is_compared_with_all_that_belong_to_whom_it_is_likely_one_with() -> None:
    pairs = [Pair(1, 9, 0.8, "matched"), Pair(5, 9, 0.2, "matched")]
    assert missing(pairs, [9], {1: "a", 2: "a", 5: "b"}) == {(1, 9), (2, 9)}


def test_records_that_must_not_meet_are_not_joined_unless_it_is_decided() -> None:
    union = Union([1, 2, 3], apart=[(1, 2)])
    assert not union.join((1, 2))
    assert union.join((2, 3))
    assert not union.join((1, 3))
    assert union.join((1, 3), always=True)
    assert union.groups() == [frozenset({1, 2, 3})]
