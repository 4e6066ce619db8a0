"""What a stranger relies on: the licence, the lock, the make targets, and nothing local."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from accord.settings import CHECKOUT
from tests.support import documents

# Of https://www.apache.org/licenses/LICENSE-2.0.txt, as published.
APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
LOCK = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8")
MAKEFILE = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))

_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)
# Spelled in pieces, so that this file does not hold what it looks for.
_LOCAL = re.compile(
    "|".join(
        [
            *(
                "/" + "work/",
                "/" + "root/",
                "/" + "Users/",
                r"[A-Z]:\\Users",
                re.escape(str(CHECKOUT)),
            ),
            *("files.python" + "hosted", "https?://[^ ]+/" + "simple", "arti" + "factory"),
        ]
    )
)
_ANY_ADDRESS = re.compile(r"(?:index-url|find-links|trusted-host|https?://|git\+|file:| @ )")


def targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))


def entries() -> list[str]:
    """Each requirement of the lock with its continuation lines."""
    return [entry for entry in re.split(r"\n(?=[a-z0-9])", LOCK) if entry.strip()]


def test_the_licence_is_apache_2_unmodified() -> None:
    digest = hashlib.sha256((CHECKOUT / "LICENSE").read_bytes()).hexdigest()
    assert digest == APACHE_2
    assert PYPROJECT["project"]["license"] == "Apache-2.0"


def test_the_changelog_has_a_place_for_what_is_not_released() -> None:
    changelog = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert documents.sections(changelog)["Unreleased"].strip()


@pytest.mark.parametrize("page", documents.tracked(".md"), ids=documents.named)
def test_make_commands_in_the_documents_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r"^make ([a-z]+)", text, re.MULTILINE) + re.findall(r"`make ([a-z]+)`", text)
    assert set(shown) <= targets()


def test_the_readme_shows_the_commands_a_newcomer_needs() -> None:
    readme = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^make ([a-z]+)", readme, re.MULTILINE))
    assert {"demo", "up", "test", "check", "bench"} <= shown


def test_every_make_target_is_explained_and_phony() -> None:
    explained = set(re.findall(r"^([a-z]+):.*## \S", MAKEFILE, re.MULTILINE))
    (phony,) = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert explained == targets() == set(phony.split())


def test_every_locked_file_has_a_hash() -> None:
    assert len(entries()) > 100
    for entry in entries():
        assert _PIN.match(entry), entry.splitlines()[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.splitlines()[0]


def test_the_lock_names_no_index_and_no_address() -> None:
    lines = [line for line in LOCK.splitlines() if _ANY_ADDRESS.search(line)]
    assert lines == []


def test_every_direct_dependency_is_locked() -> None:
    direct = [*PYPROJECT["project"]["dependencies"], *PYPROJECT["dependency-groups"]["dev"]]
    names = {re.split(r"[\[<>=!~; ]", item, maxsplit=1)[0].lower() for item in direct}
    assert names - {name for name, _ in _PIN.findall(LOCK)} == set()


@pytest.mark.parametrize("path", documents.tracked(), ids=documents.named)
def test_no_file_holds_a_path_of_a_machine_or_an_address_of_a_registry(path: Path) -> None:
    found = [line for line in documents.text_of(path).splitlines() if _LOCAL.search(line)]
    assert found == []


def test_commit_hooks_are_local_and_use_the_tools_of_the_virtual_environment() -> None:
    config = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [source["repo"] for source in config["repos"]] == ["local"]
    for hook in config["repos"][0]["hooks"]:
        assert hook["entry"].startswith(".venv/bin/")
