"""Labelled files are read as they come, and what is wrong with one is said with its remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accord.errors import Stop
from accord.matching.labelled import labelled


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def read(folder: Path, records: str, truth: str, **asked: Any) -> Any:
    link = asked.pop("link", None)
    return labelled(
        written(folder, "records.csv", records),
        written(folder, "truth.csv", truth),
        link=link and written(folder, "other.csv", link),
        entity=asked.pop("entity", "customer"),
        names=asked.pop("names", {}),
    )


def test_columns_are_renamed_and_put_together(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "nr; house;road;surname\n1;12;Quay St;Lee\n2;;Mill Rd;Poe\n",
        "id,cluster\n1,x\n2,y\n",
        names={"nr": "id", "house": "street", "road": "street", "surname": "last_name"},
    )
    assert found.records.column("street").to_pylist() == ["12 Quay St", "Mill Rd"]
    assert found.truth["1"] != found.truth["2"]


def test_two_files_may_use_the_same_ids(tmp_path: Path) -> None:
    found = read(
        tmp_path, "id,name\n1,Lee\n2,Poe\n", "id1,id2\n1,2\n", link="id,name\n1,Poe\n2,Lee\n"
    )
    assert found.truth["1:1"] == found.truth["2:2"] != found.truth["1:2"]


def test_what_the_truth_does_not_name_stands_alone(tmp_path: Path) -> None:
    found = read(tmp_path, "id,name\n1,Lee\n2,Lee\n3,Poe\n", "id,cluster\n1,x\n2,x\n")
    assert found.truth == {"1": "1", "2": "1", "3": "3"}


@pytest.mark.parametrize(
    ("records", "truth", "names", "said"),
    [
        ("nr,name\n1,Lee\n", "id,cluster\n1,x\n", {}, "no column id"),
        ("id,colour\n1,red\n", "id,cluster\n1,x\n", {}, "nothing to compare"),
        ("id,name\n1,Lee\n1,Poe\n", "id,cluster\n1,x\n", {}, "repeated ids"),
        ("id,name\n1,Lee\n", "a,b\n1,2\n", {}, "neither"),
        ("id,name\n1,Lee\n", "id,cluster\n7,x\n", {}, "in no file"),
        ("id,name\n1,Lee\n", "id,cluster\n1,x\n", {"name": "title"}, "no column of a customer"),
        ("id,name\n1,Lee\n", "id,cluster\n1,x\n", {"nom": "name"}, "no file has a column"),
        ("", "id,cluster\n1,x\n", {}, "empty"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(
    tmp_path: Path, records: str, truth: str, names: dict[str, str], said: str
) -> None:
    with pytest.raises(Stop, match=said):
        read(tmp_path, records, truth, names=names)


def test_an_unknown_entity_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="no entity"):
        read(tmp_path, "id,name\n1,Lee\n", "id,cluster\n1,x\n", entity="planet")
