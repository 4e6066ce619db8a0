"""Files taken apart into records, in pieces of any size, up to where they are torn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accord.copybook import Format, Frame, Undecodable, framed
from accord.errors import Stop
from tests.support.ebcdic import blocked, described

RECORDS = [b"first", b"", b"the third", b"4"]


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def read(content: bytes, form: Format, *, length: int = 0) -> tuple[list[bytes], int]:
    """The records, and the number of the torn one or 0."""
    found: list[bytes] = []
    try:
        for frame in framed([content], form, length=length):
            assert frame.number == len(found) + 1
            assert content.startswith(frame.raw, frame.position - 1 + 4 * (form != "fixed"))
            found.append(frame.raw)
    except Undecodable as error:
        assert error.cause == "torn_file"
        return found, int(error.field.removeprefix("record "))
    return found, 0


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_the_size_of_the_pieces_changes_nothing(size: int) -> None:
    for content, form in (
        (described(*RECORDS), "rdw"),
        (blocked(RECORDS[:1], RECORDS[1:]), "bdw"),
    ):
        frames = list(framed(pieces(content, size), form))  # type: ignore[arg-type]
        assert [frame.raw for frame in frames] == RECORDS
    fixed = list(framed(pieces(b"abcdef", size), "fixed", length=2))
    assert fixed == [Frame(1, 1, b"ab"), Frame(2, 3, b"cd"), Frame(3, 5, b"ef")]


def test_an_empty_file_has_no_records() -> None:
    assert read(b"", "rdw") == read(b"", "bdw") == read(b"", "fixed", length=3) == ([], 0)


@pytest.mark.parametrize(
    ("content", "good", "torn"),
    [
        (described(*RECORDS)[:-1], 3, 4),
        (described(*RECORDS) + b"\0", 4, 5),
        (described(b"ab") + b"\x00\x03\x00\x00", 1, 2),
        (described(b"ab") + b"\x00\x06\x01\x00cd", 1, 2),
        (described(b"ab") + b"\x40\x40\x40\x40", 1, 2),
    ],
)
def test_records_before_a_tear_are_given_and_the_torn_one_is_named(
    content: bytes, good: int, torn: int
) -> None:
    assert read(content, "rdw") == ([*RECORDS, b"ab"][:good] if good > 1 else [b"ab"], torn)


def test_a_length_that_is_no_multiple_of_the_record_length_is_torn() -> None:
    assert read(b"abcde", "fixed", length=2) == ([b"ab", b"cd"], 3)


@pytest.mark.parametrize(
    "block",
    [
        b"\x00\x06\x00\x00ab",
        b"\x00\x0a\x00\x01\x00\x06\x00\x00ab",
        b"\x00\x0b\x00\x00\x00\x06\x00\x00ab",
        b"\x00\x09\x00\x00\x00\x06\x00\x00ab",
        b"\x00",
    ],
)
def test_a_block_that_its_records_do_not_fill_exactly_is_torn(block: bytes) -> None:
    found, torn = read(blocked([b"ab"]) + block, "bdw")
    assert found[0] == b"ab"
    assert torn


def test_a_block_may_be_longer_than_sixteen_bits_can_say() -> None:
    records = described(*[b"x" * 1000] * 40)
    content = (0x8000_0000 + len(records) + 4).to_bytes(4, "big") + records
    assert read(content, "bdw") == ([b"x" * 1000] * 40, 0)


def test_an_unknown_format_and_a_missing_length_are_refused() -> None:
    with pytest.raises(Stop, match="no record format"):
        framed([], "vbs")  # type: ignore[arg-type]
    with pytest.raises(Stop, match="no length"):
        framed([], "fixed")
