"""The sandbox company's tills."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from accord.records import Page, Window
from systems.pos import assortment, emulator
from tests.support.day_files import POS, a_client, read

TODAY = date(2026, 3, 20)


@dataclass(frozen=True)
class Setup:
    folder: Path
    today: date = TODAY
    seed: int = 7


def exported(day: date) -> Page:
    return read(emulator.exported(7, day), day=day.isoformat())[1]


def rows(count: int = 60) -> list[list[str]]:
    pages = [exported(TODAY - timedelta(days=age)) for age in range(count)]
    lines = [record.payload.decode() for page in pages for record in page.records]
    return list(csv.reader(lines))


def test_the_last_days_up_to_yesterday_are_exported(tmp_path: Path) -> None:
    tills = emulator.start(Setup(tmp_path / "tills"), days=3)
    pieces = a_client(tills.url).slices("sales_lines", Window())
    assert [piece.partition for piece in pieces] == ["2026-03-17", "2026-03-18", "2026-03-19"]
    assert all(finding.healthy for finding in a_client(tills.url).health())
    tills.stop()


def test_a_later_start_adds_days_and_touches_none(tmp_path: Path) -> None:
    emulator.start(Setup(tmp_path))
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    emulator.start(Setup(tmp_path, today=TODAY + timedelta(days=1)))
    after = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert after.keys() - before.keys() == {"2026-03-20.csv"}
    assert {name: after[name] for name in before} == before


def test_a_damaged_export_is_made_whole_again(tmp_path: Path) -> None:
    emulator.start(Setup(tmp_path), days=1)
    path = tmp_path / "2026-03-19.csv"
    whole = path.read_bytes()
    path.write_bytes(whole[:99])
    emulator.start(Setup(tmp_path), days=1)
    assert path.read_bytes() == whole
    assert [path.name for path in tmp_path.iterdir()] == ["2026-03-19.csv"]


def test_a_day_follows_from_the_seed_and_the_day_alone() -> None:
    (path,) = (POS / "samples").glob("*.csv")
    day = date.fromisoformat(path.stem)
    assert emulator.exported(7, day) == path.read_bytes()
    assert emulator.exported(8, day) != path.read_bytes()


def test_a_torn_day_has_one_broken_line_and_others_have_none() -> None:
    for age in range(27):
        day = TODAY - timedelta(days=age)
        causes = [item.cause for item in exported(day).rejected]
        assert causes == (["wrong_field_count"] if emulator.is_torn(day) else [])


def test_about_one_day_in_ten_is_torn() -> None:
    assert sum(emulator.is_torn(TODAY + timedelta(days=age)) for age in range(90)) == 10


def test_a_weekday_has_a_small_shops_lines_and_a_sunday_fewer() -> None:
    counts: dict[bool, list[int]] = {True: [], False: []}
    for age in range(70):
        day = TODAY - timedelta(days=age)
        counts[day.weekday() == 6].append(len(exported(day).records))
    assert min(counts[False]) > 100
    assert max(counts[False]) < 260
    assert sum(counts[True]) / len(counts[True]) < sum(counts[False]) / len(counts[False]) / 1.5


def test_the_dirt_of_real_tills_is_there() -> None:
    found = Counter[str]()
    for receipt, code, name, quantity, _, price, customer, country in rows():
        found[code] += 1
        found["credit note"] += receipt.startswith("C") and int(quantity) < 0
        found["unknown buyer"] += not customer and float(price) > 0
        found["correction"] += not name and float(price) == 0 and not customer
        found["damage"] += name in assortment.DAMAGES and int(quantity) < 0
        found["three decimals"] += len(price.partition(".")[2]) == 3
        found["abroad"] += country != "United Kingdom"
        found["adjustment"] += receipt.startswith("A") and float(price) < 0
    wanted = ["POST", "DOT", "BANK CHARGES", "AMAZONFEE", "D", "M", "B", "credit note", "abroad"]
    wanted += ["unknown buyer", "correction", "damage", "three decimals", "adjustment"]
    assert [kind for kind in wanted if not found[kind]] == []


def test_some_lines_are_doubled_and_receipt_numbers_belong_to_one_day() -> None:
    lines = Counter(tuple(row) for row in rows())
    assert max(lines.values()) > 1
    days: dict[str, set[str]] = {}
    for row in lines:
        days.setdefault(row[0], set()).add(row[4][:10])
    assert {len(found) for found in days.values()} == {1}
