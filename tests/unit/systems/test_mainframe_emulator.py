"""The sandbox's mainframe: extracts that add up, stay as they are, and follow from the seed."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from accord.emulation.population import known_to
from tests.support import mainframe
from tests.support.mainframe import FIRST, SEED


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_first_extract_holds_what_the_company_knows(tmp_path: Path) -> None:
    page = mainframe.read(mainframe.started(tmp_path))
    points = {it.key: msgspec.json.decode(it.payload)["la_points"] for it in page.records}
    assert points == {
        it.loyalty_code: it.loyalty_points for it in known_to("mainframe", SEED, FIRST)
    }
    assert page.rejected == []


def test_a_later_start_adds_nights_and_touches_none(tmp_path: Path) -> None:
    mainframe.started(tmp_path)
    before = contents(tmp_path)
    mainframe.started(tmp_path, today=FIRST + timedelta(days=3))
    after = contents(tmp_path)
    assert len(after) == len(before) + 3
    assert {name: after[name] for name in before} == before


def test_points_move_from_night_to_night_and_say_when(tmp_path: Path) -> None:
    first = {it.key: it.payload for it in mainframe.read(mainframe.started(tmp_path)).records}
    later = FIRST + timedelta(days=14)
    moved = 0
    for record in mainframe.read(mainframe.started(tmp_path, today=later)).records:
        old, new = msgspec.json.decode(first[record.key]), msgspec.json.decode(record.payload)
        since = [it for it in new["la_movement"] if it["la_moved_on"] >= FIRST.isoformat()]
        assert new["la_points"] - old["la_points"] == sum(it["la_moved_points"] for it in since)
        if since:
            moved += 1
            assert new["la_changed_at"].startswith(since[-1]["la_moved_on"])
    assert 0 < moved < len(first)


def test_equal_seeds_make_equal_extracts(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        mainframe.started(tmp_path / name)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")


@pytest.mark.parametrize(
    ("flaw", "causes", "whole"),
    [
        ("bad_digit", ["bad_packed_digit"], False),
        ("wrong_length", ["wrong_record_length"], False),
        ("torn", ["torn_file"], True),
        ("wrong_total", ["wrong_points_total"], True),
    ],
)
def test_the_newest_extract_can_be_told_to_show_a_flaw(
    tmp_path: Path, flaw: str, causes: list[str], whole: bool
) -> None:
    page = mainframe.read(mainframe.started(tmp_path, flaws=[flaw]))  # type: ignore[list-item]
    assert [it.cause for it in page.rejected] == causes
    assert (len(page.records) == 0) == whole


def test_an_extract_still_written_leaves_the_one_before_standing(tmp_path: Path) -> None:
    mainframe.started(tmp_path)
    client = mainframe.started(tmp_path, today=FIRST + timedelta(days=1), flaws=["still_written"])
    assert mainframe.reading(client)[1].records
    assert [it.name for it in client.health() if not it.healthy] == ["unfinished extract"]
    assert date(2026, 3, 8).isoformat() in client.health()[2].detail
