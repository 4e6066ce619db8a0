"""Which extract is read, what of it, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
import pytest

from accord.errors import Retry, Stop
from accord.records import Original, Window
from systems.mainframe import records
from systems.mainframe.client import STREAM
from tests.support import ebcdic, mainframe
from tests.support.mainframe import NIGHT, account, extract, put

BEFORE = date(2026, 3, 7)
POINTS_AT = 203


def spoiled(raw: bytes, at: int, byte: int) -> bytes:
    return raw[:at] + bytes([byte]) + raw[at + 1 :]


def refusal(folder: Path, content: bytes) -> str:
    """Why an extract is refused as a whole; nothing of it may be taken."""
    put(folder, content)
    reading, page = mainframe.reading(mainframe.client(folder.as_uri()))
    assert (page.records, reading.complete) == ([], False)
    [rejected] = page.rejected
    assert rejected.key == "file"
    assert rejected.remedy
    return rejected.cause


def test_the_newest_extract_that_has_its_trailer_is_read(tmp_path: Path) -> None:
    put(tmp_path, extract(account("0001"), night=BEFORE), BEFORE)
    newest = put(tmp_path, extract(account("0002")))
    client = mainframe.client(tmp_path.as_uri())
    assert [it.key for it in mainframe.read(client).records] == ["0002"]
    newest.write_bytes(extract(account("0002"))[:-32])
    assert [it.key for it in mainframe.read(client).records] == ["0001"]


def test_without_a_complete_extract_there_is_nothing_to_read_yet(tmp_path: Path) -> None:
    put(tmp_path, extract(account())[:-1])
    put(tmp_path, b"", BEFORE)
    client = mainframe.client(tmp_path.as_uri())
    assert client.slices(STREAM, Window()) == []
    unfinished, _, newest = client.health()[1:]
    assert not unfinished.healthy
    assert not newest.healthy
    assert "no complete extract" in newest.detail


def test_an_extract_that_goes_away_before_it_is_read_is_tried_again(tmp_path: Path) -> None:
    path = put(tmp_path, extract(account()))
    client = mainframe.client(tmp_path.as_uri())
    [piece] = client.slices(STREAM, Window())
    path.unlink()
    with pytest.raises(Retry, match="went away"):
        client.read(STREAM, piece)


def test_an_extract_that_changes_between_the_two_looks_is_tried_again(tmp_path: Path) -> None:
    path = put(tmp_path, extract(account("0001"), account("0002")))
    client = mainframe.client(tmp_path.as_uri())
    [piece] = client.slices(STREAM, Window())
    reading = client.read(STREAM, piece)
    path.write_bytes(extract(account("0001"), account("0003")))
    with pytest.raises(Retry, match="changed"):
        list(reading.pages)


def test_an_extract_in_blocks_is_read_too(tmp_path: Path) -> None:
    whole = extract(account("0001"), account("0002"))
    block = (len(whole) + 4).to_bytes(2, "big") + bytes(2) + whole
    put(tmp_path, block)
    client = mainframe.client(tmp_path.as_uri(), format="bdw")
    assert [it.key for it in mainframe.read(client).records] == ["0001", "0002"]


def test_the_digest_tells_another_extract_and_nothing_else(tmp_path: Path) -> None:
    put(tmp_path, extract(account("0001")))
    client = mainframe.client(tmp_path.as_uri())
    first = mainframe.reading(client)[0].digest
    put(tmp_path, extract(account("0001")))
    assert mainframe.reading(client)[0].digest == first
    put(tmp_path, extract(account("0002")))
    assert mainframe.reading(client)[0].digest != first


@pytest.mark.parametrize(
    ("at", "byte", "cause", "field"),
    [
        (POINTS_AT, 0xFA, "bad_packed_digit", "LA-POINTS"),
        (POINTS_AT + 4, 0x33, "bad_packed_sign", "LA-POINTS"),
        (51, 0x40, "bad_zoned_digit", "LA-BORN-ON"),
        (218, 0x7F, "bad_table_count", "LA-MOVEMENT-COUNT"),
        (9, 0xE9, "unknown_view", "LA-PERSON"),
    ],
)
def test_a_record_that_cannot_be_decoded_is_refused_alone_and_removes_nothing(
    tmp_path: Path, at: int, byte: int, cause: str, field: str
) -> None:
    bad = spoiled(account("0002"), at, byte)
    put(tmp_path, extract(account("0001"), bad, account("0003")))
    reading, page = mainframe.reading(mainframe.client(tmp_path.as_uri()))
    assert [it.key for it in page.records] == ["0001", "0003"]
    [rejected] = page.rejected
    assert (rejected.key, rejected.cause) == ("0002", cause)
    assert field in rejected.detail
    assert "byte" in rejected.detail
    assert records.received(rejected.payload) == bad
    assert not reading.complete


def test_a_record_of_the_wrong_length_is_refused_alone(tmp_path: Path) -> None:
    put(tmp_path, extract(account("0001"), account("0002")[:-1], account("0003") + b"\x40"))
    page = mainframe.read(mainframe.client(tmp_path.as_uri()))
    assert [it.key for it in page.records] == ["0001"]
    assert {it.cause for it in page.rejected} == {"wrong_record_length"}


def test_a_record_that_breaks_the_contract_is_refused_with_its_fields(tmp_path: Path) -> None:
    bad = spoiled(account("0001"), 55, 0xF9)  # born in the month 91
    put(tmp_path, extract(bad))
    [rejected] = mainframe.read(mainframe.client(tmp_path.as_uri())).rejected
    assert (rejected.key, rejected.cause) == ("0001", "not_a_date")
    assert msgspec.json.decode(rejected.payload)["la_name"] == "HALE  BENEDICT"


def test_accounts_under_one_number_are_all_refused(tmp_path: Path) -> None:
    put(tmp_path, extract(account("0001"), account("0002", tier="GOLD"), account("0002")))
    page = mainframe.read(mainframe.client(tmp_path.as_uri()))
    assert [it.key for it in page.records] == ["0001"]
    assert [it.cause for it in page.rejected] == ["repeated_account"] * 2
    assert len({it.key for it in page.rejected}) == 2


def test_a_record_of_another_type_is_refused_alone(tmp_path: Path) -> None:
    put(tmp_path, extract(account("0001"), ebcdic.text("Z?", 40, "cp037"), count=1, points=643))
    page = mainframe.read(mainframe.client(tmp_path.as_uri()))
    assert [it.cause for it in page.rejected] == ["unknown_record_type"]


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (extract(account("0001"), count=2), "wrong_record_count"),
        (extract(account("0001"), points=644), "wrong_points_total"),
        (extract(account("0001"), night=BEFORE), "wrong_extract_day"),
        (extract(account("0001"))[36:], "broken_control_record"),
        (extract(account("0001"))[:100] + extract(account("0001"))[107:], "torn_file"),
    ],
)
def test_an_extract_that_does_not_add_up_is_refused_as_a_whole(
    tmp_path: Path, content: bytes, cause: str
) -> None:
    assert refusal(tmp_path, content) == cause


def test_a_hash_total_that_cannot_be_made_does_not_hold_back_the_good_records(
    tmp_path: Path,
) -> None:
    bad = spoiled(account("0002"), POINTS_AT, 0xFA)
    put(tmp_path, extract(account("0001"), bad, points=999))
    page = mainframe.read(mainframe.client(tmp_path.as_uri()))
    assert (len(page.records), len(page.rejected)) == (1, 1)


def test_a_corrected_record_is_read_again_under_its_number(tmp_path: Path) -> None:
    put(tmp_path, extract(spoiled(account("0002"), POINTS_AT, 0xFA)))
    client = mainframe.client(tmp_path.as_uri())
    [rejected] = mainframe.read(client).rejected
    letter = Original(rejected.key, rejected.payload, "", "", rejected.cause)
    again = mainframe.together(list(client.replay(STREAM, letter).pages))
    assert [(it.key, it.cause) for it in again.rejected] == [("0002", "bad_packed_digit")]
    mended = replace(letter, payload=records.payload(account("0002")), edited=True)
    reading = client.replay(STREAM, mended)
    [record] = mainframe.together(list(reading.pages)).records
    assert record.key == "0002"
    assert not reading.complete


@pytest.mark.parametrize("text", [b"no json", b"[]", b"{}", b'{"raw": "xy"}', b'{"raw": 5}'])
def test_a_correction_that_is_none_is_refused_again(tmp_path: Path, text: bytes) -> None:
    client = mainframe.client(tmp_path.as_uri())
    letter = Original("0002", text, "", "", "bad_packed_digit", edited=True)
    [rejected] = mainframe.together(list(client.replay(STREAM, letter).pages)).rejected
    assert (rejected.key, rejected.cause, rejected.payload) == (
        "0002", "unreadable_correction", text,
    )  # fmt: skip


def test_a_whole_extract_cannot_be_replayed_from_its_letter(tmp_path: Path) -> None:
    letter = Original("file", records.payload(b""), "", "", "torn_file")
    with pytest.raises(Stop, match="as a whole"):
        mainframe.client(tmp_path.as_uri()).replay(STREAM, letter)


def test_health_names_what_is_not_called_like_an_extract(tmp_path: Path) -> None:
    put(tmp_path, extract(account()))
    (tmp_path / "LOYALTY.ACCOUNTS.D20260231").touch()
    (tmp_path / "OTHER").touch()
    unwell = [it for it in mainframe.client(tmp_path.as_uri()).health() if not it.healthy]
    [strays] = unwell
    assert strays.detail == "not read: LOYALTY.ACCOUNTS.D20260231"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://mainframe.example/x", "neither sftp"),
        ("sftp://user:secret@host/x", "password"),
        ("sftp://host/x", "no user"),
        ("file://host/x", "neither"),
        ("file:x", "no whole path"),
        ("sftp://u@h:port/x", "no address"),
    ],
)
def test_an_address_that_cannot_be_is_refused_without_its_secrets(url: str, said: str) -> None:
    [finding] = mainframe.client(url).health()
    assert said in finding.detail
    assert "ACCORD_MAINFRAME_URL" in finding.remedy
    assert "secret" not in f"{finding.detail}{finding.remedy}"


def test_the_night_of_an_extract_is_that_of_its_name(tmp_path: Path) -> None:
    put(tmp_path, extract(account()))
    newest = mainframe.client(tmp_path.as_uri()).health()[1]
    assert NIGHT.isoformat() in newest.detail


def test_the_sample_holds_a_person_and_a_company_under_one_layout(tmp_path: Path) -> None:
    [sample] = (mainframe.FOLDER / "samples").glob("*.hex")
    lines = sample.read_text(encoding="ascii").split()
    (tmp_path / sample.stem).write_bytes(ebcdic.described(*map(bytes.fromhex, lines)))
    person, company = (
        msgspec.json.decode(it.payload)
        for it in mainframe.read(mainframe.client(tmp_path.as_uri())).records
    )
    assert (person["la_name"], person["la_movement_count"]) == ("HALE  BENEDICT", 2)
    assert (company["la_company_name"], company["la_points"]) == ("DALE BOOKS LTD", -12)
