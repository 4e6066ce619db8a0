"""The code pages: complete, one to one, and those of the C library where there is one."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from accord.copybook import code_page
from accord.copybook.code_pages import NAMES

ALL = bytes(range(256))
# Characters on which people's files depend: https://www.unicode.org/Public/MAPPINGS/VENDORS/MICSFT
BRACKETS = {
    "cp037": (0xBA, 0xBB),
    "cp500": (0x4A, 0x5A),
    "cp1047": (0xAD, 0xBD),
    "cp273": (0x63, 0xFC),
}
# The C library has an overline where IBM and Python have a macron.
OTHERWISE = {"cp273": {0xBC}}


@pytest.mark.parametrize("name", NAMES)
def test_every_byte_is_one_character_of_its_own(name: str) -> None:
    page = code_page(name)
    assert len(set(page.decode(ALL))) == 256
    assert page.encode(page.decode(ALL)) == ALL


@pytest.mark.parametrize("name", NAMES)
def test_letters_and_digits_are_where_ebcdic_has_them(name: str) -> None:
    page = code_page(name)
    assert page.encode("0123456789") == bytes(range(0xF0, 0xFA))
    assert page.encode("AIJRSZ ") == bytes.fromhex("C1C9D1D9E2E940")
    assert page.encode("+-") == b"\x4e\x60"
    assert tuple(page.encode("[]")) == BRACKETS[name]


@pytest.mark.skipif(not shutil.which("iconv"), reason="NOT CHECKED against iconv: there is none")
@pytest.mark.parametrize("name", NAMES)
def test_the_c_library_has_the_same_table(name: str) -> None:
    command = ["iconv", "-f", f"IBM{name.removeprefix('cp')}", "-t", "UTF-8"]
    done = subprocess.run(command, input=ALL, capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"NOT CHECKED: this iconv does not know {name}")
    theirs, ours = done.stdout.decode(), code_page(name).decode(ALL)
    different = {byte for byte in ALL if theirs[byte] != ours[byte]}
    assert different == OTHERWISE.get(name, set())
