"""Comparing new and changed records with whom they might be, and with all who belong to those."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from accord.golden.identity import Union
from accord.golden.matcher import Matcher, Scored
from accord.store import golden, identity
from accord.store.database import Connection
from accord.store.identity import Pair, Two

_LIKELY = 0.5
_LARGEST = 80
"""A larger group is not compared with itself in full."""


def compare(
    connection: Connection, matcher: Matcher, touched: Sequence[int], model: str, *, among: int
) -> Scored:
    """Score these records against all that they share a key with, of `among` records in all.

    A record that is likely one of a group is compared with the rest of it too, so that a group is
    judged by all its pairs, also by those that share no key.
    """
    asked = identity.candidates(connection, touched)
    first = _scored(connection, matcher, asked, model, among)
    rest = missing(first.pairs, touched, identity.companions(connection, _likely(first.pairs)))
    second = _scored(connection, matcher, sorted(rest - set(asked)), model, among)
    told: list[Any] = [second.evidence, first.evidence]
    evidence: Mapping[Two, str] = ChainMap(*told)
    return Scored(
        [*first.pairs, *second.pairs],
        evidence,
        silent=first.silent | second.silent,
        parted=first.parted | second.parted,
    )


def missing(
    pairs: Iterable[Pair], touched: Iterable[int], companions: Mapping[int, str]
) -> set[Two]:
    """The pairs of touched records with all whom likely pairs, or a golden id, put beside them.

    Where they bring two golden ids together, the pairs between those are among them.
    """
    union, fresh = Union(), set(touched)
    for pair in pairs:
        if pair.probability >= _LIKELY:
            union.join((pair.left_id, pair.right_id))
    first: dict[str, int] = {}
    for record, home in companions.items():
        union.join((first.setdefault(home, record), record))
    return {
        (one, other)
        for group in union.groups()
        if len(group) <= _LARGEST
        if not fresh.isdisjoint(group)
        for one in group
        for other in group
        if one < other
        and (one in fresh or other in fresh or companions.get(one) != companions.get(other))
    }


def _likely(pairs: Iterable[Pair]) -> list[int]:
    return sorted(
        {
            record
            for pair in pairs
            if pair.probability >= _LIKELY
            for record in (pair.left_id, pair.right_id)
        }
    )


def _scored(
    connection: Connection, matcher: Matcher, asked: Sequence[Two], model: str, among: int
) -> Scored:
    values = golden.values_of(connection, sorted({record for two in asked for record in two}))
    return matcher.score(values, asked, model, among=among)
