"""docs/configuration.md and .env.example list every variable that is read, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from accord import catalog
from accord.settings import CHECKOUT
from tests.support import documents

TEXT = (documents.DOCS / "configuration.md").read_text(encoding="utf-8")
EXAMPLE = (CHECKOUT / ".env.example").read_text(encoding="utf-8")
FOR_TESTS = "For the tests"
FOR_PEOPLE = "What you can set"

_READ = re.compile(
    r"""(?:environ|environment)(?:\.(?:get|pop|setdefault)\(|\[)\s*["']([A-Z][A-Z0-9_]+)["']"""
    r"""|getenv\(\s*["']([A-Z][A-Z0-9_]+)["']"""
    r"""|env_var\(\s*["']([A-Z][A-Z0-9_]+)["']"""
    r"""|\benv:([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b"""
    r"""|["']((?:ACCORD|DAGSTER|DBT)_[A-Z0-9_]+|DATABASE_URL)["']"""
)
_ENTRY = re.compile(r"^# ([A-Z][A-Z0-9_]+)=", re.MULTILINE)
# Of the code; the benchmarks set variables of the tools they measure.
CODE = (*(f"{folder}/" for folder in documents.CODE if folder != "bench"), "contracts/")
# Made up by the templates and examples for systems that are not there.
_TEMPLATES = "accord/cli/templates/"


def read_in(*folders: str) -> set[str]:
    found: set[str] = set()
    for path in documents.tracked(".py", ".toml", ".yml", ".yaml"):
        name = documents.named(path)
        if name.startswith(folders) and not name.startswith(_TEMPLATES):
            for groups in _READ.findall(path.read_text(encoding="utf-8")):
                found.update(filter(None, groups))
    return found


def of_systems() -> Iterator[str]:
    for system in catalog.discover().values():
        yield f"ACCORD_{system.name.upper()}_URL"
        if "token_url" in system.settings["address"]:
            yield f"ACCORD_{system.name.upper()}_TOKEN_URL"


def documented() -> dict[str, set[str]]:
    named = documents.sections(TEXT)
    return {
        title: {
            name for name in documents.first_column(body) if re.fullmatch("[A-Z][A-Z0-9_]+", name)
        }
        for title, body in named.items()
    }


def test_every_variable_that_the_code_reads_or_sets_is_documented() -> None:
    wanted = read_in(*CODE) | set(of_systems())
    assert wanted - set().union(*documented().values()) == set()


def test_every_documented_variable_is_read_somewhere() -> None:
    known = read_in(*CODE) | set(of_systems())
    told = {name for title, names in documented().items() if title != FOR_TESTS for name in names}
    # What the libraries below us read is set by us without being read.
    assert told - known - {"PYTHONWARNINGS"} == set()


def test_variables_of_the_tests_are_documented_apart() -> None:
    ours = read_in("tests/support/") - set().union(
        *(names for title, names in documented().items() if title != FOR_TESTS)
    )
    assert {name for name in ours if not name.startswith("ACCORD_XERO")} == documented()[FOR_TESTS]


def test_the_example_lists_exactly_what_a_person_can_set() -> None:
    assert set(_ENTRY.findall(EXAMPLE)) == documented()[FOR_PEOPLE]


def test_the_example_sets_nothing_by_itself() -> None:
    assert [line for line in EXAMPLE.splitlines() if line and not line.startswith("#")] == []


def test_every_key_of_a_declaration_is_documented() -> None:
    told = documents.sections(TEXT)["system.toml"]
    for system in catalog.discover().values():
        for name, value in system.settings.items():
            entries = value if isinstance(value, list) else [value]
            for entry in entries:
                for key in entry if isinstance(entry, dict) else (name,):
                    if name != "auth":
                        assert re.search(rf"`[^`]*\b{key}\b[^`]*`", told), (
                            f"{system.name} {name}.{key}"
                        )
