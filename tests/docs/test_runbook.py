"""docs/runbook has one page for each cause, and each says something of its own."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.docs.test_operations import KNOWN, TEXT
from tests.support import documents

FOLDER = documents.DOCS / "runbook"
INDEX = (FOLDER / "README.md").read_text(encoding="utf-8")
PAGES = {path.stem: path for path in sorted(FOLDER.glob("*.md")) if path.name != "README.md"}
PARTS = ("How to see it", "What to do", "How to know that it is over")


def page_of(cause: str) -> str:
    return cause.replace("<", "").replace(">", "")


def parts(path: Path) -> list[str]:
    """What the page means by its cause, and what stands below each of its headings."""
    text = path.read_text(encoding="utf-8")
    found = documents.sections(text)
    assert tuple(found) == PARTS, f"{path.name} has other parts"
    meaning = text.partition("\n## ")[0].partition("\n\n*")[2].partition("*\n\n")[2]
    return [" ".join(part.split()) for part in (meaning, *found.values())]


def test_every_cause_has_a_page_and_every_page_a_cause() -> None:
    assert {page_of(cause) for cause in KNOWN} == set(PAGES)


@pytest.mark.parametrize("cause", sorted(KNOWN))
def test_a_page_is_called_after_its_cause_and_both_lists_lead_to_it(cause: str) -> None:
    path = PAGES[page_of(cause)]
    assert path.read_text(encoding="utf-8").startswith(f"# `{cause}`\n")
    assert f"[`{cause}`]({path.name})" in INDEX
    assert f"[`{cause}`](runbook/{path.name})" in TEXT


def test_no_page_says_what_another_one_says() -> None:
    said = Counter(
        part.removesuffix(" [All causes](README.md)")
        for path in PAGES.values()
        for part in parts(path)
    )
    assert [part for part, times in said.items() if times > 1 or len(part) < 25] == []
