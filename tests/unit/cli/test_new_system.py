"""The scaffold of a new system: what is written, and what is refused."""

from __future__ import annotations

import ast
import io
from pathlib import Path

import pytest
from rich.console import Console

from accord.catalog import discover
from accord.cli.exits import Exit
from accord.cli.new_system import TEMPLATES, new_system, rendered
from accord.errors import Stop

LONGEST = "a2345678_b2345678_c2345678_d2345678_e234"


def silent() -> Console:
    return Console(file=io.StringIO(), soft_wrap=True)


def test_the_folder_is_a_system_the_catalogue_reads(tmp_path: Path) -> None:
    code, report = new_system(silent(), "shop_floor", systems=tmp_path)
    assert code is Exit.OK
    system = discover(tmp_path)["shop_floor"]
    assert system.title == "Shop floor"
    assert [str(stream.name) for stream in system.streams] == ["shop_floor.records"]
    assert report["name"] == "shop_floor"
    written = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert sorted(report["files"]) == [f"systems/{path.relative_to(tmp_path)}" for path in written]


def test_a_person_reads_what_was_made_and_what_to_do_next(tmp_path: Path) -> None:
    console = silent()
    _, report = new_system(console, "shop_floor", systems=tmp_path)
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    assert all(line in said for line in [*report["files"], *report["next"]])
    assert "ACCORD_SHOP_FLOOR_URL" in said


def test_every_template_is_written_without_a_placeholder_left() -> None:
    files = rendered("shop_floor")
    assert len(files) == len([path for path in TEMPLATES.rglob("*") if path.is_file()])
    for path, text in files.items():
        assert "$" not in text, path
        assert "NAME" not in path.name


@pytest.mark.parametrize("name", ["x", "shop_floor", LONGEST])
def test_the_code_fits_its_lines_whatever_the_name(name: str) -> None:
    for path, text in rendered(name).items():
        if path.suffix == ".py":
            ast.parse(text)
            assert max(map(len, text.splitlines())) <= 100, path


@pytest.mark.parametrize("name", ["Shop", "shop-floor", "../shop", "", "a__b", "x" * 41])
def test_what_is_no_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Stop, match="Remedy: use lower case"):
        new_system(silent(), name, systems=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["landing", "ops", "canonical", "class", "import"])
def test_a_name_that_means_something_else_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Stop, match="already means something else"):
        new_system(silent(), name, systems=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "shop_floor").mkdir()
    (tmp_path / "shop_floor" / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(Stop, match="go on working in that folder"):
        new_system(silent(), "shop_floor", systems=tmp_path)
    assert [path.name for path in (tmp_path / "shop_floor").iterdir()] == ["notes.txt"]
