"""The sandbox company's tills: they export a file for each of the last days, always the same ones.

What a day's file holds follows from the seed and the day alone, so a demo on a later day adds files
and touches none. The dirt is that of real tills: unknown buyers, corrections without price or name,
fees, discounts, credit notes, three decimals, doubled lines, and every ninth day a torn line.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Protocol, TypeVar

from systems.pos import assortment
from systems.pos.assortment import Article

HEADER = (
    *("InvoiceNo", "StockCode", "Description", "Quantity"),
    *("InvoiceDate", "UnitPrice", "CustomerID", "Country"),
)
_HOME = "United Kingdom"
_MONDAY, _FRIDAY, _SUNDAY = 0, 4, 6
_OPENED = date(2010, 1, 1)
_NUMBERS_A_DAY = 60
_T = TypeVar("_T")


class Setup(Protocol):
    """What the tills are started with: where they export to, and what makes up their days."""

    @property
    def folder(self) -> Path:
        """The folder of the day files."""

    @property
    def seed(self) -> int:
        """Every file follows from it and its day."""

    @property
    def today(self) -> date:
        """The day that is not over yet, so that it has no file."""


@dataclass(frozen=True, slots=True)
class Emulator:
    """The folder that the tills export into."""

    url: str
    token_url: str = ""

    def stop(self) -> None:
        """Stop nothing: the tills only leave files behind."""


def start(setup: Setup, *, days: int = 14) -> Emulator:
    """Export the `days` business days before today and return where they are.

    A file that is there already with the same content is left alone, its time included.
    """
    setup.folder.mkdir(parents=True, exist_ok=True)
    for age in range(days, 0, -1):
        day = setup.today - timedelta(days=age)
        _put(setup.folder / f"{day.isoformat()}.csv", exported(setup.seed, day))
    return Emulator(url=setup.folder.absolute().as_uri())


def exported(seed: int, day: date) -> bytes:
    """Return the content of one day's file."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(line.row() for line in _Till(seed, day).lines())
    rows = written.getvalue().split("\n")
    if is_torn(day):
        middle = len(rows) // 2
        rows[middle] = rows[middle].partition(day.isoformat())[0]
    return "\n".join(rows).encode()


def is_torn(day: date) -> bool:
    """Tell whether one line of the day's file lost its end, as on every ninth day."""
    return day.toordinal() % 9 == 4


def _put(path: Path, content: bytes) -> None:
    """Bring a file to its content in one step, so that no reader sees half of it."""
    if path.exists() and path.read_bytes() == content:
        return
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    unfinished.write_bytes(content)
    unfinished.replace(path)


@dataclass(frozen=True, slots=True)
class _Receipt:
    """What all lines of a receipt share; a customer of 0 is somebody unknown."""

    number: str
    at: datetime
    customer: int = 0
    country: str = _HOME


@dataclass(frozen=True, slots=True)
class _Line:
    """One line as the till exports it."""

    receipt: _Receipt
    code: str
    name: str
    quantity: int
    price: Decimal

    def row(self) -> Sequence[str]:
        """Return the fields in the order of the header, numbers written as the till does."""
        receipt = self.receipt
        whole, _, decimals = f"{self.price:.3f}".partition(".")
        return (
            *(receipt.number, self.code, self.name, str(self.quantity), str(receipt.at)),
            f"{whole}.{decimals.rstrip('0') or '0'}",
            f"{receipt.customer}.0" if receipt.customer else "",
            receipt.country,
        )


_Kind = Callable[[_Receipt], Iterator[_Line]]


