"""How alike two names are, read as bags of words whose rarity is known.

A word is worth the information it carries: sharing a rare word says much, sharing `restaurant`
little. Words meet when they are equal, misspelt, short forms, initials, or written together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from math import log2

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from accord.matching.vocabulary import COMMON_WORDS, SHORT_NAMES

_COMMON_BITS = 3.0
_INITIAL_BITS = 3.0
# What further words of a name add to the rarest one.
_COMPANY = 0.6
# Runs of at most this many words may be one word on the other side.
_LONGEST_RUN = 5
# In names of more words than this, as of products, words only meet when they are equal.
_MOST_WORDS = 9

# How alike, from the weakest; the numbers are the levels of the comparison `name`.
DIFFERENT, WEAK, SIMILAR, CONTAINED, NEAR, EXACT = range(1, 7)


@dataclass(frozen=True, slots=True)
class Rarity:
    """What each word is worth, in bits: log2 of one over its share of the records."""

    counts: Mapping[str, int]
    records: int
    _worths: dict[str, float] = field(default_factory=dict)

    def bits(self, word: str) -> float:
        """The information of one word; common business words never say much."""
        worth = self._worths.get(word)
        if worth is None:
            worth = self._worths[word] = self._counted(word)
        return worth

    def total(self, words: Iterable[str]) -> float:
        """The information of several words."""
        return sum(map(self.bits, words))

    def _counted(self, word: str) -> float:
        worth = log2(max(self.records, 2) / max(self.counts.get(word, 1) - 1.5, 0.5))
        if word in COMMON_WORDS:
            worth = min(worth, _COMMON_BITS)
        elif len(word) == 1:
            worth = min(worth, _INITIAL_BITS + 1)
        return max(worth, 0.5)


@dataclass(frozen=True, slots=True)
class Likeness:
    """A level from DIFFERENT to EXACT, and the information of the words that met, in bits.

    Of `rivals` each says a word that the other does not say: a restaurant, and a cafe.
    """

    level: int
    bits: float
    rivals: bool = False


@dataclass(slots=True)
class _Meeting:
    """What two names share: the information met, the best word met, and the words left over."""

    rarity: Rarity
    lefts: list[str]
    rights: list[str]
    bits: float = 0.0
    strongest: float = 0.0

    def meet(self, worth: float, sure: float) -> None:
        self.bits += worth * sure
        self.strongest = max(self.strongest, worth * sure)


def likeness(left: str, right: str, rarity: Rarity) -> Likeness:
    """Compare two names, each its words with one blank between them."""
    lefts, rights = left.split(" "), right.split(" ")
    if left == right or sorted(lefts) == sorted(rights):
        return Likeness(EXACT, _together(rarity.total(lefts), max(map(rarity.bits, lefts))))
    if left.replace(" ", "") == right.replace(" ", ""):
        most = max(map(rarity.bits, lefts + rights))
        return Likeness(EXACT, _together(max(rarity.total(lefts), rarity.total(rights)), most))
    meeting = _met(lefts, rights, rarity)
    if not meeting.bits:
        return Likeness(DIFFERENT, 0.0)
    level = _level(meeting, rarity.total(lefts), rarity.total(rights))
    rivals = bool(meeting.lefts and meeting.rights)
    return Likeness(level, _together(meeting.bits, meeting.strongest), rivals)


def similarity(left: str, right: str, rarity: Rarity) -> float:
    """Return from 0 to 1 what share of the information of two names they have in common."""
    lefts, rights = left.split(" "), right.split(" ")
    if sorted(lefts) == sorted(rights) or left.replace(" ", "") == right.replace(" ", ""):
        return 1.0
    met = _met(lefts, rights, rarity).bits
    return min(2 * met / (rarity.total(lefts) + rarity.total(rights)), 1.0)


def _together(total: float, strongest: float) -> float:
    """The information of words together: they come in company, such as `dental clinic`."""
    return strongest + _COMPANY * (total - strongest)


def _level(meeting: _Meeting, left: float, right: float) -> int:
    whole = 2 * meeting.bits / (left + right)
    numbered = any(map(str.isdigit, meeting.lefts)) and any(map(str.isdigit, meeting.rights))
    if numbered:
        return WEAK if whole >= 0.35 else DIFFERENT
    if _are_rivals(meeting):
        return WEAK if whole >= 0.33 else DIFFERENT
    if whole >= 0.84:
        return NEAR
    is_within = not meeting.lefts or not meeting.rights
    if is_within and meeting.bits / min(left, right) >= 0.9 and meeting.strongest >= 5:
        return CONTAINED
    if whole >= 0.6:
        return SIMILAR
    return WEAK if whole >= 0.33 else DIFFERENT


def _are_rivals(meeting: _Meeting) -> bool:
    """Whether the one word each says alone tells more than what both say: Lee Homes, Hall Homes."""
    if len(meeting.lefts) != 1 or len(meeting.rights) != 1:
        return False
    return min(map(meeting.rarity.bits, meeting.lefts + meeting.rights)) > meeting.strongest


def _met(lefts: list[str], rights: list[str], rarity: Rarity) -> _Meeting:
    """Pair the words off, the surest first."""
    meeting = _Meeting(rarity, [], list(rights))
    for word in lefts:
        if word in meeting.rights:
            meeting.rights.remove(word)
            meeting.meet(rarity.bits(word), 1.0)
        else:
            meeting.lefts.append(word)
    if meeting.lefts and meeting.rights and max(len(lefts), len(rights)) <= _MOST_WORDS:
        _join(meeting, meeting.lefts, meeting.rights)
        _join(meeting, meeting.rights, meeting.lefts)
        _forgive(meeting)
    return meeting


def _join(meeting: _Meeting, apart: list[str], together: list[str]) -> None:
    """Meet words written apart on one side and together, or as initials, on the other."""
    if len(apart) < 2:
        return
    for word in list(together):
        run = _run(apart, word)
        if run:
            worth = max(meeting.rarity.bits(word), meeting.rarity.total(apart[run]))
            meeting.meet(worth, 0.9)
            together.remove(word)
            del apart[run]


def _run(apart: list[str], word: str) -> slice | None:
    for start in range(len(apart) - 1):
        if apart[start][0] != word[0]:
            continue
        for stop in range(start + 2, min(start + _LONGEST_RUN, len(apart)) + 1):
            run = apart[start:stop]
            initials = "".join(part[0] for part in run)
            if "".join(run) == word or (len(run) > 2 and initials == word):
                return slice(start, stop)
    return None


def _forgive(meeting: _Meeting) -> None:
    """Meet words that are misspelt, short forms or initials of each other."""
    ranked = sorted(
        (-sure, left, right)
        for left in set(meeting.lefts)
        for right in set(meeting.rights)
        if (sure := word_likeness(left, right)) > 0
    )
    for minus, left, right in ranked:
        if left in meeting.lefts and right in meeting.rights:
            meeting.lefts.remove(left)
            meeting.rights.remove(right)
            worth = min(meeting.rarity.bits(left), meeting.rarity.bits(right))
            meeting.meet(
                min(worth, _INITIAL_BITS) if 1 in (len(left), len(right)) else worth, -minus
            )


@lru_cache(maxsize=1 << 18)
def word_likeness(left: str, right: str) -> float:
    """How sure it is that two different words are one: 0 when nothing speaks for it."""
    if left.isdigit() or right.isdigit():
        return 0.0
    if len(left) == 1 or len(right) == 1:
        return 0.7 if left[0] == right[0] else 0.0
    if left in SHORT_NAMES and not SHORT_NAMES[left].isdisjoint(SHORT_NAMES.get(right, ())):
        return 0.9
    return _spelling(left, right)


def _spelling(left: str, right: str) -> float:
    shorter = min(len(left), len(right))
    if shorter < 3:
        return 0.0
    if shorter == 3:
        return 0.6 if DamerauLevenshtein.distance(left, right, score_cutoff=1) <= 1 else 0.0
    if left.startswith(right) or right.startswith(left):
        return 0.75
    edits = DamerauLevenshtein.distance(left, right, score_cutoff=4)
    if edits <= 1:
        return 0.85
    alike = JaroWinkler.similarity(left, right, score_cutoff=0.88)
    if alike >= 0.92 and edits <= 1 + shorter // 4:
        return 0.85
    return 0.7 if alike and edits <= 2 else 0.0
