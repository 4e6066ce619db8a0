"""The words that records write in several ways: titles, short names, roads, business words.

Each entry is general knowledge of English and the larger European languages; none comes from a
data set. A word that is not here is compared as it stands. The lists are in `words/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

GENERATIONS = {
    "sr": 1, "snr": 1, "senior": 1, "jr": 2, "jnr": 2, "junior": 2,
    "i": 1, "ii": 2, "iii": 3, "iv": 4, "2nd": 2, "3rd": 3, "4th": 4,
}  # fmt: skip


def _lines(name: str) -> Iterator[list[str]]:
    text = (files("accord.matching") / "words" / f"{name}.txt").read_text(encoding="ascii")
    return (line.split() for line in text.splitlines() if not line.startswith("#"))


def _listed(name: str) -> frozenset[str]:
    return frozenset(word for line in _lines(name) for word in line)


def _short_names() -> Mapping[str, frozenset[str]]:
    """Return for each given name the lines that it stands in, named by their first name."""
    found: dict[str, set[str]] = {}
    for line in _lines("short_names"):
        for name in line:
            found.setdefault(name, set()).add(line[0])
    return {name: frozenset(lines) for name, lines in found.items()}


def _spelt_out(name: str) -> Mapping[str, str]:
    """Return for each abbreviation the word it stands for."""
    return {short: word for word, *shorts in _lines(name) for short in shorts}


@cache
def named_countries() -> Mapping[str, str]:
    """Return the ISO 3166-1 alpha-2 code for each further name of a country."""
    return {" ".join(name): code for code, *name in _lines("countries")}


SHORT_NAMES = _short_names()
BUSINESS_WORDS = _spelt_out("business_words")
ROAD_WORDS = _spelt_out("road_words")
ROAD_KINDS = _listed("road_kinds")
COMMON_WORDS = _listed("common_words")
LEGAL_FORMS = frozenset({*_listed("legal_forms"), *map(" ".join, _lines("legal_phrases"))})
OPEN_HOSTS = _listed("open_hosts")
TAGGING_HOSTS = _listed("tagging_hosts")
TITLES = _listed("titles")
