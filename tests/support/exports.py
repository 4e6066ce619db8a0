"""Day files as tills may deliver them, good and broken, each line with what should become of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.support.day_files import COLUMNS, DAY, a_file, a_line

GOOD = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One line as it stands in a file, and the cause it is to be rejected for; "" when good."""

    raw: bytes
    cause: str = GOOD


@dataclass(frozen=True, slots=True)
class Export:
    """A whole day file: its lines, and whether its end was lost on the way."""

    lines: tuple[Told, ...]
    cut: bool = False
    header: tuple[str, ...] = COLUMNS
    day: str = DAY

    @property
    def usable(self) -> tuple[Told, ...]:
        """Its lines, and the half of a line it ends with where its end was lost."""
        if not self.cut or not self.lines:
            return self.lines
        half = a_line(self.day).rpartition(b",")[0]
        return (*self.lines, Told(half, "truncated_line"))

    @property
    def content(self) -> bytes:
        """Its bytes."""
        end = b"" if self.cut else b"\n"
        return a_file(*(line.raw for line in self.usable), columns=self.header, last=end)

    @property
    def file_cause(self) -> str:
        """Why nothing of it can be used; "" when its lines count one by one."""
        if self.header != COLUMNS:
            return "wrong_header"
        return "" if self.lines else "no_lines"

    @property
    def good(self) -> list[bytes]:
        """The lines that are to land."""
        return [] if self.file_cause else [it.raw for it in self.usable if it.cause == GOOD]

    @property
    def broken(self) -> Counter[tuple[bytes, str]]:
        """What is to become a dead letter, with its cause."""
        if self.file_cause:
            return Counter([(self.content, self.file_cause)])
        return Counter((line.raw, line.cause) for line in self.usable if line.cause != GOOD)

    @property
    def is_complete(self) -> bool:
        """Whether a line that is missing in it is a line taken back."""
        return not self.file_cause and not self.cut and bool(self.good)


def good_line(day: str = DAY) -> SearchStrategy[Told]:
    """Lines that tell sales, returns and odds and ends; equal ones are likely, and separate."""
    made = st.builds(
        lambda receipt, article, quantity, price, customer, note: a_line(
            day, InvoiceNo=receipt, StockCode=article, Quantity=quantity, UnitPrice=price,
            CustomerID=customer, Description=note,
        ),
        st.sampled_from(["540001", "540002", "C540003", "A563186"]),
        st.sampled_from(["41002", "22423B", "POST", "D", "M"]),
        st.integers(-3, 12).map(str),
        st.sampled_from(["0", "0.0", "0.125", "1.25", "19.99", "-11062.06"]),
        st.sampled_from(["", "30001.0", "30002.0"]),
        st.sampled_from(["", "TIN BOAT", 'SIGN "HOME", LARGE', "thrown away"]),
    )  # fmt: skip
    return made.map(Told)


def broken_line(day: str = DAY) -> SearchStrategy[Told]:
    """Lines that break their contract, each for one cause."""
    good = a_line(day)
    return st.sampled_from(
        [
            Told(good + b",", "wrong_field_count"),
            Told(good.rpartition(b",")[0], "wrong_field_count"),
            Told(b"x,y", "wrong_field_count"),
            Told(a_line(day, Description="\0"), "broken_encoding"),
            Told(good.replace(b"TIN BOAT", b"TIN \xff BOAT"), "broken_encoding"),
            Told(good.replace(b"TIN BOAT", b'TIN 12" BOAT'), "broken_quotes"),
            Told(a_line("1999-12-31"), "wrong_day"),
            Told(a_line(day, Quantity="two"), "not_an_integer"),
            Told(a_line(day, UnitPrice=""), "missing_value"),
        ]
    )


def exports(day: str = DAY) -> SearchStrategy[Export]:
    """Whole files of up to a dozen lines, a few of them broken or cut off."""
    lines = st.lists(
        st.one_of(good_line(day), good_line(day), good_line(day), broken_line(day)), max_size=12
    )
    headers = st.sampled_from([COLUMNS] * 9 + [("InvoiceNo", "Quantity")])
    cut = st.sampled_from([False] * 4 + [True])
    return st.builds(Export, lines.map(tuple), cut, headers, st.just(day))


def histories(day: str = DAY, *, most: int = 4) -> SearchStrategy[list[Export]]:
    """The same day delivered again and again: as it was, corrected, or quite different."""
    change = st.tuples(st.integers(0, 3), good_line(day))
    move = st.one_of(change, change, exports(day))
    return st.builds(_history, exports(day), st.lists(move, max_size=most - 1))


def _history(first: Export, moves: Sequence[Export | tuple[int, Told]]) -> list[Export]:
    told = [first]
    for move in moves:
        told.append(move if isinstance(move, Export) else _corrected(told[-1], *move))
    return told


def _corrected(last: Export, how: int, line: Told) -> Export:
    lines = (
        last.lines,
        (*last.lines, line),
        last.lines[1:],
        (line, *last.lines[1:][::-1]),
    )[how]
    return Export(lines, day=last.day)
