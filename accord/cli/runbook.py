"""Where the runbook tells about a cause; the pages are in docs/runbook of the checkout."""

from __future__ import annotations

from pathlib import Path

from accord.settings import CHECKOUT

FOLDER = Path("docs/runbook")
_ANY_COLUMN = "column_"


def page(cause: str, checkout: Path = CHECKOUT) -> str:
    """The page of a cause, as a path from the checkout; "" where there is none.

    What a rule says of one column, such as `price_in_range`, is told once for all columns.
    """
    own = FOLDER / f"{cause}.md"
    if (checkout / own).is_file():
        return own.as_posix()
    for found in sorted((checkout / FOLDER).glob(f"{_ANY_COLUMN}*.md")):
        if cause.endswith(f"_{found.stem.removeprefix(_ANY_COLUMN)}"):
            return (FOLDER / found.name).as_posix()
    return ""
