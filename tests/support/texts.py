"""Records as text, clean and dirty, for property tests of the record checks."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from accord.contracts.model import Column

COLUMNS = (
    Column("code", "string", required=True, max_length=4),
    Column("kind", "string", valid_values=("a", "b")),
    Column("postcode", "string", required=True, pattern="^[A-Z]*[0-9]?$"),
    Column("quantity", "integer", minimum=Decimal(-12), maximum=Decimal(1200)),
    Column("line", "integer", "integer", required=True, minimum=Decimal(1)),
    Column("big", "integer", "bigint"),
    Column("amount", "number", "numeric(6,2)"),
    Column("share", "number", minimum=Decimal(0), maximum=Decimal(1)),
    Column("units", "number", "numeric(5)"),
    Column("day", "date"),
    Column("at", "timestamp", required=True),
    Column("zoned_at", "timestamp", "timestamptz"),
    Column("is_open", "boolean"),
)


def number() -> SearchStrategy[str]:
    """Texts that are numbers or nearly so, gathered around the limits above."""
    plain = st.decimals(-20000, 20000, places=3).map(str)
    whole = st.integers(-1300, 1300).map(str)
    huge = st.integers(-(2**65), 2**65).map(str)
    odd = st.sampled_from(
        ["", "0", "-0", "1.0", "1200.0", "1_0", "1e5", ".5", "5.", "-.5", "+1", " 1", "1 ", "NaN"]
        + ["inf", "1,0", "١", "0x1", "--1", "9" * 40, "1." + "0" * 30, "9223372036854775808", "1\n"]
    )
    return st.one_of(plain, whole, huge, odd)


def moment() -> SearchStrategy[str]:
    """Texts that are points in time or nearly so."""
    clocks = st.sampled_from(
        ["", " 08:26", "T23:59:59", " 24:00", " 10:60", "T10:00:00.1234567", " 1:00", " 10:00:00Z"]
        + ["T10:00:00.5+01:00", " 00:00:00-1530", " 10:00:00.", "T10:00 ", "T23:59:60"]
    )
    days = st.one_of(
        st.dates().map(str),
        st.tuples(st.integers(0, 10000), st.integers(0, 13), st.integers(0, 32)).map(
            lambda parts: f"{parts[0]:04}-{parts[1]:02}-{parts[2]:02}"
        ),
        st.sampled_from(["now", "infinity", "epoch", "2011-1-1", "20110101", "2100-02-29"]),
    )
    return st.tuples(days, clocks).map("".join)


def text() -> SearchStrategy[str]:
    """Short texts, broken ones included."""
    odd = st.sampled_from(["", "a", "b", "AB1", "\0", "a\x1fb", "\udc80", " ", "1\n", "ÄÖÜß"])
    return st.one_of(odd, st.text(max_size=6))


def for_column(column: Column) -> SearchStrategy[str]:
    """Texts for one column, mostly near what it may hold."""
    kinds = {
        "string": text(),
        "integer": number(),
        "number": number(),
        "date": moment(),
        "timestamp": moment(),
        "boolean": st.sampled_from(["", "true", "f", "0", "TRUE", "yes", "1 "]),
    }
    return kinds[column.logical_type]


def dirty_record() -> SearchStrategy[list[str]]:
    """A record of `COLUMNS` in which at most a few fields are dirty, so that many pass."""
    clean = ["A", "a", "Z9", "5", "1", "7", "1.50", "0", "12", "2011-01-31", "2011-01-31 08:26"]
    clean += ["2011-01-31T08:26:00Z", "true"]
    spots = st.lists(st.integers(0, len(COLUMNS) - 1), max_size=3, unique=True)
    return spots.flatmap(
        lambda chosen: st.tuples(
            *(
                for_column(column) if spot in chosen else st.just(clean[spot])
                for spot, column in enumerate(COLUMNS)
            )
        ).map(list)
    )