class _Till:
    """Makes up one day, receipt by receipt, out of one stream of random numbers."""

    def __init__(self, seed: int, day: date) -> None:
        # Only `random()` is used: its numbers are the same in every version of Python.
        self._random = Random(f"{seed} {day.isoformat()}")
        self._day = day
        self._is_quiet = day.weekday() == _SUNDAY

    def lines(self) -> Iterator[_Line]:
        """Yield the lines of the day in the order of the clock."""
        kinds = self._kinds()
        opens, minutes = (time(10), 360) if self._is_quiet else (time(9), 510)
        opening = datetime.combine(self._day, opens)
        number = 100_000 + (self._day - _OPENED).days * _NUMBERS_A_DAY
        for place, minute in enumerate(sorted(self._below(minutes) for _ in kinds)):
            kind = kinds.pop(self._below(len(kinds)))
            yield from kind(_Receipt(str(number + place), opening + timedelta(minutes=minute)))

    def _kinds(self) -> list[_Kind]:
        """Choose how many receipts of which kind the day has."""
        kinds: list[_Kind] = [self._sale] * (11 if self._is_quiet else 23 + self._below(8))
        kinds += [self._correction] * (1 + self._below(2 if self._is_quiet else 4))
        kinds += [self._credit_note] * self._below(2 if self._is_quiet else 4)
        kinds += [self._damage] * self._below(3)
        kinds += [self._web_postage] * (not self._is_quiet)
        kinds += [self._discount] * (self._below(3) == 0)
        kinds += [self._manual] * (self._below(2) == 0)
        kinds += [self._market_fee] * (self._day.weekday() == _MONDAY)
        kinds += [self._bank_charges] * (self._day.weekday() == _FRIDAY)
        kinds += [self._bad_debt] * (self._day.day == 12)
        return kinds

    def _sale(self, receipt: _Receipt) -> Iterator[_Line]:
        receipt = self._to_somebody(receipt)
        for _ in range(2 + self._below(9)):
            article, quantity = self._article(), self._pick(assortment.QUANTITIES)
            line = _Line(receipt, article.code, article.name, quantity, article.price)
            if quantity >= 24:
                line = replace(
                    line, price=(article.price * Decimal("0.875")).quantize(Decimal("0.001"))
                )
            yield from [line] * (2 if self._below(40) == 0 else 1)
        if receipt.country != _HOME:
            postage = Decimal(assortment.POSTAGE[receipt.country])
            yield _Line(receipt, "POST", "POSTAGE", 1, postage)

    def _credit_note(self, receipt: _Receipt) -> Iterator[_Line]:
        receipt = _credited(self._to_somebody(receipt))
        for _ in range(1 + self._below(2)):
            article = self._article()
            yield _Line(receipt, article.code, article.name, -1 - self._below(4), article.price)

    def _correction(self, receipt: _Receipt) -> Iterator[_Line]:
        quantity = self._below(60) - 45
        yield _Line(receipt, self._article().code, "", quantity or -1, Decimal(0))

    def _damage(self, receipt: _Receipt) -> Iterator[_Line]:
        reason = self._pick(assortment.DAMAGES)
        yield _Line(receipt, self._article().code, reason, -1 - self._below(9), Decimal(0))

    def _web_postage(self, receipt: _Receipt) -> Iterator[_Line]:
        yield _Line(receipt, "DOT", "DOTCOM POSTAGE", 1, self._pounds(20, 180))

    def _discount(self, receipt: _Receipt) -> Iterator[_Line]:
        receipt = _credited(self._to_somebody(receipt))
        yield _Line(receipt, "D", "Discount", -1, self._pounds(5, 40))

    def _manual(self, receipt: _Receipt) -> Iterator[_Line]:
        yield _Line(receipt, "M", "Manual", 1, self._pounds(1, 30))

    def _market_fee(self, receipt: _Receipt) -> Iterator[_Line]:
        yield _Line(_credited(receipt), "AMAZONFEE", "AMAZON FEE", -1, self._pounds(40, 220))

    def _bank_charges(self, receipt: _Receipt) -> Iterator[_Line]:
        yield _Line(_credited(receipt), "BANK CHARGES", "Bank Charges", -1, self._pounds(8, 30))

    def _bad_debt(self, receipt: _Receipt) -> Iterator[_Line]:
        receipt = replace(receipt, number=f"A{receipt.number}")
        yield _Line(receipt, "B", "Adjust bad debt", 1, -self._pounds(20, 300))

    def _to_somebody(self, receipt: _Receipt) -> _Receipt:
        country = self._pick(assortment.COUNTRIES)
        known = country != _HOME or self._below(4) > 0
        customer = self._pick(assortment.CUSTOMERS) if known else 0
        return replace(receipt, customer=customer, country=country)

    def _article(self) -> Article:
        return self._pick(assortment.ARTICLES)

    def _pounds(self, least: int, most: int) -> Decimal:
        return Decimal(least * 100 + self._below((most - least) * 100)) / 100

    def _pick(self, choices: Sequence[_T]) -> _T:
        return choices[self._below(len(choices))]

    def _below(self, limit: int) -> int:
        return int(self._random.random() * limit)


def _credited(receipt: _Receipt) -> _Receipt:
    return replace(receipt, number=f"C{receipt.number}")
