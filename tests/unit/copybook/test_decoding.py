"""Whole records: groups, tables, counted tables, views chosen by conditions, lengths."""

from __future__ import annotations

from typing import Any

import pytest

from accord.copybook import Undecodable, compiled, parse
from accord.errors import Stop
from tests.support.ebcdic import binary, decoder, lines, packed, text, zoned

COUNTED = """
01  R.
    05  N           PIC 9.
    05  HEAD.
        10  M       PIC S9(4) COMP.
        10  T       OCCURS 0 TO 3 DEPENDING ON N.
            15  P   PIC S9(3) COMP-3.
            15  Q   PIC X.
        10  AFTER   PIC X(2).
    05  U           PIC 99 OCCURS 1 TO 2 DEPENDING ON M OF HEAD.
    05  LAST        PIC X.
"""
VIEWED = """
01  R.
    05  KIND        PIC X.
        88  PERSON  VALUE 'P'.
        88  FIRM    VALUES 'A' THRU 'F', LOW-VALUES.
    05  HOLDER.
        10  FIRST-NAME PIC X(3).
        10  LAST-NAME  PIC X(3).
    05  COMPANY REDEFINES HOLDER.
        10  COMPANY-NO PIC S9(5) COMP-3.
    05  REST        PIC X.
"""
VIEWS = {"PERSON": "HOLDER", "FIRM": "COMPANY"}


def a_counted(n: int, m: int) -> bytes:
    table = b"".join(packed(-place, 3) + text("Q", 1) for place in range(n))
    more = b"".join(zoned(place, 2) for place in range(m))
    return zoned(n, 1) + binary(m, 2) + table + text("AF", 2) + more + text("L", 1)


def refused(decode: Any, raw: bytes) -> tuple[str, str, int]:
    with pytest.raises(Undecodable) as raised:
        decode(raw)
    return raised.value.cause, raised.value.field, raised.value.position


@pytest.mark.parametrize(("n", "m"), [(0, 1), (1, 2), (3, 1)])
def test_what_follows_a_counted_table_is_found_where_it_ends(n: int, m: int) -> None:
    assert decoder(COUNTED)(a_counted(n, m)) == {
        "N": n,
        "HEAD": {"M": m, "T": [{"P": -place, "Q": "Q"} for place in range(n)], "AFTER": "AF"},
        "U": list(range(m)),
        "LAST": "L",
    }


def test_a_count_outside_of_its_table_and_a_length_that_does_not_follow_are_refused() -> None:
    decode = decoder(COUNTED)
    assert refused(decode, a_counted(0, 0) + b"\x40\x40") == ("bad_table_count", "M", 2)
    assert refused(decode, a_counted(2, 1)[:-1]) == ("wrong_record_length", "R", 14)
    assert refused(decode, zoned(2, 1) + a_counted(1, 1)[1:]) == ("wrong_record_length", "R", 12)
    assert refused(decode, a_counted(3, 2) + b"\x40") == ("wrong_record_length", "R", 20)
    assert refused(decode, b"") == ("wrong_record_length", "R", 1)


def test_a_record_of_the_full_length_may_hold_unused_occurrences() -> None:
    decode = decoder(COUNTED)
    assert decode(a_counted(1, 1).ljust(decode.longest, b"\0")) == decode(a_counted(1, 1))


def test_a_wrong_field_behind_a_table_is_named_with_its_true_position() -> None:
    raw = bytearray(a_counted(2, 2))
    raw[-2] = 0x40
    assert refused(decoder(COUNTED), bytes(raw)) == ("bad_zoned_digit", "U", 14)
    raw = bytearray(a_counted(2, 2))
    raw[6] = 0xFF
    assert refused(decoder(COUNTED), bytes(raw)) == ("bad_packed_digit", "P", 7)


def test_nested_tables_are_lists_of_lists() -> None:
    decode = decoder("01 R.\n 05 G OCCURS 2.\n  10 A PIC 9 OCCURS 3.\n  10 FILLER PIC X.")
    assert decode(text("123-456-", 8)) == {"G": [{"A": [1, 2, 3]}, {"A": [4, 5, 6]}]}


def test_fillers_are_left_out_and_what_a_filler_group_holds_is_the_groups_own() -> None:
    decode = decoder(
        "01 R.\n 05 FILLER PIC X.\n 05 FILLER.\n  10 A PIC X.\n  10 PIC X.\n 05 B PIC X."
    )
    assert decode(text("-A-B", 4)) == {"A": "A", "B": "B"}


