"""What a copybook's text may look like, and what is refused with its line and a remedy."""

from __future__ import annotations

import pytest

from accord.copybook import Item, parse
from accord.copybook.model import Occurs
from accord.errors import Stop
from tests.support.ebcdic import lines


def names(item: Item) -> list[str]:
    return [below.label for below in item.walk()]


def test_sequence_numbers_comments_and_what_follows_column_72_mean_nothing() -> None:
    text = (
        "000100*  a comment\n"
        f"{'000200 01  R.':72}ignored!\n"
        "\n"
        "000300/\n"
        "      D    05  DEBUGGED PIC X.\n"
        "000400     05  A PIC X. *> said beside it\n"
        "       EJECT\n"
        "       SKIP2.\n"
        "\t   05  FILLER  PIC X(2).\n"
    )
    assert names(parse(text).records[0]) == ["R", "A", "FILLER"]


def test_a_word_and_a_literal_continue_on_the_next_line() -> None:
    text = (
        "       01  R.\n"
        "           05  LONG-NA\n"
        "      -        ME PIC X(3).\n"
        "           05  B PIC X.\n"
        "               88  B-IS-ODD VALUE 'it''s. A LITERAL THAT REACHES THE MAR\n"
        "      -        'GIN'.\n"
    )
    [_, first, second] = parse(text).records[0].walk()
    assert first.name == "LONG-NAME"
    [(low, _)] = second.conditions[0].ranges
    assert low.text == "it's. A LITERAL THAT REACHES THE MARGIN"


def test_each_clause_may_be_written_long_or_short() -> None:
    short = "01 R.\n 05 A PIC S9(3)V9 COMP-3.\n 05 B OCCURS 2 PIC X.\n 05 C PIC S9 LEADING."
    long = (
        "01 R.\n 05 A PICTURE IS s9(3)v9, USAGE IS COMPUTATIONAL-3 VALUE IS ZERO.\n"
        " 05 B OCCURS 2 TIMES INDEXED BY I, J PICTURE X VALUES 'A' 'B'.\n"
        " 05 C PIC S9 SIGN IS LEADING."
    )
    shorter, longer = parse(lines(short)).records[0], parse(lines(long)).records[0]
    assert [(it.picture, it.usage, it.sign, it.occurs) for it in shorter.walk()] == [
        (it.picture, it.usage, it.sign, it.occurs) for it in longer.walk()
    ]


def test_a_group_hands_down_its_usage_and_its_sign() -> None:
    record = parse(
        lines(
            "01 R SIGN TRAILING SEPARATE.\n 05 G COMP-3.\n  10 A PIC 9.\n  10 B PIC 9 COMP.\n"
            " 05 C PIC S9."
        )
    ).records[0]
    assert [it.usage for it in record.walk()] == [
        "display", "packed", "packed", "binary", "display",
    ]  # fmt: skip
    assert [it.sign.separate for it in record.walk()][-1]


def test_a_table_says_how_often_it_occurs_and_what_counts_it() -> None:
    record = parse(
        lines(
            "01 R.\n 05 N PIC 9.\n 05 T OCCURS 1 TO 9 TIMES DEPENDING ON N OF R\n"
            "   ASCENDING KEY IS K INDEXED BY I.\n  10 K PIC X."
        )
    ).records[0]
    assert record.children[1].occurs == Occurs(1, 9, ("N", "R"))


def test_a_copybook_may_describe_several_records_and_single_items() -> None:
    copybook = parse(lines("01 A PIC X.\n01 B.\n 05 C PIC X.\n77 D PIC 9."))
    assert [it.name for it in copybook.records] == ["A", "B", "D"]
    assert copybook["B"].children[0].name == "C"
    with pytest.raises(Stop, match="use one of A, B, D"):
        copybook["NO"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("01 R.\n 05 A PIC ZZ9.", "edited"),
        ("01 R.\n 05 A PIC 9,999.99.", "edited"),
        ("01 R.\n 05 A PIC -9.", "edited"),
        ("01 R.\n 05 A PIC 9 BLANK WHEN ZERO.", "BLANK WHEN ZERO"),
        ("01 R.\n 05 A PIC N(3).", "national"),
        ("01 R.\n 05 A PIC Q.", "no meaning"),
        ("01 R.\n 05 A PIC 9(32).", "32 digits"),
        ("01 R.\n 05 A PIC SS9.", "repeats"),
        ("01 R.\n 05 A PIC 9(0).", "no meaning"),
        ("01 R.\n 05 A PIC 9(19) COMP.", "do not go together"),
        ("01 R.\n 05 A PIC X COMP-3.", "do not go together"),
        ("01 R.\n 05 A PIC 9 COMP-1.", "do not go together"),
        ("01 R.\n 05 A POINTER.", "POINTER"),
        ("01 R.\n 05 A.", "lacks its PICTURE"),
        ("01 R.\n 05 A PIC X PIC X.", "twice"),
        ("01 R.\n 05 A PIC X FUNNY.", "FUNNY"),
        ("01 R.\n 05 A PIC X.\n  10 B PIC X.", "has a PICTURE"),
        ("01 R.\n 05 A PIC X.\n 03 B PIC X.", "level 03"),
        ("05 A PIC X.", "in no record"),
        ("01 R.\n 05 A PIC X.\n 66 B RENAMES A.", "RENAMES"),
        ("01 R.\n COPY OTHER.", "COPY"),
        ("DATA DIVISION.", "instead of a level number"),
        ("01 R.\n 05 A PIC X", "no period"),
        ("01 R.\n 05 A OCCURS N PIC X.", "no number"),
        ("01 R.\n 05 A OCCURS 1 TO 5 PIC X.", "cannot be"),
        ("01 R.\n 05 A PIC X VALUE 'A.", "neither a word nor a literal"),
        ("01 R.\n 05 A PIC X.\n 88 B.", "no VALUE"),
        ("88 B VALUE 'A'.", "belongs to no item"),
        ("01 R.\n 05 A OCCURS", "no period"),
        ("", "describes nothing"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_remedy(text: str, said: str) -> None:
    with pytest.raises(Stop, match=said) as raised:
        parse(lines(text))
    assert raised.value.remedy


def test_text_in_column_7_is_no_indicator() -> None:
    with pytest.raises(Stop, match="column 7"):
        parse("      01  R.\n")
    with pytest.raises(Stop, match="continues nothing"):
        parse("      -    05 A PIC X.\n")
