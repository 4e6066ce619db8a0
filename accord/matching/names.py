"""How alike two names are, read as bags of words whose rarity is known.

A word is worth the information it carries: sharing a rare word says much, sharing `restaurant`
little. Words meet when they are equal, misspelt, short forms, initials, or written together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log2

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from accord.matching.vocabulary import COMMON_WORDS, SHORT_NAMES

_COMMON_BITS = 3.0

# How alike, from the weakest; the numbers are the levels of the comparison `name`.
DIFFERENT, WEAK, SIMILAR, CONTAINED, NEAR, EXACT = range(6)


@dataclass(frozen=True, slots=True)
class Rarity:
    """What each word is worth, in bits: log2 of one over its share of the records."""

    counts: Mapping[str, int]
    records: int

    def bits(self, word: str) -> float:
        """The information of one word; common business words never say much."""
        count = self.counts.get(word, 1)
        worth = log2(self.records / max(count - 1.5, 0.5)) if self.records else 10.0
        if word in COMMON_WORDS:
            worth = min(worth, _COMMON_BITS)
        elif len(word) == 1:
            worth = min(worth, 4.0)
        return max(worth, 0.5)


@dataclass(frozen=True, slots=True)
class Likeness:
    """A level from DIFFERENT to EXACT, and the information of the words that met, in bits."""

    level: int
    bits: float


def likeness(left: str, right: str, rarity: Rarity) -> Likeness:
    """Compare two names, each its words with one blank between them."""
    lefts, rights = left.split(" "), right.split(" ")
    pairs, rest_l, rest_r = _met(lefts, rights, rarity)
    met = sum(worth * share for worth, share in pairs)
    total_l = sum(map(rarity.bits, lefts))
    total_r = sum(map(rarity.bits, rights))
    whole = 2 * met / (total_l + total_r)
    smaller = met / min(total_l, total_r)
    if sorted(lefts) == sorted(rights) or left.replace(" ", "") == right.replace(" ", ""):
        return Likeness(EXACT, total_l)
    level = _level(whole, smaller, pairs, rest_l, rest_r)
    return Likeness(level, met)


def _level(
    whole: float,
    smaller: float,
    pairs: list[tuple[float, float]],
    rest_l: list[str],
    rest_r: list[str],
) -> int:
    numbered = any(w.isdigit() for w in rest_l) and any(w.isdigit() for w in rest_r)
    if not pairs:
        return DIFFERENT
    strongest = max(worth for worth, _ in pairs)
    if numbered:
        return WEAK if whole >= 0.35 else DIFFERENT
    if whole >= 0.84:
        return NEAR
    if smaller >= 0.9 and strongest >= 5 and (not rest_l or not rest_r):
        return CONTAINED
    if whole >= 0.6:
        return SIMILAR
    return WEAK if whole >= 0.33 else DIFFERENT


def _met(
    lefts: list[str], rights: list[str], rarity: Rarity
) -> tuple[list[tuple[float, float]], list[str], list[str]]:
    """Pair the words off, the surest first: (information, how sure), and what is left over."""
    rest_r = list(rights)
    rest_l, found = [], []
    for word in lefts:
        if word in rest_r:
            rest_r.remove(word)
            found.append((rarity.bits(word), 1.0))
        else:
            rest_l.append(word)
    if rest_l and rest_r:
        found += _joined(rest_l, rest_r, rarity)
        found += _joined(rest_r, rest_l, rarity)
        found += _misspelt(rest_l, rest_r, rarity)
    return found, rest_l, rest_r


def _joined(apart: list[str], together: list[str], rarity: Rarity) -> list[tuple[float, float]]:
    """Meet words written apart on one side and together, or as initials, on the other."""
    found = []
    for word in list(together):
        for start in range(len(apart) - 1):
            for stop in range(start + 2, min(start + 5, len(apart)) + 1):
                run = apart[start:stop]
                initials = "".join(part[0] for part in run)
                if "".join(run) != word and (len(run) < 3 or initials != word):
                    continue
                found.append((max(rarity.bits(word), sum(map(rarity.bits, run))), 0.9))
                together.remove(word)
                del apart[start:stop]
                break
            else:
                continue
            break
    return found


def _misspelt(rest_l: list[str], rest_r: list[str], rarity: Rarity) -> list[tuple[float, float]]:
    ranked = sorted(
        (
            (-sure, left, right)
            for left in set(rest_l)
            for right in set(rest_r)
            if (sure := word_likeness(left, right)) > 0
        ),
    )
    found = []
    for minus, left, right in ranked:
        if left in rest_l and right in rest_r:
            rest_l.remove(left)
            rest_r.remove(right)
            worth = min(rarity.bits(left), rarity.bits(right))
            if len(left) == 1 or len(right) == 1:
                worth = min(worth, 3.0)
            found.append((worth, -minus))
    return found


def word_likeness(left: str, right: str) -> float:
    """How sure it is that two different words are one: 0 when nothing speaks for it."""
    if left.isdigit() or right.isdigit():
        return 0.0
    if len(left) == 1 or len(right) == 1:
        return 0.7 if left[0] == right[0] else 0.0
    if not SHORT_NAMES.get(left, frozenset()).isdisjoint(SHORT_NAMES.get(right, frozenset())):
        return 0.9
    shorter = min(len(left), len(right))
    if shorter >= 4:
        alike = JaroWinkler.similarity(left, right)
        edits = DamerauLevenshtein.distance(left, right, score_cutoff=3)
        if edits <= 1 or (alike >= 0.92 and edits <= 1 + shorter // 4):
            return 0.85
        if left.startswith(right) or right.startswith(left):
            return 0.75
        if alike >= 0.88 and edits <= 2:
            return 0.7
    elif shorter == 3 and DamerauLevenshtein.distance(left, right, score_cutoff=2) <= 1:
        return 0.6
    return 0.0
