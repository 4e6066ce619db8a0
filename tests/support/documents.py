"""The project's own files as the documentation tests read them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from accord.settings import CHECKOUT

DOCS = CHECKOUT / "docs"
CODE = ("accord", "systems", "integration_assets", "resources", "sensors", "dbt_project", "bench")

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")


def tracked(*endings: str) -> list[Path]:
    """What git tracks or would track, those with one of the endings (all without any)."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT, check=True, capture_output=True,
    ).stdout.decode()  # fmt: skip
    paths = [CHECKOUT / name for name in listed.rstrip("\0").split("\0")]
    return [path for path in paths if path.is_file() and (not endings or path.suffix in endings)]


def code(*endings: str) -> Iterator[Path]:
    """The files of the code itself: no tests, no documents."""
    for path in tracked(*endings):
        if path.relative_to(CHECKOUT).parts[0] in CODE:
            yield path


def named(path: Path) -> str:
    """A file's name inside the checkout."""
    return path.relative_to(CHECKOUT).as_posix()


def text_of(path: Path) -> str:
    """A file's text, or nothing where it is none."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def prose(text: str) -> str:
    """A Markdown text without its fenced blocks."""
    return _FENCE.sub("", text)


def blocks(text: str) -> list[str]:
    """The fenced blocks of a Markdown text."""
    return _FENCE.findall(text)


def sections(text: str, *, level: int = 2) -> dict[str, str]:
    """The sections of a Markdown text by heading, each with what is below it."""
    found = re.split(rf"^#{{{level}}} (.+)$", text, flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def first_column(text: str) -> list[str]:
    """What stands as code in the first column of the tables of a Markdown text."""
    cells = re.findall(r"^\| ([^|]*) \|", text, flags=re.MULTILINE)
    return [name for cell in cells for name in _CODE.findall(cell)]


def anchors(text: str) -> set[str]:
    """What a link may point at inside a Markdown text, as code hosts name headings."""
    headings = re.findall(r"^#+ (.+)$", prose(text), flags=re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }
