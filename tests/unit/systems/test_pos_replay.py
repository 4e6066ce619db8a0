"""A rejected line or file of the tills, read again."""

from __future__ import annotations

from dataclasses import replace

from accord.records import Original, Page
from systems.pos import sales_lines
from tests.support.day_files import COLUMNS, DAY, a_contract, a_file, a_line

SHAPE = ",".join(COLUMNS)
LETTER = Original("95e2f22f4b0d8f1f|1", b"", DAY, SHAPE, "wrong_field_count")


def replayed(original: Original) -> tuple[bool, Page]:
    """Read a rejected record again; its only page, and whether it was the whole file."""
    reading = sales_lines.replayed(original, contract=a_contract(), page_records=1000)
    pages = list(reading.pages)
    assert (reading.digest, list(reading.partitions)) == ("", [DAY])
    return reading.complete, Page(
        [it for page in pages for it in page.records],
        [it for page in pages for it in page.rejected],
    )


def test_a_line_that_is_good_now_keeps_the_key_it_was_rejected_under_in_its_own() -> None:
    complete, page = replayed(replace(LETTER, payload=a_line()))
    assert not complete
    assert [(it.key, it.payload) for it in page.records] == [
        (f"540001|41002|{LETTER.key}", a_line())
    ]


def test_a_line_that_is_still_wrong_is_rejected_again_without_a_place_in_a_file() -> None:
    _, page = replayed(replace(LETTER, payload=b"540001,41002"))
    (rejected,) = page.rejected
    assert (rejected.cause, rejected.key) == ("wrong_field_count", LETTER.key)
    assert "line 2" not in rejected.detail
    assert not page.records


def test_a_line_is_read_by_the_columns_its_file_had() -> None:
    columns = COLUMNS[::-1]
    payload = b",".join(a_line().split(b",")[::-1])
    _, page = replayed(replace(LETTER, payload=payload, shape=",".join(columns)))
    assert [it.key for it in page.records] == [f"540001|41002|{LETTER.key}"]


def test_a_letter_from_before_shapes_were_kept_is_read_by_the_contracts_columns() -> None:
    _, page = replayed(replace(LETTER, payload=a_line(), shape=""))
    assert len(page.records) == 1


def test_a_line_that_was_cut_off_stays_so_until_somebody_completes_it() -> None:
    cut = replace(LETTER, cause="truncated_line", payload=a_line().rpartition(b",")[0])
    _, page = replayed(cut)
    assert [it.cause for it in page.rejected] == ["truncated_line"]
    _, page = replayed(replace(cut, payload=a_line(), edited=True))
    assert len(page.records) == 1


def test_a_line_edited_into_two_is_two_records() -> None:
    both = a_line() + b"\n" + a_line(StockCode="22423B")
    _, page = replayed(replace(LETTER, payload=both, edited=True))
    assert [it.key for it in page.records] == [
        f"540001|41002|{LETTER.key}", f"540001|22423B|{LETTER.key}|2",
    ]  # fmt: skip


def test_a_line_edited_into_nothing_is_no_record() -> None:
    _, page = replayed(replace(LETTER, payload=b"", edited=True))
    assert not page.records


def test_a_whole_file_is_read_as_if_it_had_been_delivered() -> None:
    whole = replace(LETTER, key="file", cause="wrong_header", payload=a_file(a_line(), b"torn"))
    complete, page = replayed(whole)
    assert complete
    assert [it.key for it in page.records] == ["540001|41002|1"]
    assert [it.cause for it in page.rejected] == ["wrong_field_count"]


def test_a_whole_file_that_is_still_wrong_is_not_complete() -> None:
    whole = replace(LETTER, key="file", cause="wrong_header", payload=b"a,b\n1,2\n")
    complete, page = replayed(whole)
    assert not complete
    assert [(it.key, it.cause) for it in page.rejected] == [("file", "wrong_header")]
