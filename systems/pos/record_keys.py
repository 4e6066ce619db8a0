"""Calls each line of a day file by a key that does not depend on where in the file it stands.

A key is `<receipt>|<article>|<n>`. Lines of one receipt and article are numbered in the order of
their bytes, so that a file in another order says the same, and a corrected line is a new version
of its record where its pair occurs once.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise

from systems.pos.day_file import Line

Pair = Callable[[Line], str]


def pair_of(receipt: int, article: int) -> Pair:
    """Return what joins the values at two places of a line."""
    return lambda line: f"{line.values[receipt]}|{line.values[article]}"


class RecordKeys:
    """Gives out the keys of one file's lines; every line is asked for once, in any order.

    `lines` returns the file's lines anew each time. What is held is one number a line while this
    is built, then only the lines whose pair occurs more than once.
    """

    def __init__(self, lines: Callable[[], Iterable[Line]], pair: Pair) -> None:
        self._pair = pair
        self._next: dict[bytes, int] = {}
        again = _repeated(hash(pair(line)) for line in lines() if not line.fault)
        if not again:
            return
        alike: defaultdict[str, list[bytes]] = defaultdict(list)
        for line in lines():
            if not line.fault and hash(name := pair(line)) in again:
                alike[name].append(line.raw)
        for group in alike.values():
            for number, raw in enumerate(sorted(group), start=1):
                self._next.setdefault(raw, number)

    def __call__(self, line: Line) -> str:
        """Return the key of a line without fault."""
        number = self._next.get(line.raw, 1)
        if line.raw in self._next:
            self._next[line.raw] = number + 1
        return f"{self._pair(line)}|{number}"


class RejectedKeys:
    """Gives out the keys of lines that cannot be relied on to name their receipt.

    Such a key is made from the line's bytes and counts lines that are equal.
    """

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def __call__(self, raw: bytes) -> str:
        """Return the key of the next line with these bytes."""
        name = hashlib.sha256(raw).hexdigest()[:16]
        self._seen[name] += 1
        return f"{name}|{self._seen[name]}"


def _repeated(hashes: Iterable[int]) -> set[int]:
    """Return the numbers that occur more than once; sorting needs far less memory than a set."""
    ordered = sorted(array("q", hashes))
    return {one for one, other in pairwise(ordered) if one == other}
