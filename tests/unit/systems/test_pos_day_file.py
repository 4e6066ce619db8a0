"""Taking a day file apart into its CSV records."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from systems.pos import day_file
from tests.support.day_files import as_csv


def parsed(content: bytes) -> list[day_file.Line]:
    first = day_file.header(content)
    assert first is not None
    return list(day_file.lines(content, first))


def values(content: bytes) -> list[list[str]]:
    return [list(line.values) for line in parsed(content) if not line.fault]


def faults(content: bytes) -> list[str]:
    return [line.fault for line in parsed(content)]


def test_values_are_split_and_quotes_taken_off() -> None:
    assert values(b'a,b\n1,"x, ""y"""\n,""\n') == [["1", 'x, "y"'], ["", ""]]


def test_the_bytes_of_a_record_are_kept_as_received_without_their_line_end() -> None:
    assert [line.raw for line in parsed(b'a,b\r\n"1",2\r\n3,"4\r\n5"\r\n')] == [
        b'"1",2',
        b'3,"4\r\n5"',
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    first = day_file.header(day_file.BOM + b"a,b\n")
    assert first is not None
    assert first.values == ["a", "b"]


def test_empty_lines_mean_nothing_but_count_as_lines() -> None:
    assert [line.number for line in parsed(b"\n\r\na,b\n\n1,2\n\r\n3,4\n")] == [5, 7]


def test_a_line_of_blanks_is_not_empty() -> None:
    assert faults(b"a,b\n  \n") == ["wrong_field_count"]


def test_a_quoted_field_may_hold_line_breaks() -> None:
    lines = parsed(b'a,b\n1,"two\nlines"\n2,x\n')
    assert [(line.number, list(line.values)) for line in lines] == [
        (2, ["1", "two\nlines"]),
        (4, ["2", "x"]),
    ]


@pytest.mark.parametrize("closing", [b'3,"c"\n', b'3,c"\n', b"3,c\n"])
def test_a_quote_left_open_spoils_its_own_line_only(closing: bytes) -> None:
    content = b'a,b\n1,"open\n2,b\n' + closing + b"4,d\n"
    found = {line.raw: line.fault for line in parsed(content)}
    assert found[b'1,"open'] == "broken_quotes"
    assert found[b"2,b"] == ""
    assert found[b"4,d"] == ""


@pytest.mark.parametrize("line", [b'1,7" disc', b'1,"a"b', b'"1,2', b'1,"""', b'1,"a""'])
def test_quotes_that_are_not_doubled_or_closed_are_broken(line: bytes) -> None:
    assert faults(b"a,b\n" + line + b"\n") == ["broken_quotes"]


@pytest.mark.parametrize("line", [b"1,\xff", b"1,\xc3", b"1,a\0b", b'1,"\xe9"', b"\xed\xa0\x80,1"])
def test_what_is_no_text_is_broken_encoding(line: bytes) -> None:
    assert faults(b"a,b\n" + line + b"\n") == ["broken_encoding"]


@pytest.mark.parametrize("line", [b"1", b"1,2,3", b'"1,2"'])
def test_another_number_of_fields_than_the_header_is_noticed(line: bytes) -> None:
    assert faults(b"a,b\n" + line + b"\n1,2\n") == ["wrong_field_count", ""]


@pytest.mark.parametrize("rest", [b"1", b'1,"op', "1,Ö".encode()[:-1], b'1,"two\nli'])
def test_a_file_that_ends_inside_a_line_is_cut_off(rest: bytes) -> None:
    assert faults(b"a,b\n1,2\n" + rest)[-1] == "truncated_line"


@pytest.mark.parametrize(("rest", "fault"), [(b"1,2,3", "wrong_field_count"), (b"1,2", "")])
def test_a_missing_last_line_end_alone_is_no_cut(rest: bytes, fault: str) -> None:
    assert faults(b"a,b\n" + rest) == [fault]


def test_a_file_of_empty_lines_has_no_header() -> None:
    assert day_file.header(b"") is None
    assert day_file.header(day_file.BOM + b"\r\n\n") is None


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8).filter(
    # A cell that holds a whole line of three fields is taken for one by design.
    lambda text: text.count(",") < 2
)
ROWS = st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=6)


@given(ROWS, st.sampled_from(["\n", "\r\n"]))
@example(rows=[['"', ",", "\r\n"]], end="\n")
def test_what_a_csv_writer_writes_is_read_as_it_was(rows: list[list[str]], end: str) -> None:
    content = end.encode().join([*map(as_csv, [["a", "b", "c"], *rows]), b""])
    expected = list(csv.reader(io.StringIO(content.decode(), newline="")))[1:]
    assert values(content) == expected


@given(st.lists(st.sampled_from([*b'a,"\n\r\xc3\0']), max_size=40).map(bytes))
def test_every_byte_of_any_file_is_in_exactly_one_record_or_line_end(body: bytes) -> None:
    lines = parsed(b"x,y\n" + body)
    place = 4
    for line in lines:
        between, found = line_break_then(b"x,y\n" + body, place, line.raw)
        assert not between.strip(b"\r\n")
        place = found + len(line.raw)
    assert not (b"x,y\n" + body)[place:].strip(b"\r\n")


def line_break_then(content: bytes, place: int, raw: bytes) -> tuple[bytes, int]:
    found = content.index(raw, place)
    return content[place:found], found
