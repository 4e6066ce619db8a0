"""Takes a day file apart into its CSV records; knows CSV and nothing of sales, contracts or disks.

The dialect is RFC 4180: a field is quoted when it starts with a quote, quotes inside are doubled,
and a quoted field may hold commas and line breaks. Lines end in LF or CR LF, a byte order mark may
come first, and empty lines mean nothing.

A quote that is never closed would swallow all lines up to the next one. It is therefore believed
only if no swallowed line is a record of its own; otherwise its line alone is faulty and reading
goes on with the next.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

BOM = b"\xef\xbb\xbf"
_LINE_FEED = 10

_QUOTED = rb'"[^"]*+(?:""[^"]*+)*+'
_FIELD = rb'(?:%b"|[^",\n]*+)' % _QUOTED
_RECORD = re.compile(rb"%b(?:,%b)*+(?=\r*(?:\n|\Z))" % (_FIELD, _FIELD))
_UNCLOSED = re.compile(rb"(?:%b,)*+%b" % (_FIELD, _QUOTED))
_VALUE = re.compile(r'(?:\A|,)(?:"([^"]*+(?:""[^"]*+)*+)"|([^",]*+))')


class Line(NamedTuple):
    """One CSV record: the physical line it starts on, its bytes without line end, its values.

    `fault` is "" or a cause: broken_encoding, broken_quotes, wrong_field_count, truncated_line.
    There are no values where none could be told apart. `ended` is False for a last line that no
    line break follows.
    """

    number: int
    raw: bytes
    values: Sequence[str]
    fault: str
    ended: bool


def header(content: bytes) -> Line | None:
    """Return the first line that is not empty, without byte order mark; None if all are empty."""
    for number, row in enumerate(io.BytesIO(content), start=1):
        raw = (row.removeprefix(BOM) if number == 1 else row).rstrip(b"\r\n")
        if raw:
            return _line(number, raw, None, ended=row.endswith(b"\n"))
    return None


def lines(content: bytes, first: Line) -> Iterator[Line]:
    """Yield the records below the header `first`, in the file's order, the faulty ones included."""
    stream, width, number = io.BytesIO(content), len(first.values), 0
    for row in stream:
        number += 1
        raw = row.rstrip(b"\r\n")
        if not raw or number <= first.number:
            continue
        if b'"' not in raw:
            yield _line(number, raw, width, ended=row[-1] == _LINE_FEED)
            continue
        start = stream.tell() - len(row)
        whole = _spanning(content, start, width)
        if whole is not None:
            stream.seek(start + len(whole))
            row, raw = stream.readline(), whole.rstrip(b"\r")
        yield _line(number, raw, width, ended=row.endswith(b"\n"))
        number += raw.count(b"\n")


def _spanning(content: bytes, start: int, width: int) -> bytes | None:
    """Return the record at `start` if its quotes reach over line breaks and are to be believed."""
    match = _RECORD.match(content, start)
    if match is None or b"\n" not in match[0]:
        return None
    _, *swallowed = match[0].split(b"\n")
    believed = all(_line(0, raw.rstrip(b"\r"), width, ended=True).fault for raw in swallowed)
    return match[0] if believed else None


def _line(number: int, raw: bytes, width: int | None, *, ended: bool) -> Line:
    """Split one record into its values; without a `width` any number of them is right."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        cut = not ended and error.reason == "unexpected end of data"
        return Line(number, raw, (), "truncated_line" if cut else "broken_encoding", ended)
    if "\0" in text:
        return Line(number, raw, (), "broken_encoding", ended)
    if '"' not in text:
        values = text.split(",")
    elif _RECORD.fullmatch(raw):
        values = [
            match[1].replace('""', '"') if match[2] is None else match[2]
            for match in _VALUE.finditer(text)
        ]
    else:
        cut = not ended and _UNCLOSED.fullmatch(raw) is not None
        return Line(number, raw, (), "truncated_line" if cut else "broken_quotes", ended)
    if width is not None and len(values) != width:
        cut = not ended and len(values) < width
        return Line(number, raw, values, "truncated_line" if cut else "wrong_field_count", ended)
    return Line(number, raw, values, "", ended)
