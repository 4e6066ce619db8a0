"""Names are compared by what their words say."""

from __future__ import annotations

import pytest

from accord.matching.names import (
    CONTAINED,
    DIFFERENT,
    EXACT,
    NEAR,
    WEAK,
    Rarity,
    likeness,
    similarity,
    word_likeness,
)

RARITY = Rarity({"restaurant": 400, "dental": 300, "clinic": 300, "smith": 20}, 1000)


@pytest.mark.parametrize(
    ("left", "right", "level"),
    [
        ("harbour lights", "lights harbour", EXACT),
        ("pizza hut", "pizzahut", EXACT),
        ("harbour lights cafe", "harbor lights cafe", NEAR),
        ("international business machines", "ibm", NEAR),
        ("katzen delicatessen", "katzen", CONTAINED),
        ("bob smith", "robert smith", NEAR),
        ("store 12 north", "store 15 north", WEAK),
        ("merlin dental clinic", "sowerby dental clinic", DIFFERENT),
        ("harbour lights", "quayside tea", DIFFERENT),
    ],
)
def test_two_names_are_as_alike_as_their_rare_words(left: str, right: str, level: int) -> None:
    assert likeness(left, right, RARITY).level == level
    assert likeness(right, left, RARITY).level == level


def test_a_rare_word_in_common_says_more_than_a_common_one() -> None:
    rare = likeness("zephyrine restaurant", "zephyrine grill", RARITY)
    common = likeness("zephyrine restaurant", "katzen restaurant", RARITY)
    assert rare.bits > 2 * common.bits


def test_words_in_company_say_less_than_apart() -> None:
    met = likeness("dental clinic", "clinic dental", RARITY).bits
    assert met < RARITY.total(["dental", "clinic"])


def test_numbers_are_never_misspelt() -> None:
    assert word_likeness("1200", "1201") == 0.0


def test_similarity_is_a_share() -> None:
    assert similarity("ann lee", "lee ann", RARITY) == 1.0
    assert 0.0 < similarity("ann lee", "ann poe", RARITY) < 1.0
    assert similarity("ann lee", "tom poe", RARITY) == 0.0