def test_text_is_without_its_padding_on_either_side() -> None:
    decode = decoder("01 R.\n 05 A PIC X(4).\n 05 B PIC X(4) JUST RIGHT.")
    assert decode(text(" A", 4) + text("  B ", 4)) == {"A": " A", "B": "B "}


def test_without_a_choice_the_first_description_is_decoded() -> None:
    assert decoder(VIEWED)(text("XJoeFox.", 8)) == {
        "KIND": "X", "HOLDER": {"FIRST-NAME": "Joe", "LAST-NAME": "Fox"}, "REST": ".",
    }  # fmt: skip


@pytest.mark.parametrize("kind", [b"\xc1", b"\xc3", b"\xc6", b"\x00"])
def test_a_condition_chooses_the_view_that_holds(kind: bytes) -> None:
    decode = decoder(VIEWED, views=VIEWS)
    found = decode(kind + packed(-42, 5) + text("", 4))
    assert found["COMPANY"] == {"COMPANY-NO": -42}
    assert "HOLDER" not in found
    assert decode(text("PJoeFox.", 8))["HOLDER"]["FIRST-NAME"] == "Joe"


def test_a_record_that_no_condition_describes_is_refused() -> None:
    assert refused(decoder(VIEWED, views=VIEWS), text("XJoeFox.", 8)) == (
        "unknown_view", "HOLDER", 2,
    )  # fmt: skip


def test_a_view_in_a_table_is_chosen_for_each_occurrence() -> None:
    decode = decoder(
        "01 R.\n 05 T OCCURS 2.\n  10 K PIC 9.\n   88 IS-A VALUE 1 THRU 3.\n"
        "   88 IS-B VALUE ZERO.\n"
        "  10 A PIC X(2).\n  10 B REDEFINES A PIC 9(2).",
        views={"IS-A": "A", "IS-B": "B"},
    )
    assert decode(text("2xy012", 6)) == {"T": [{"K": 2, "A": "xy"}, {"K": 0, "B": 12}]}


def test_only_the_items_asked_for_are_looked_at() -> None:
    decode = decoder(COUNTED, only=("LAST", "T"))
    raw = bytearray(a_counted(1, 1))
    raw[-2] = 0x40  # U is no number now
    assert decode(bytes(raw)) == {"HEAD": {"T": [{"P": 0, "Q": "Q"}]}, "LAST": "L"}


def test_a_record_of_one_item_is_a_record_too() -> None:
    assert decoder("01 A PIC X(3).")(text("abc", 3)) == {"A": "abc"}


@pytest.mark.parametrize(
    ("copybook", "options", "said"),
    [
        ("01 R.\n 05 A PIC X.", {"only": ("B",)}, "nothing called B"),
        ("01 R.\n 05 A PIC X.", {"views": {"C": "A"}}, "nothing called C"),
        ("01 R.\n 05 A PIC X.\n 05 A PIC X.", {}, "one name"),
        ("01 R.\n 05 T OCCURS 0 TO 2 DEPENDING ON N PIC X.", {}, "counted by N"),
        ("01 R.\n 05 N PIC X.\n 05 T OCCURS 0 TO 2 DEPENDING ON N PIC X.", {}, "counted by N"),
        ("01 R.\n 05 T OCCURS 0 TO 2 DEPENDING ON N PIC X.\n 05 N PIC 9.", {}, "counted by N"),
    ],
)
def test_what_cannot_be_compiled_is_refused(
    copybook: str, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(Stop, match=said) as raised:
        decoder(copybook, **options)
    assert raised.value.remedy


def test_a_condition_of_another_occurrence_and_an_impossible_value_are_refused() -> None:
    elsewhere = (
        "01 R.\n 05 T OCCURS 2.\n  10 K PIC X.\n   88 IS-A VALUE 'A'.\n"
        " 05 A PIC X(2).\n 05 B REDEFINES A PIC 9(2)."
    )
    with pytest.raises(Stop, match="same occurrence"):
        decoder(elsewhere, views={"IS-A": "B"})
    too_long = "01 R.\n 05 K PIC X.\n  88 IS-A VALUE 'AB'.\n 05 A PIC X.\n 05 B REDEFINES A PIC 9."
    with pytest.raises(Stop, match="cannot have"):
        decoder(too_long, views={"IS-A": "B"})


def test_an_unknown_code_page_is_refused() -> None:
    with pytest.raises(Stop, match="cp1252"):
        compiled(parse(lines("01 A PIC X.")).records[0], page="cp1252")
