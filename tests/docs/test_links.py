"""Every relative link and image in the documents leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import documents

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
PAGES = documents.tracked(".md")


def targets(page: Path) -> list[str]:
    text = documents.prose(page.read_text(encoding="utf-8"))
    return [link for link in _LINK.findall(text) if "://" not in link]


@pytest.mark.parametrize("page", PAGES, ids=documents.named)
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for link in targets(page):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{documents.named(page)} links to {link}, which does not exist"
        if anchor:
            known = documents.anchors(target.read_text(encoding="utf-8"))
            assert anchor in known, f"{documents.named(page)} links to {link}, a heading not there"


def test_the_readme_leads_to_every_guide() -> None:
    readme = next(page for page in PAGES if documents.named(page) == "README.md")
    guides = {documents.named(page) for page in PAGES if page.parent == documents.DOCS}
    assert guides <= set(targets(readme))


def test_every_decision_is_in_the_list_of_decisions() -> None:
    folder = documents.DOCS / "adr"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert sorted(set(targets(folder / "README.md"))) == records
    assert [int(name[:4]) for name in records] == list(range(1, len(records) + 1))


@pytest.mark.parametrize(
    "record", sorted((documents.DOCS / "adr").glob("[0-9]*.md")), ids=lambda p: p.stem
)
def test_every_decision_says_context_decision_and_consequences(record: Path) -> None:
    text = record.read_text(encoding="utf-8")
    assert text.startswith(f"# {int(record.name[:4])}. ")
    assert re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE) == [
        "Context",
        "Decision",
        "Consequences",
    ]
