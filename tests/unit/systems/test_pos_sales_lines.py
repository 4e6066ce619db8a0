"""Turning a day file into records and rejected records."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.records import Page, Record
from systems.pos import day_file, sales_lines
from tests.support.day_files import (
    COLUMNS,
    DAY,
    a_contract,
    a_file,
    a_line,
    a_row,
    as_csv,
    read,
)


def causes(content: bytes) -> list[str]:
    return [item.cause for item in read(content)[1].rejected]


def named(content: bytes) -> set[tuple[str, bytes]]:
    return {(record.key, record.payload) for record in read(content)[1].records}


def payloads(page: Page) -> list[bytes]:
    kept = [record.payload for record in page.records]
    return kept + [item.payload for item in page.rejected]


def test_a_record_is_called_after_receipt_article_and_number_and_keeps_its_bytes() -> None:
    line = a_line(Description='SALT, "SEA"')
    _, page = read(a_file(line))
    assert page.records == [Record("540001|41002|1", line, DAY)]


def test_identical_lines_of_a_receipt_are_separate_records() -> None:
    line = a_line()
    assert named(a_file(line, line)) == {("540001|41002|1", line), ("540001|41002|2", line)}


def test_a_corrected_line_keeps_its_key() -> None:
    before, after = a_line(Quantity="2"), a_line(Quantity="3")
    assert named(a_file(before)) == {("540001|41002|1", before)}
    assert named(a_file(after)) == {("540001|41002|1", after)}


def test_keys_are_unique_even_when_codes_hold_the_separator() -> None:
    lines = [a_line(InvoiceNo="1|2", StockCode="3"), a_line(InvoiceNo="1", StockCode="2|3")]
    assert len({key for key, _ in named(a_file(*lines))}) == 2


def test_odd_codes_are_kept_as_received() -> None:
    _, page = read(a_file(a_line(InvoiceNo=" 540001", StockCode="47503J ")))
    assert [record.key for record in page.records] == [" 540001|47503J |1"]


@pytest.mark.parametrize(
    "changes",
    [
        {"CustomerID": ""},
        {"Description": ""},
        {"UnitPrice": "0.0", "Description": "", "Quantity": "-10", "CustomerID": ""},
        {"InvoiceNo": "C540001", "Quantity": "-1"},
        {"InvoiceNo": "A540001", "StockCode": "B", "UnitPrice": "-11062.06"},
        {"UnitPrice": "0.001"},
        {"Quantity": "-80995"},
        {"Description": "CAFÉ £10"},
    ],
)
def test_inconvenient_lines_are_real(changes: dict[str, str]) -> None:
    _, page = read(a_file(a_line(**changes)))
    assert len(page.records) == 1


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (a_line(InvoiceNo=""), "missing_value"),
        (a_line(StockCode=""), "missing_value"),
        (a_line(Quantity="two"), "not_an_integer"),
        (a_line(Quantity="1.5"), "not_an_integer"),
        (a_line(Quantity="99999999999"), "out_of_range"),
        (a_line(UnitPrice="3,25"), "not_a_number"),
        (a_line(UnitPrice="NaN"), "not_a_number"),
        (a_line(InvoiceDate="2011-02-30 10:00:00"), "not_a_timestamp"),
        (a_line(InvoiceDate="2011-01-05 09:30:00"), "wrong_day"),
        (a_line() + b",more", "wrong_field_count"),
        (a_line()[:30], "wrong_field_count"),
        (a_line().replace(b"TIN", b"T\xcfN"), "broken_encoding"),
        (a_line().replace(b"TIN", b"T\0N"), "broken_encoding"),
        (a_line().replace(b"TIN", b'"TIN'), "broken_quotes"),
    ],
)
def test_a_broken_line_is_rejected_with_its_cause_while_the_rest_goes_on(
    line: bytes, cause: str
) -> None:
    good = a_line(InvoiceNo="540002")
    reading, page = read(a_file(line, good))
    assert [(item.cause, item.payload) for item in page.rejected] == [(cause, line)]
    assert [record.payload for record in page.records] == [good]
    assert page.rejected[0].detail.startswith("line 2: ")
    assert page.rejected[0].remedy
    assert reading.complete


def test_rejections_name_fields_and_lines_but_no_value() -> None:
    lines = [a_line(Quantity="s3cret"), a_line() + b",s3cret", a_line(InvoiceDate="s3cret")]
    _, page = read(a_file(*lines, b's3cret,"', b"s3cret\xff"))
    assert len(page.rejected) == 5
    assert not any("s3cret" in item.detail + item.remedy + item.key for item in page.rejected)
    assert page.rejected[0].detail == "line 2: Quantity is no whole number"


def test_a_rejected_line_keeps_its_key_when_lines_move_and_equal_ones_are_counted() -> None:
    broken = a_line(Quantity="two")
    _, first = read(a_file(broken, a_line(), broken))
    _, later = read(a_file(a_line(), a_line(), broken, broken))
    assert {item.key for item in first.rejected} == {item.key for item in later.rejected}
    assert len({item.key for item in first.rejected}) == 2


def test_a_missing_last_line_end_is_accepted() -> None:
    reading, page = read(a_file(a_line(), last=b""))
    assert (len(page.records), page.rejected, reading.complete) == (1, [], True)


@pytest.mark.parametrize("cut", [1, 20, 40, len(a_line()) - len("France")])
def test_a_file_that_was_cut_off_removes_nothing(cut: int) -> None:
    content = a_file(a_line(), a_line(InvoiceNo="540002")[:cut], last=b"")
    reading, page = read(content)
    assert [item.cause for item in page.rejected] == ["truncated_line"]
    assert len(page.records) == 1
    assert not reading.complete


def test_a_missing_last_value_elsewhere_than_at_the_end_is_no_cut() -> None:
    reading, page = read(a_file(a_line(Country=""), a_line()))
    assert [item.cause for item in page.rejected] == ["missing_value"]
    assert reading.complete


def test_a_file_whose_last_page_has_no_good_line_is_still_complete() -> None:
    reading, page = read(a_file(a_line(), a_line(Quantity="x")), page_records=1)
    assert (len(page.records), len(page.rejected), reading.complete) == (1, 1, True)


def test_a_file_without_any_good_line_removes_nothing() -> None:
    reading, page = read(a_file(a_line(Quantity="x"), a_line(UnitPrice="1,5")))
    assert (page.records, len(page.rejected), reading.complete) == ([], 2, False)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "empty_file"),
        (b"\r\n\n", "empty_file"),
        (a_file(), "no_lines"),
        (a_file(last=b""), "no_lines"),
        (a_file(last=b"\n\n"), "no_lines"),
        (a_line() + b"\n" + a_line() + b"\n", "wrong_header"),
        (a_file(a_line(), columns=COLUMNS[:-1]), "wrong_header"),
        (a_file(a_line(), columns=(*COLUMNS, "Country")), "wrong_header"),
        (a_file(a_line(), columns=(*COLUMNS, "a,b")), "wrong_header"),
        (a_file(a_line()).replace(b",", b";"), "wrong_header"),
        (a_file(a_line()).decode().encode("utf-16"), "broken_encoding"),
        (b"InvoiceNo,Stock", "wrong_header"),
        (b'InvoiceNo,"Stock', "truncated_line"),
    ],
)
def test_a_file_that_is_unusable_as_a_whole_is_one_rejected_record(
    content: bytes, cause: str
) -> None:
    reading, page = read(content)
    assert [(item.key, item.cause, item.payload) for item in page.rejected] == [
        ("file", cause, content)
    ]
    assert page.rejected[0].remedy
    assert (page.records, reading.complete, reading.partitions) == ([], False, (DAY,))


def test_a_wrong_header_is_told_by_its_columns() -> None:
    columns = ("Receipt", *COLUMNS[1:])
    _, page = read(a_file(a_line(), columns=columns))
    assert "Receipt" in page.rejected[0].detail
    assert "InvoiceNo" in page.rejected[0].detail


def test_a_first_line_that_is_no_header_is_not_repeated_anywhere() -> None:
    reading, page = read(a_line() + b"\n")
    assert reading.shape == ""
    assert "30001" not in page.rejected[0].detail


def test_columns_in_another_order_are_accepted_and_told_by_the_shape() -> None:
    back = as_csv(a_row()[::-1])
    reading, page = read(a_file(back, columns=COLUMNS[::-1]))
    assert page.records == [Record("540001|41002|1", back, DAY)]
    assert reading.shape == ",".join(COLUMNS[::-1])


def test_a_further_column_is_accepted_and_kept() -> None:
    line = a_line() + b",till 3"
    reading, page = read(a_file(line, columns=(*COLUMNS, "Till")))
    assert [record.payload for record in page.records] == [line]
    assert reading.shape.endswith(",Country,Till")


def test_a_contract_may_reject_the_lines_that_fill_a_further_column() -> None:
    content = a_file(a_line() + b",", a_line() + b",till 3", columns=(*COLUMNS, "Till"))
    _, page = read(content, contract=a_contract(mode="discard_row"))
    assert len(page.records) == 1
    assert [item.cause for item in page.rejected] == ["unagreed_column"]


def test_a_contract_may_refuse_further_columns() -> None:
    content = a_file(a_line() + b",till 3", columns=(*COLUMNS, "Till"))
    _, page = read(content, contract=a_contract(mode="freeze"))
    assert [item.cause for item in page.rejected] == ["wrong_header"]


def test_the_digest_follows_the_bytes_and_the_contract() -> None:
    content, contract = a_file(a_line()), a_contract()
    digest = read(content)[0].digest
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert read(content)[0].digest == digest
    assert read(content + b"\n")[0].digest != digest
    assert read(content, contract=replace(contract, digest="1" * 64))[0].digest != digest


def test_pages_hold_at_most_as_many_records_as_configured() -> None:
    lines = [a_line(Quantity="x" if n % 3 == 0 else str(n)) for n in range(10)]
    reading = sales_lines.reading(DAY, a_file(*lines), contract=a_contract(), page_records=4)
    sizes = [len(page.records) + len(page.rejected) for page in reading.pages]
    assert sizes == [4, 4, 2]


def test_a_large_file_says_the_same_as_when_its_lines_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = [a_line(InvoiceNo=str(n % 7), Quantity=str(n % 5)) for n in range(60)]
    content = a_file(*lines, b"ragged")
    kept = read(content)[1]
    monkeypatch.setattr(sales_lines, "KEPT_BYTES", 0)
    assert read(content)[1] == kept
    assert len(kept.records) == 60


LINES = st.builds(
    lambda receipt, article, quantity, name: a_line(
        InvoiceNo=receipt, StockCode=article, Quantity=quantity, Description=name
    ),
    st.sampled_from(["1", "2", "C2"]),
    st.sampled_from(["A", "B", "POST"]),
    st.sampled_from(["1", "2", "-1", "x"]),
    st.sampled_from(["", "TIN", 'A "B", C', "two\nlines"]),
)


@given(st.lists(LINES, max_size=12).flatmap(lambda x: st.tuples(st.just(x), st.permutations(x))))
def test_any_order_of_the_lines_gives_the_same_records(
    orders: tuple[list[bytes], list[bytes]],
) -> None:
    (_, one), (_, other) = (read(a_file(*lines)) for lines in orders)
    assert sorted((r.key, r.payload) for r in one.records) == sorted(
        (r.key, r.payload) for r in other.records
    )
    assert {item.key for item in one.rejected} == {item.key for item in other.rejected}


@given(st.lists(LINES, min_size=1, max_size=12))
def test_every_line_is_accounted_for_once_and_the_payloads_make_up_the_file(
    lines: list[bytes],
) -> None:
    _, page = read(a_file(*lines))
    assert sorted(payloads(page)) == sorted(lines)
    keys = [record.key for record in page.records]
    assert len(set(keys)) == len(keys)


@given(
    st.binary(max_size=200)
    | st.lists(st.sampled_from([*b'",\n\r\xff\xc3\0 1', *a_line(), *a_line()]), max_size=120).map(
        lambda tail: a_file(a_line()) + bytes(tail)
    )
)
def test_no_bytes_whatever_make_reading_fail(content: bytes) -> None:
    reading, page = read(content)
    keys = [record.key for record in page.records]
    assert len(keys) == len(set(keys))
    assert page.records or not reading.complete
    first = day_file.header(content)
    is_whole = [item.key for item in page.rejected] == ["file"]
    lines = [] if first is None or is_whole else day_file.lines(content, first)
    expected = [content] if is_whole else [line.raw for line in lines]
    assert sorted(payloads(page)) == sorted(expected)


def test_the_sample_day_is_read_whole_but_for_its_torn_line() -> None:
    folder = Path(sales_lines.__file__).parent / "samples"
    (path,) = folder.glob("*.csv")
    reading, page = read(path.read_bytes(), day=path.stem)
    assert [item.cause for item in page.rejected] == ["wrong_field_count"]
    assert len(page.records) > 20
    assert reading.complete
