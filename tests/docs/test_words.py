"""The glossary holds the words that are used, and the texts keep to them."""

from __future__ import annotations

import re

import pytest

from accord.settings import CHECKOUT
from tests.support import documents

GLOSSARY = CHECKOUT / "GLOSSARY.md"
TERMS = re.findall(r"^\| \*\*([^*]+)\*\* \|", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)


def everything_else() -> str:
    paths = [*documents.code(".py", ".sql", ".yml", ".yaml", ".toml"), *documents.tracked(".md")]
    texts = (path.read_text(encoding="utf-8") for path in paths if path != GLOSSARY)
    return re.sub(r"[\s_]+", " ", " ".join(texts).lower())


TEXT = everything_else()


def test_the_glossary_is_in_order_and_says_each_word_once() -> None:
    assert sorted(set(TERMS)) == TERMS
    assert len(TERMS) > 30


@pytest.mark.parametrize("term", TERMS)
def test_every_word_of_the_glossary_is_used(term: str) -> None:
    plural = "(?:s|es)?" if not term.endswith("y") else ""
    stem = re.escape(term.removesuffix("y")) + ("(?:y|ies)" if term.endswith("y") else plural)
    assert re.search(rf"\b{stem}\b", TEXT), f"{term!r} is explained and never used"
