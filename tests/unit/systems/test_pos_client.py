"""The tills' client: finding day files, reading them, and saying how the folder is."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from accord.connector import Client, Source
from accord.errors import AccordError, Retry, Stop
from accord.records import Slice, Window
from systems.pos.folder import Stray
from tests.support.day_files import DAY, a_client, a_file, a_line

STREAM = "sales_lines"


def put(path: Path, *names: str) -> None:
    for name in names:
        (path / name).write_bytes(a_file(a_line()))


def days(path: Path, window: Window | None = None) -> list[str]:
    return [piece.partition for piece in a_client(path).slices(STREAM, window or Window())]


def test_the_client_is_a_source(tmp_path: Path) -> None:
    client = a_client(tmp_path)
    assert isinstance(client, Client)
    assert isinstance(client, Source)
    client.close()


def test_day_files_are_listed_oldest_first(tmp_path: Path) -> None:
    put(tmp_path, "2011-01-04.csv", "2010-12-31.csv", "2011-01-02.csv")
    assert days(tmp_path) == ["2010-12-31", "2011-01-02", "2011-01-04"]


def test_only_days_inside_the_window_are_listed(tmp_path: Path) -> None:
    put(tmp_path, "2011-01-01.csv", "2011-01-02.csv", "2011-01-03.csv", "2011-01-04.csv")
    assert days(tmp_path, Window(date(2011, 1, 2), date(2011, 1, 3))) == [
        "2011-01-02",
        "2011-01-03",
    ]


def test_another_pattern_can_be_configured(tmp_path: Path) -> None:
    put(tmp_path, "till.1_2011-01-04.txt", "till-1_2011-01-04.txt", "2011-01-04.csv")
    client = a_client(tmp_path, pattern="till.1_{day}.txt")
    assert [piece.name for piece in client.slices(STREAM, Window())] == ["till.1_2011-01-04.txt"]
    assert [stray.name for stray in client.strays()] == ["till-1_2011-01-04.txt"]


def test_the_signature_changes_with_the_file(tmp_path: Path) -> None:
    put(tmp_path, f"{DAY}.csv")
    (before,) = a_client(tmp_path).slices(STREAM, Window())
    assert list(a_client(tmp_path).slices(STREAM, Window())) == [before]
    path = tmp_path / f"{DAY}.csv"
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    (after,) = a_client(tmp_path).slices(STREAM, Window())
    assert after.signature != before.signature


def test_unfinished_hidden_and_foreign_files_are_no_strays(tmp_path: Path) -> None:
    put(tmp_path, f"{DAY}.csv.part", f"{DAY}.csv.tmp", f".{DAY}.csv", "readme.txt", "x.csv.PART")
    assert days(tmp_path) == []
    assert a_client(tmp_path).strays() == []


def test_what_looks_like_an_export_but_is_not_read_is_a_stray(tmp_path: Path) -> None:
    put(tmp_path, "2011-02-30.csv", "2011-01-04 (1).csv", "2011-01-05.CSV", f"{DAY}.csv")
    (tmp_path / "2011-01-06.csv").mkdir()
    (tmp_path / "2011-01-07.csv").symlink_to(tmp_path / "nothing")
    assert days(tmp_path) == [DAY]
    assert a_client(tmp_path).strays() == [
        Stray("2011-01-04 (1).csv", "its name is not of the form {day}.csv"),
        Stray("2011-01-05.CSV", "its name is not of the form {day}.csv"),
        Stray("2011-01-06.csv", "it is not a file"),
        Stray("2011-01-07.csv", "it is a link to nothing"),
        Stray("2011-02-30.csv", "there is no such day"),
    ]


def test_strays_of_other_days_than_asked_for_are_left_out(tmp_path: Path) -> None:
    put(tmp_path, "2011-01-04 (1).csv", "sales.csv", "2010-01-01_late.csv")
    strays = a_client(tmp_path).strays(Window(first=date(2011, 1, 1)))
    assert [stray.name for stray in strays] == ["2011-01-04 (1).csv", "sales.csv"]


def test_a_day_file_is_read_against_its_contract(tmp_path: Path) -> None:
    put(tmp_path, f"{DAY}.csv")
    client = a_client(tmp_path)
    (piece,) = client.slices(STREAM, Window())
    reading = client.read(STREAM, piece)
    (page,) = reading.pages
    assert [record.key for record in page.records] == ["540001|41002|1"]
    assert (reading.partitions, reading.complete) == ((DAY,), True)


def test_a_file_that_went_away_is_tried_again_later(tmp_path: Path) -> None:
    with pytest.raises(Retry, match=r"went away .* Remedy: "):
        a_client(tmp_path).read(STREAM, Slice(f"{DAY}.csv", DAY, ""))


def test_a_file_that_changes_while_it_is_read_is_tried_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"{DAY}.csv"
    put(tmp_path, path.name)
    fstat = os.fstat

    def meanwhile_growing(descriptor: int) -> os.stat_result:
        state = fstat(descriptor)
        with path.open("ab") as file:
            file.write(a_line())
        return state

    monkeypatch.setattr("systems.pos.folder.os.fstat", meanwhile_growing)
    with pytest.raises(Retry, match=r"changed while it was read. Remedy: "):
        a_client(tmp_path).read(STREAM, Slice(path.name, DAY, ""))


def test_a_file_that_is_replaced_while_it_is_read_is_tried_again_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = tmp_path / f"{DAY}.csv", tmp_path / f"{DAY}.csv.part"
    put(tmp_path, path.name, other.name)
    inode, moment = path.stat().st_ino, path.stat().st_mtime_ns
    os.utime(other, ns=(moment, moment))
    fstat = os.fstat

    def meanwhile_replaced(descriptor: int) -> os.stat_result:
        state = fstat(descriptor)
        if state.st_ino == inode:
            other.replace(path)
        return state

    monkeypatch.setattr("systems.pos.folder.os.fstat", meanwhile_replaced)
    with pytest.raises(Retry, match=r"changed while it was read. Remedy: "):
        a_client(tmp_path).read(STREAM, Slice(path.name, DAY, ""))


def test_a_file_that_cannot_be_read_stops_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / f"{DAY}.csv").mkdir()
    with pytest.raises(Stop, match=r"cannot be read.* Remedy: "):
        a_client(tmp_path).read(STREAM, Slice(f"{DAY}.csv", DAY, ""))


@pytest.mark.parametrize(
    "url",
    [
        "file:sandbox",
        "sftp://till:s3cret@tills.example/exports",
        "/exports",
        "file://exports/daily",
        "file:///a%00b",
        "file://[x/",
        "",
    ],
)
def test_an_address_that_is_no_local_folder_stops_with_a_remedy(url: str) -> None:
    with pytest.raises(Stop, match=r"Remedy: .*file:///") as raised:
        a_client(url).slices(STREAM, Window())
    assert "s3cret" not in str(raised.value)


def test_an_address_may_be_percent_encoded_and_name_this_machine(tmp_path: Path) -> None:
    path = tmp_path / "export ä"
    path.mkdir()
    put(path, f"{DAY}.csv")
    assert days(path) == [DAY]
    local = path.as_uri().replace("file://", "file://localhost")
    assert len(a_client(local).slices(STREAM, Window())) == 1


def test_a_folder_that_is_missing_or_none_stops_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name, said in (("missing", "does not exist"), ("file", "cannot be listed")):
        with pytest.raises(Stop, match=rf"{said}.* Remedy: "):
            a_client(tmp_path / name).slices(STREAM, Window())


def test_an_unknown_stream_stops_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"no stream receipts. Remedy: use one of sales_lines"):
        a_client(tmp_path).slices("receipts", Window())


def test_a_good_folder_is_healthy_and_tells_its_newest_day(tmp_path: Path) -> None:
    put(tmp_path, "2011-01-03.csv", f"{DAY}.csv")
    findings = {finding.name: finding for finding in a_client(tmp_path).health()}
    assert list(findings) == ["folder", "newest day", "file names"]
    assert all(finding.healthy for finding in findings.values())
    assert findings["newest day"].detail == "2011-01-04 is the newest of 2 days"


def test_strays_and_an_empty_folder_are_unhealthy_with_a_remedy(tmp_path: Path) -> None:
    put(tmp_path, *(f"copy {number}.csv" for number in range(7)))
    findings = {finding.name: finding for finding in a_client(tmp_path).health()}
    sick = {name for name, finding in findings.items() if not finding.healthy}
    assert sick == {"newest day", "file names"}
    assert all(findings[name].remedy for name in sick)
    assert findings["file names"].detail.endswith("; and 2 more")


def test_a_newest_day_that_may_not_be_read_is_unhealthy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, f"{DAY}.csv")
    monkeypatch.setattr("systems.pos.folder.os.access", lambda *_: False)
    findings = {finding.name: finding for finding in a_client(tmp_path).health()}
    assert not findings["newest day"].healthy
    assert findings["newest day"].remedy


def test_health_reports_a_wrong_address_and_never_raises() -> None:
    (finding,) = a_client("sftp://tills.example/exports").health()
    assert (finding.name, finding.healthy) == ("folder", False)
    assert finding.remedy


def test_every_failure_is_an_accord_error(tmp_path: Path) -> None:
    with pytest.raises(AccordError):
        a_client(tmp_path / "missing").strays()
