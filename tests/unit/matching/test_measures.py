"""Measures of a clustering, beside small ones worked out by hand."""

from __future__ import annotations

from accord.matching.measures import b_cubed, largest, pairwise

TRUTH = {"a": "1", "b": "1", "c": "1", "d": "2"}


def test_the_truth_measures_one() -> None:
    assert pairwise(TRUTH, TRUTH).f1 == b_cubed(TRUTH, TRUTH).f1 == 1.0


def test_pairs_are_counted_both_ways() -> None:
    found = {"a": "1", "b": "1", "c": "c", "d": "1"}
    measured = pairwise(found, TRUTH)
    assert (measured.precision, measured.recall) == (1 / 3, 1 / 3)


def test_each_records_cluster_counts_once() -> None:
    found = {"a": "1", "b": "1", "c": "c", "d": "d"}
    measured = b_cubed(found, TRUTH)
    assert measured.precision == 1.0
    assert measured.recall == (2 / 3 + 2 / 3 + 1 / 3 + 1) / 4


def test_between_two_lists_only_their_pairs_count() -> None:
    truth = {"1:a": "x", "1:b": "x", "2:a": "x"}
    found = {"1:a": "x", "1:b": "b", "2:a": "x"}
    measured = pairwise(found, truth, side=lambda record: record[:2])
    assert (measured.precision, measured.recall) == (1.0, 0.5)


def test_the_largest_cluster_is_counted() -> None:
    assert largest(TRUTH) == 3
    assert largest({}) == 0
