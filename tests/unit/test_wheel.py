"""What a wheel holds: every file that the engine and the systems read lies beside their code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from setuptools import Distribution
from setuptools.command.build_py import build_py

from accord.settings import CHECKOUT


@pytest.fixture(scope="module")
def packed() -> Iterator[set[Path]]:
    """The files that setuptools would put into a wheel, as pyproject.toml says."""
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(CHECKOUT)
        distribution = Distribution({"script_name": "pyproject.toml"})
        distribution.parse_config_files()
        command = distribution.get_command_obj("build_py")
        assert isinstance(command, build_py)
        command.ensure_finalized()
        modules = {Path(file) for _, _, file in command.find_all_modules()}
        others = {
            Path(folder) / name
            for _, folder, _, names in command.data_files or []
            for name in names
        }
        yield modules | others


@pytest.mark.parametrize("package", ["accord", "systems"])
def test_a_wheel_holds_every_file_of_a_package(packed: set[Path], package: str) -> None:
    there = {
        file.relative_to(CHECKOUT)
        for file in (CHECKOUT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert sorted(there - packed) == []
