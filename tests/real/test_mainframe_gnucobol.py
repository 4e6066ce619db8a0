"""Files that GnuCOBOL writes, by our own copybook and by one with every kind of item.

GnuCOBOL works in ASCII: text and zoned digits are converted to EBCDIC by the programs themselves
before they write. Its floating point is not IBM's, so COMP-1 and COMP-2 are not tried here; and it
puts before a record its length without the four bytes, so those are added.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

import msgspec
import pytest

from accord.copybook import compiled, framed, parse
from systems.mainframe import emulator_records
from tests.support import debian, mainframe

pytestmark = pytest.mark.real
COBOL = Path(__file__).parent / "cobol"
ACCOUNTS = 500


def run(source: Path, folder: Path) -> None:
    """Compile a program as for a mainframe, and run it in the folder."""
    compiler = debian.cobol()
    environment = compiler.environment()
    options = ["-x", "-std=ibm", "-fsign=EBCDIC", "-I", mainframe.FOLDER, "-o", folder / "program"]
    done = subprocess.run(
        [compiler.path, *options, source],
        env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    subprocess.run([folder / "program"], cwd=folder, env=environment, check=True)


def records(content: bytes) -> Iterator[bytes]:
    """The records of a file in which GnuCOBOL has put their lengths before them."""
    at = 0
    while at < len(content):
        size = int.from_bytes(content[at : at + 2], "big")
        yield content[at + 4 : at + 4 + size]
        at += 4 + size


def test_an_extract_that_cobol_wrote_by_our_copybook_is_read_whole(tmp_path: Path) -> None:
    run(COBOL / "loyalty.cob", tmp_path)
    content = (tmp_path / "extract.dat").read_bytes()
    mainframe.put(tmp_path, emulator_records.file_of(records(content)), date(2026, 3, 8))
    reading, page = mainframe.reading(mainframe.client(tmp_path.as_uri()))
    assert (len(page.records), page.rejected, reading.complete) == (ACCOUNTS, [], True)
    for number, record in enumerate(page.records, start=1):
        account = msgspec.json.decode(record.payload, type=dict)
        moved = account["la_movement"]
        assert record.key == f"{4_000_000 + number * 37:08}"
        assert account["la_points"] == number * 7919 % 100_000 - 500
        assert account["la_changed_at"] == "2026-02-28 09:52:31"
        assert [it["la_moved_points"] for it in moved] == [
            place * 11 - 30 for place in range(1, number % 13 + 1)
        ]
        assert [f"{it['la_moved_amount']:.2f}" for it in moved] == [
            f"{place * 7.01 - 20:.2f}" for place in range(1, number % 13 + 1)
        ]
        if number % 7 == 0:
            assert account["la_company_name"] == "MILLBROOK-BAKERY LTD."
        else:
            assert account["la_name"] == "HALE  BENEDICT"
            assert account["la_born_on"] == (None if number % 11 == 0 else "1988-01-14")


def test_items_of_every_kind_that_cobol_wrote_come_back(tmp_path: Path) -> None:
    values = [a_row(Random(number)) for number in range(40)]  # noqa: S311
    text = (COBOL / "kinds.cob").read_text(encoding="ascii")
    moves = "".join(line for row in values for line in statements(row))
    source = tmp_path / "kinds.cob"
    source.write_text(text.replace("      *MOVES\n", moves), encoding="ascii")
    run(source, tmp_path)
    copybook = text.partition("      *COPYBOOK\n")[2].partition("      *END\n")[0]
    decode = compiled(parse(copybook)["KINDS"], page="cp037", native="little")
    content = (tmp_path / "kinds.dat").read_bytes()
    assert len(content) == 40 * decode.longest
    found = [decode(frame.raw) for frame in framed([content], "fixed", length=decode.longest)]
    for decoded, row in zip(found, values, strict=True):
        flat = {**decoded, **decoded["K-ALIGNED"], **decoded["K-SIGNS"]}
        assert {name: flat[name] for name in row} == row


KINDS = {
    "K-ZONED": 0, "K-LEADING": 0, "K-FRONT": 0, "K-BACK": 0, "K-DECIMAL": 2,
    "K-PACKED": 0, "K-EVEN": 3, "K-HALF": 0, "K-FULL": 2, "K-LONG": 0, "K-NATIVE": 0,
    "K-SYNC": 0, "K-SYNC-FULL": 0,
}  # fmt: skip
DIGITS = {"K-EVEN": 8, "K-FULL": 9, "K-LONG": 18, "K-SYNC-FULL": 9, "K-PACKED": 17, "K-DECIMAL": 7}


def a_row(draw: Random) -> dict[str, int | Decimal]:
    """A value for each item, whole or with decimals."""
    row: dict[str, int | Decimal] = {}
    for name, scale in KINDS.items():
        limit = 10 ** DIGITS.get(name, 4) - 1
        value = draw.choice((draw.randint(-limit, limit), 0, limit, -limit, -7))
        row[name] = Decimal(f"{value}E-{scale}") if scale else value
    row["K-SCALED"] = draw.randint(0, 999) * 1000
    row["K-UNSIGNED"] = draw.randint(0, 9999)
    return row


def statements(row: dict[str, int | Decimal]) -> Iterator[str]:
    """The lines of a program that write one record."""
    for name, value in row.items():
        yield f"           MOVE {Decimal(value):f} TO {name}.\n"
    yield "           PERFORM WRITE-RECORD.\n"
