"""Promise 7, one folder: adding or replacing a system touches only its folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.checkout import accord, content, copied, ran

ASKED = """
import json
from accord.catalog import discover
from accord.contracts.odcs import load
systems = discover()
streams = [stream for system in systems.values() for stream in system.streams]
contracts = [load(stream.contract).name for stream in streams]
print(json.dumps({"systems": sorted(systems), "contracts": contracts}))
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("one-folder") / "checkout")


def test_adding_a_system_changes_nothing_outside_its_folder(checkout: Path) -> None:
    before = content(checkout)
    made = accord(checkout, "new-system", "shop_floor", "--output", "json")
    assert made.returncode == 0, made.stderr
    after = content(checkout)
    assert {path: after.get(path) for path in before} == before
    added = sorted(after.keys() - before.keys())
    assert added == sorted(json.loads(made.stdout)["files"])
    assert all(path.startswith("systems/shop_floor/") for path in added)


def test_an_added_system_is_discovered_by_itself(checkout: Path) -> None:
    accord(checkout, "new-system", "back_office")
    seen = ran(checkout, "-c", ASKED)
    assert seen.returncode == 0, seen.stderr
    assert "back_office" in json.loads(seen.stdout)["systems"]
    assert "back_office.records" in json.loads(seen.stdout)["contracts"]


def test_a_folder_that_is_taken_away_is_gone_and_missed_by_nobody(checkout: Path) -> None:
    accord(checkout, "new-system", "pop_up_store")
    for path in sorted((checkout / "systems" / "pop_up_store").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    seen = ran(checkout, "-c", ASKED)
    assert seen.returncode == 0, seen.stderr
    assert "pop_up_store" not in json.loads(seen.stdout)["systems"]
