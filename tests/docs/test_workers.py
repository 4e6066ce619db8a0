"""How the tests are shared out among workers holds for the folders there are."""

from __future__ import annotations

import re

import pytest

from accord.settings import CHECKOUT
from tests.support.workers import LONGEST_FIRST, TOGETHER, share, turn

WIDE = re.compile(r"scope=\"(session|package)\"")


def test_a_folder_whose_tests_share_a_world_stays_together() -> None:
    sharing = {
        path.parent.relative_to(CHECKOUT).as_posix()
        for path in (CHECKOUT / "tests").glob("*/**/conftest.py")
        if WIDE.search(path.read_text(encoding="utf-8"))
    }
    assert sharing == set(TOGETHER)


@pytest.mark.parametrize("path", [*TOGETHER, *LONGEST_FIRST])
def test_what_is_named_there_exists(path: str) -> None:
    assert (CHECKOUT / path).exists()


def test_a_file_is_shared_out_whole_and_so_is_a_folder_with_one_world() -> None:
    assert share("tests/unit/test_names.py::test_one[a::b]") == "tests/unit/test_names.py"
    assert share("tests/integration/dbt/test_seeds.py::test_one") == "tests/integration/dbt"


def test_the_longest_come_first_and_the_others_last() -> None:
    turns = [turn(f"{path}::test_one") for path in LONGEST_FIRST]
    assert turns == sorted(set(turns))
    assert turn("tests/unit/test_names.py::test_one") > max(turns)
