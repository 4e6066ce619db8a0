"""What a system's code may know: the engine's lower layers, and nothing of its neighbours."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from accord.catalog import System
from accord.settings import CHECKOUT
from tests.support.conformance import SYSTEMS, named

FORBIDDEN = (
    "dagster", "integration_assets", "resources", "sensors",
    "accord.store", "accord.delivery", "accord.quality", "accord.sandbox", "accord.cli",
    "requests", "httpx", "urllib3", "urllib.request", "http.client", "socket", "asyncssh",
)  # fmt: skip


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=named)
def test_a_system_imports_no_neighbour_no_store_no_dagster_and_no_socket(system: System) -> None:
    files = sorted(system.folder.rglob("*.py"))
    assert files
    for path in files:
        for name in imported(path.read_text(encoding="utf-8")):
            assert not is_beyond(name, system.name), f"{path.name} imports {name}"


def test_nothing_outside_a_system_imports_it() -> None:
    parts = ("accord", "integration_assets", "resources", "sensors")
    files = [path for part in parts for path in (CHECKOUT / part).rglob("*.py")]
    assert len(files) > len(parts)
    for path in files:
        names = list(imported(path.read_text(encoding="utf-8")))
        assert not [name for name in names if is_below(name, "systems")], path


def test_each_way_of_importing_is_seen() -> None:
    source = (
        "import a.b, c\nfrom d import e\nfrom . import f\nfrom ..g import h\n"
        "def later():\n    import i\n"
    )
    assert sorted(imported(source)) == ["..g.h", ".f", "a.b", "c", "d.e", "i"]
    assert is_beyond("systems.pos.client", "xero")
    assert is_beyond("..pos.client", "xero")
    assert is_beyond("accord.store.database", "xero")
    assert not is_beyond("systems.xero.documents", "xero")
    assert not is_beyond("accord.http.Api", "xero")


def imported(source: str) -> Iterator[str]:
    """The dotted name of everything a module imports, wherever it does."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (f"{node.module}." if node.module else "")
            yield from (start + alias.name for alias in node.names)


def is_beyond(name: str, system: str) -> bool:
    """Tell whether a system of this name has no business importing that."""
    neighbour = is_below(name, "systems") and not is_below(name, f"systems.{system}")
    return neighbour or name.startswith("..") or any(is_below(name, top) for top in FORBIDDEN)


def is_below(name: str, top: str) -> bool:
    """Tell whether a dotted name is `top` or something inside it."""
    return name == top or name.startswith(f"{top}.")
