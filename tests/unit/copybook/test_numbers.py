"""Numbers decoded from bytes that were worked out by hand, from the vendor's descriptions."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import pytest

from accord.copybook import Undecodable
from tests.support.ebcdic import field

GOOD: list[tuple[str, str, Any]] = [
    # zoned: F0-F9, the sign in the last byte's zone
    ("PIC 9(3)", "F1F2F3", 123),
    ("PIC 9(3)", "F1F2C3", 123),
    ("PIC S9(3)", "F1F2C3", 123),
    ("PIC S9(3)", "F1F2D3", -123),
    ("PIC S9(3)", "F1F2F3", 123),
    ("PIC S9(3)", "F1F2A3", 123),
    ("PIC S9(3)", "F1F2B3", -123),
    ("PIC S9(3)", "F0F0D0", 0),
    ("PIC S9", "D7", -7),
    ("PIC S9(3)V99", "F1F2F3F4D5", Decimal("-123.45")),
    ("PIC S9(3)V99", "F0F0F0F0D0", Decimal("0.00")),
    ("PIC S9(3) SIGN LEADING", "D1F2F3", -123),
    ("PIC S9(3) SIGN IS LEADING SEPARATE CHARACTER", "60F1F2F3", -123),
    ("PIC S9(3) SIGN TRAILING SEPARATE", "F1F2F34E", 123),
    # scaled by P, which takes no byte
    ("PIC 9(3)PP", "F1F2F3", 12300),
    ("PIC VPP99", "F1F2", Decimal("0.0012")),
    ("PIC PP99", "F1F2", Decimal("0.0012")),
    ("PIC V999", "F1F2F3", Decimal("0.123")),
    ("PIC S9(3)PPV COMP-3", "123D", -12300),
    # packed: two digits a byte, the sign in the last half
    ("PIC S9(5) COMP-3", "12345C", 12345),
    ("PIC S9(5) COMP-3", "12345D", -12345),
    ("PIC S9(5) COMP-3", "12345F", 12345),
    ("PIC 9(5) COMP-3", "12345F", 12345),
    ("PIC 9(5) COMP-3", "12345C", 12345),
    ("PIC S9(4) PACKED-DECIMAL", "01234D", -1234),
    ("PIC S9(7)V99 COMP-3", "123456789C", Decimal("1234567.89")),
    ("PIC S9V99 COMP-3", "000D", Decimal("0.00")),
    ("PIC 9(5) COMP-6", "012345", 12345),
    ("PIC 9(4) COMP-6", "1234", 1234),
    # binary: 2, 4 or 8 bytes, the highest first
    ("PIC S9(4) COMP", "FFFE", -2),
    ("PIC S9(4) BINARY", "270F", 9999),
    ("PIC 9(4) COMP-4", "0001", 1),
    ("PIC S9(9) COMP", "C4653601", -999999999),
    ("PIC S9(18) COMP", "0DE0B6B3A763FFFF", 10**18 - 1),
    ("PIC S9(5)V99 COMP", "00003039", Decimal("123.45")),
    ("PIC 9(4) COMP-5", "FFFF", 65535),
    ("PIC S9(4) COMP-5", "8000", -32768),
    # hexadecimal floating point: -118.625 is the textbook's example
    ("COMP-1", "C276A000", Decimal("-118.625")),
    ("COMP-1", "41100000", Decimal(1)),
    ("COMP-1", "00000000", Decimal(0)),
    ("COMP-1", "40800000", Decimal("0.5")),
    ("COMP-2", "C276A00000000000", Decimal("-118.625")),
    ("COMP-2", "4A10000000000000", Decimal(16**9)),
]
BAD = [
    ("PIC 9(3)", "F1C2F3", "bad_zoned_digit"),
    ("PIC 9(3)", "404040", "bad_zoned_digit"),
    ("PIC 9(3)", "F1F2FA", "bad_zoned_digit"),
    ("PIC 9(3)", "F1F2D3", "bad_zoned_sign"),
    ("PIC S9(3)", "40F2C3", "bad_zoned_digit"),
    ("PIC S9(3)", "F1F240", "bad_zoned_sign"),
    ("PIC S9(3)", "F1F2CA", "bad_zoned_sign"),
    ("PIC S9(3) SIGN LEADING SEPARATE", "40F1F2F3", "bad_zoned_sign"),
    ("PIC S9(3) SIGN TRAILING SEPARATE", "F1F2D34E", "bad_zoned_digit"),
    ("PIC S9(5) COMP-3", "1A345C", "bad_packed_digit"),
    ("PIC S9(5) COMP-3", "404040", "bad_packed_sign"),
    ("PIC S9(5) COMP-3", "123451", "bad_packed_sign"),
    ("PIC 9(5) COMP-3", "12345D", "bad_packed_sign"),
    ("PIC S9(4) COMP-3", "12345C", "bad_number_range"),
    ("PIC 9(5) COMP-6", "112345", "bad_number_range"),
    ("PIC 9(4) COMP-6", "123C", "bad_packed_digit"),
    ("PIC S9(4) COMP", "2710", "bad_number_range"),
    ("PIC S9(4) COMP", "D8F0", "bad_number_range"),
    ("PIC 9(9) COMP", "FFFFFFFF", "bad_number_range"),
]


@pytest.mark.parametrize(("description", "raw", "value"), GOOD)
def test_a_number_is_decoded_exactly(description: str, raw: str, value: Any) -> None:
    found = field(description)(bytes.fromhex(raw))
    assert (found, type(found)) == (value, type(value))
    assert str(found) == str(value), "as many decimals as the picture, and no -0"


@pytest.mark.parametrize(("description", "raw", "cause"), BAD)
def test_what_is_no_number_is_named_and_gives_no_value(
    description: str, raw: str, cause: str
) -> None:
    with pytest.raises(Undecodable) as raised:
        field(description)(bytes.fromhex(raw))
    assert (raised.value.cause, raised.value.field, raised.value.position) == (cause, "A", 1)
    assert raised.value.remedy
    assert raw not in str(raised.value)


def test_thirty_one_digits_stay_exact_whatever_the_context_says() -> None:
    digits = "1234567890123456789012345678901"
    with localcontext(prec=3):
        found = field("PIC S9(29)V99 COMP-3")(bytes.fromhex(f"{digits}D"))
    assert str(found) == f"-{digits[:29]}.{digits[29:]}"


def test_all_bits_of_a_long_fraction_are_kept() -> None:
    found = field("COMP-2")(bytes.fromhex("40FFFFFFFFFFFFFF"))
    with localcontext(prec=200):
        assert found * 2**56 == 2**56 - 1


def test_the_byte_order_of_comp_5_is_the_writers() -> None:
    assert field("PIC S9(4) COMP-5", native="little")(b"\xfe\xff") == -2
    assert field("PIC S9(4) COMP", native="little")(b"\xff\xfe") == -2
