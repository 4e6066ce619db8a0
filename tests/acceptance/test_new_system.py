"""A new system's first minute: the folder is made, and everything already holds for it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import postgres
from tests.support.checkout import accord, copied, ran

pytestmark = pytest.mark.slow

NAME = "shop_floor"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = copied(tmp_path_factory.mktemp("new-system") / "checkout")
    made = accord(folder, "new-system", NAME)
    assert made.returncode == 0, made.stderr
    assert f"Made systems/{NAME}" in made.stdout
    yield folder


def test_its_conformance_tests_pass_at_once(checkout: Path, postgres_url: str) -> None:
    done = ran(
        checkout, "-m", "pytest", "tests/conformance", "-k", NAME, "-p", "no:cacheprovider",
        environment={postgres.OVERRIDE: postgres_url},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) >= 15
    assert "skipped" not in done.stdout


@pytest.mark.parametrize(
    "tool",
    [
        ("ruff", "check", "--no-cache", f"systems/{NAME}"),
        ("ruff", "format", "--check", "--no-cache", f"systems/{NAME}"),
        ("mypy", "--no-incremental", "--cache-dir", os.devnull, "-p", f"systems.{NAME}"),
    ],
    ids=lambda tool: " ".join(tool[:2]),
)
def test_its_code_passes_the_checks(checkout: Path, tool: tuple[str, ...]) -> None:
    done = ran(checkout, "-m", *tool)
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_imports_keep_to_the_layers(checkout: Path) -> None:
    command = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    done = ran(checkout, "-c", command)
    assert done.returncode == 0, done.stdout


def test_dbt_knows_its_stream_and_its_staging_model(checkout: Path, tmp_path: Path) -> None:
    done = ran(
        checkout, "-m", "dbt.cli.main", "parse", "--project-dir", "dbt_project",
        "--profiles-dir", "dbt_project", "--target-path", str(tmp_path), "--log-path",
        str(tmp_path), "--warn-error",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    assert f"source.accord.{NAME}.records" in manifest["sources"]
    model = manifest["nodes"][f"model.accord.stg_{NAME}__records"]
    assert model["schema"] == "staging"
    assert model["depends_on"]["nodes"] == [f"source.accord.{NAME}.records"]


def test_the_same_name_again_is_refused_with_a_remedy(checkout: Path) -> None:
    again = accord(checkout, "new-system", NAME)
    assert again.returncode == 3
    assert "Remedy: choose another name" in again.stderr
