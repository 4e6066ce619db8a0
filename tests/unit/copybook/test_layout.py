"""Where items lie: lengths, tables, redefinitions, slack bytes; and what cannot be laid out."""

from __future__ import annotations

import pytest

from accord.copybook import parse
from accord.copybook.layout import laid_out
from accord.errors import Stop
from tests.support.ebcdic import lines


def offsets(copybook: str) -> dict[str, tuple[int, int]]:
    """Offset and extent of each named item."""
    root = laid_out(parse(lines(copybook)).records[0]).root
    return {it.item.name: (it.offset, it.extent) for it in root.walk() if it.item.name}


@pytest.mark.parametrize(
    ("description", "size"),
    [
        ("PIC X(5)", 5),
        ("PIC A(2)X9", 4),
        ("PIC S9(5)", 5),
        ("PIC S9(5) SIGN LEADING SEPARATE", 6),
        ("PIC 9(3)PP", 3),
        ("PIC S9(4) COMP-3", 3),
        ("PIC S9(5) COMP-3", 3),
        ("PIC 9(4) COMP-6", 2),
        ("PIC 9(5) COMP-6", 3),
        ("PIC 9(4) COMP", 2),
        ("PIC 9(5) COMP", 4),
        ("PIC 9(9) BINARY", 4),
        ("PIC 9(10) COMP-5", 8),
        ("COMP-1", 4),
        ("COMP-2", 8),
    ],
)
def test_an_item_has_the_size_of_its_picture_and_usage(description: str, size: int) -> None:
    assert offsets(f"01 R.\n 05 A {description}.")["A"] == (0, size)


def test_items_follow_each_other_and_tables_take_their_occurrences() -> None:
    found = offsets(
        "01 R.\n 05 A PIC X(2).\n 05 G OCCURS 3.\n  10 B PIC X.\n  10 C PIC 9 OCCURS 2.\n"
        " 05 D PIC X."
    )
    assert found == {"R": (0, 12), "A": (0, 2), "G": (2, 9), "B": (2, 1), "C": (3, 2), "D": (11, 1)}


def test_a_redefinition_lies_where_the_first_one_lies_and_takes_no_room() -> None:
    found = offsets(
        "01 R.\n 05 A PIC X(4).\n 05 B REDEFINES A.\n  10 C PIC X.\n  10 D PIC X(3).\n"
        " 05 E REDEFINES A PIC 9(2).\n 05 F PIC X."
    )
    assert (found["B"], found["D"], found["E"], found["F"]) == ((0, 4), (1, 3), (0, 2), (4, 1))


def test_synchronized_numbers_begin_at_their_boundaries() -> None:
    found = offsets(
        "01 R.\n 05 A PIC X.\n 05 B PIC S9(4) COMP SYNC.\n 05 C PIC X.\n"
        " 05 D PIC S9(9) COMP SYNC.\n 05 E PIC X.\n 05 F PIC S9(18) COMP SYNC.\n"
        " 05 G PIC X.\n 05 H COMP-2 SYNC.\n 05 I PIC X.\n 05 J PIC S9(3) COMP-3 SYNC."
    )
    assert {name: found[name][0] for name in "BDFHJ"} == {"B": 2, "D": 8, "F": 16, "H": 32, "J": 41}


def test_slack_comes_before_the_group_that_a_synchronized_number_begins() -> None:
    found = offsets("01 R.\n 05 A PIC X.\n 05 G.\n  10 B PIC S9(9) COMP SYNC.\n  10 C PIC X.")
    assert (found["G"], found["B"], found["R"]) == ((4, 5), (4, 4), (0, 9))


def test_each_occurrence_is_filled_up_so_that_all_are_aligned_alike() -> None:
    found = offsets(
        "01 R.\n 05 T OCCURS 2.\n  10 B PIC S9(9) COMP SYNC.\n  10 C PIC X.\n 05 Z PIC X."
    )
    assert (found["T"], found["Z"]) == ((0, 16), (16, 1))


def test_the_length_of_a_record_follows_from_its_counted_tables() -> None:
    layout = laid_out(
        parse(
            lines(
                "01 R.\n 05 N PIC 9.\n 05 M PIC 9.\n 05 T OCCURS 1 TO 3 DEPENDING ON N PIC X(2).\n"
                " 05 A PIC X.\n 05 U OCCURS 0 TO 5 DEPENDING ON M PIC X."
            )
        ).records[0]
    )
    assert (layout.shortest, layout.longest) == (5, 14)
    assert [(it.item.name, it.offset, it.slides) for it in layout.root.children][2:] == [
        ("T", 2, 0), ("A", 2, 1), ("U", 3, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("copybook", "said"),
    [
        ("01 R.\n 05 A PIC X.\n 05 B PIC X.\n 05 C REDEFINES A PIC X.", "right before it"),
        ("01 R.\n 05 A PIC X.\n 05 B REDEFINES A PIC XX.", "longer than what it REDEFINES"),
        ("01 R OCCURS 2.\n 05 A PIC X.", "OCCURS where it may not"),
        (
            "01 R.\n 05 N PIC 9.\n 05 G OCCURS 2.\n  10 T OCCURS 0 TO 2 DEPENDING ON N PIC X.",
            "OCCURS where it may not",
        ),
        (
            "01 R.\n 05 N PIC 9.\n 05 T OCCURS 0 TO 2 DEPENDING ON N PIC X.\n"
            " 05 B PIC 9(9) COMP SYNC.",
            "SYNCHRONIZED behind a table",
        ),
        ("01 R.\n 05 A PIC X(32761).", "longer than 32760"),
    ],
)
def test_what_cannot_be_laid_out_is_refused(copybook: str, said: str) -> None:
    with pytest.raises(Stop, match=said) as raised:
        laid_out(parse(lines(copybook)).records[0])
    assert raised.value.remedy
