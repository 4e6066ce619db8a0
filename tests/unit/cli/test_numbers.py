"""A number that nothing can have is said to be none, before anything is opened."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from accord.cli import conflicts, match

BEYOND = str(2**63)


@pytest.mark.parametrize(
    ("app", "arguments"),
    [
        (match.app, ["review", BEYOND]),
        (match.app, ["review", "--limit", "0"]),
        (match.app, ["decide", BEYOND, "link"]),
        (match.app, ["actions", "--limit", "-5"]),
        (conflicts.app, ["list", "--limit", BEYOND]),
        (conflicts.app, ["answer", "0", "overwrite"]),
        (conflicts.app, ["undo", BEYOND]),
    ],
)
def test_it_is_refused(app: typer.Typer, arguments: list[str]) -> None:
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 2
    assert "Invalid value" in told.output
