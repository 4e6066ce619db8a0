"""How several workers share the tests out: what stays together, and what comes first.

What many tests share is dear to make (a company, an installation, a browser), so a worker takes a
file whole, or a folder whose tests share a world. The longest begin, so that none is left alone at
the end.
"""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadScopeScheduling

# Folders whose tests share a world (fixtures of their conftest.py).
TOGETHER = (
    "tests/integration/console",
    "tests/integration/dagster",
    "tests/integration/dbt",
    "tests/integration/golden",
)
LONGEST_FIRST = (
    "tests/acceptance/test_up.py",
    "tests/chaos",
    "tests/acceptance",
    "tests/browser",
    "tests/real",
    "tests/conformance",
    "tests/spec",
    "tests/integration",
)


def share(nodeid: str) -> str:
    """The file or folder that a test is shared out with."""
    file = nodeid.partition("::")[0]
    folder = file.rpartition("/")[0]
    return folder if folder in TOGETHER else file


def turn(nodeid: str) -> int:
    """The place among LONGEST_FIRST of what a test belongs to; what is not named comes last."""
    places = (place for place, path in enumerate(LONGEST_FIRST) if nodeid.startswith(path))
    return next(places, len(LONGEST_FIRST))


class Sharing(LoadScopeScheduling):
    """Gives each worker whole shares, in the order in which the tests were collected."""

    def __init__(self, config: pytest.Config, log: object) -> None:
        super().__init__(config, log)  # type: ignore[arg-type]
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return share(nodeid)
