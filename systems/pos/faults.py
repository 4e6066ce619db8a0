"""What can be wrong with a day file and its lines beyond the contract, and what to do about it.

Nothing here holds a value of a record.
"""

from __future__ import annotations

from accord.contracts.checker import Breach, shape_change
from accord.contracts.model import Contract
from systems.pos import day_file
from systems.pos.day_file import Line

TRUNCATED = "truncated_line"
_AGAIN = "export the day again and put the file in place of this one"
_LINES = {
    "broken_encoding": (
        "is not written in UTF-8 or holds a NUL character",
        f"set the export to UTF-8, then {_AGAIN}",
    ),
    "broken_quotes": (
        "has a quote that is not closed, not doubled or not at the start of its field",
        f"put fields with a quote into quotes and double the quotes inside, then {_AGAIN}",
    ),
    "wrong_field_count": (
        "has another number of fields than the header",
        f"look for a missing or unquoted comma in this line, then {_AGAIN}",
    ),
    TRUNCATED: (
        "was cut off, so the file may lack further lines",
        f"check that the export ran to its end and was copied whole, then {_AGAIN}",
    ),
}


def of_line(line: Line, width: int) -> Breach:
    """Say what is wrong with a line whose `fault` is set, in a file of `width` columns."""
    detail, remedy = _LINES[line.fault]
    counted = f": {len(line.values)} instead of {width}" if line.values else ""
    return Breach(cause=line.fault, field="", detail=f"the line {detail}{counted}", remedy=remedy)


def cut_off(column: str) -> Breach:
    """Say that the file ends inside its last line, where only the contract could tell."""
    detail, remedy = _LINES[TRUNCATED]
    detail = f"the line {detail}: it ends before or inside {column}"
    return Breach(cause=TRUNCATED, field=column, detail=detail, remedy=remedy)


def wrong_day(column: str) -> Breach:
    """Say that a line's time is not on the day that the file is named after."""
    return Breach(
        cause="wrong_day",
        field=column,
        detail=f"{column} is not on the day that the file is named after",
        remedy="name the file after its business day, or put the line into the file of its own day",
    )


def unagreed_column() -> Breach:
    """Say that a line fills a column that its contract does not let through."""
    return Breach(
        cause="unagreed_column",
        field="",
        detail="the line fills a column that the contract does not know",
        remedy="leave the column empty at the source, or agree on a new version of the contract",
    )


def of_file(content: bytes, first: Line | None, contract: Contract) -> Breach | None:
    """Say what makes a file unusable as a whole, `first` being its first line; None if nothing."""
    if first is None:
        remedy = f"check that the export ran to its end, then {_AGAIN}"
        return Breach(cause="empty_file", field="", detail="the file is empty", remedy=remedy)
    if first.fault:
        detail, remedy = _LINES[first.fault]
        return Breach(cause=first.fault, field="", detail=f"the header {detail}", remedy=remedy)
    change = shape_change(contract, first.values)
    if not change.acceptable:
        return Breach(cause="wrong_header", field="", detail=change.sentence, remedy=change.remedy)
    if len(",".join(first.values).split(",")) != len(first.values):
        detail = "a column's name has a comma in it"
        remedy = f"rename the column, then {_AGAIN}"
        return Breach(cause="wrong_header", field="", detail=detail, remedy=remedy)
    if next(day_file.lines(content, first), None) is None:
        remedy = (
            f"if the shop was closed, delete the file and discard this record; if not, {_AGAIN}"
        )
        detail = "the file has a header and no lines"
        return Breach(cause="no_lines", field="", detail=detail, remedy=remedy)
    return None


def shape(first: Line | None, contract: Contract) -> str:
    """Return the received columns, joined by commas; "" for a first line that is no header."""
    if first is None or first.fault or not set(first.values) & set(contract.column_names):
        return ""
    return ",".join(first.values)
