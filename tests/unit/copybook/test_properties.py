"""Whatever is encoded is decoded again, for any value that a description can hold."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from accord.copybook import NAMES, Undecodable, code_page, framed
from tests.support import ebcdic
from tests.support.ebcdic import decoder, field

sizes = st.integers(1, 18)


@st.composite
def numbers(draw: st.DrawFn) -> tuple[int, int, int]:
    """Digits, decimals among them, and a number of so many digits."""
    digits = draw(sizes)
    value = draw(st.integers(-(10**digits) + 1, 10**digits - 1))
    return digits, draw(st.integers(0, digits)), value


def picture(digits: int, decimals: int, *, sign: str = "S") -> str:
    whole = f"9({digits - decimals})" if digits > decimals else ""
    return f"PIC {sign}{whole}" + (f"V9({decimals})" if decimals else "")


def exactly(value: int, decimals: int) -> Decimal:
    return Decimal(f"{value}E-{decimals}")


@settings(max_examples=60)
@given(numbers())
def test_signed_numbers_of_every_usage_come_back(number: tuple[int, int, int]) -> None:
    digits, decimals, value = number
    pic, size = picture(digits, decimals), 2 if digits < 5 else 4 if digits < 10 else 8
    for usage, raw in (
        ("", ebcdic.zoned(value, digits, signed=True)),
        ("SIGN LEADING", ebcdic.zoned(value, digits, signed=True, leading=True)),
        ("SIGN LEADING SEPARATE", ebcdic.separate(value, digits, leading=True)),
        ("SIGN TRAILING SEPARATE", ebcdic.separate(value, digits)),
        ("COMP-3", ebcdic.packed(value, digits)),
        ("COMP", ebcdic.binary(value, size)),
        ("COMP-5", ebcdic.binary(value, size)),
    ):
        assert field(f"{pic} {usage}")(raw) == exactly(value, decimals), usage


@settings(max_examples=40)
@given(numbers())
def test_unsigned_numbers_of_every_usage_come_back(number: tuple[int, int, int]) -> None:
    digits, decimals, value = number[0], number[1], abs(number[2])
    pic, size = picture(digits, decimals, sign=""), 2 if digits < 5 else 4 if digits < 10 else 8
    for usage, raw in (
        ("", ebcdic.zoned(value, digits)),
        ("COMP-3", ebcdic.packed(value, digits, signed=False)),
        ("COMP", ebcdic.binary(value, size, signed=False)),
    ):
        assert field(f"{pic} {usage}")(raw) == exactly(value, decimals), usage


@settings(max_examples=40)
@given(st.sampled_from(NAMES), st.binary(min_size=1, max_size=20))
def test_text_of_any_bytes_comes_back_without_its_trailing_spaces(page: str, raw: bytes) -> None:
    found = field(f"PIC X({len(raw)})", page=page)(raw)
    assert code_page(page).encode(found.ljust(len(raw))) == raw


@settings(max_examples=100)
@given(st.binary(min_size=3, max_size=3))
def test_any_bytes_are_a_number_or_refused(raw: bytes) -> None:
    for description in ("PIC S9(5) COMP-3", "PIC S9(3)", "PIC 9(3)"):
        try:
            found = field(description)(raw)
        except Undecodable:
            continue
        assert isinstance(found, int)
        assert abs(found) < 10**5


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(-999, 999), st.text("AB c", max_size=4)), max_size=6))
def test_a_counted_table_of_any_length_comes_back(rows: list[tuple[int, str]]) -> None:
    decode = decoder(
        "01 R.\n 05 N PIC 9(4) COMP.\n 05 T OCCURS 0 TO 6 DEPENDING ON N.\n"
        "  10 P PIC S9(3) COMP-3.\n  10 Q PIC X(4).\n 05 Z PIC X."
    )
    table = b"".join(ebcdic.packed(p, 3) + ebcdic.text(q, 4) for p, q in rows)
    raw = ebcdic.binary(len(rows), 2) + table + ebcdic.text("Z", 1)
    assert decode(raw)["T"] == [{"P": p, "Q": q.rstrip(" ")} for p, q in rows]
    assert decode(raw)["Z"] == "Z"


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=30), max_size=8), st.integers(1, 40))
def test_records_come_back_from_files_read_in_pieces_of_any_size(
    records: list[bytes], size: int
) -> None:
    content = ebcdic.described(*records)
    pieces = (content[at : at + size] for at in range(0, len(content), size))
    assert [frame.raw for frame in framed(pieces, "rdw")] == records
