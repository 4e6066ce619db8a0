"""Accounts as the copybook has them, and as the JSON that is landed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from accord.copybook import Undecodable
from systems.mainframe import records
from systems.mainframe.emulator_records import Movement
from tests.support import mainframe

DECODERS = records.decoders("cp1047")
# One account, byte by byte: what the emulator writes must be this.
BYTES = bytes.fromhex(
    "c4" "f0f4f0f0f0f0f3f7" "d7" "c1"  # D, 04000037, P, A
    "c8c1d3c54040c2c5d5c5c4c9c3e3" + "40" * 26 +  # HALE  BENEDICT
    "f1f9f8f8f0f1f1f4"  # born 1988-01-14
    "f8f040d6d3c440d9d6c1c4" + "40" * 19 + "e8d6d9d2" + "40" * 26 + "e8d6f140f7c1c5" + "40" * 23
    + "40" * 30 + "c7c2" + "f0f2f0f7f9f4f6f0f7f6f8" + "40" * 5 +  # address, GB, telephone
    "c2d9d6d5e9c5" "000000643c"  # BRONZE, 643
    "020260228f" "0095231f"  # changed 2026-02-28 09:52:31
    "0001" "020260115f" "f0f0f0f0d7" "0007498c"  # one movement: -7 points, 74.98
)  # fmt: skip
MOVED = Movement(date(2026, 1, 15), -7, 7498)


def test_the_emulator_writes_an_account_as_the_copybook_describes_it() -> None:
    assert mainframe.account(movements=[MOVED]) == BYTES


def test_an_account_is_decoded_into_flat_fields_with_readable_dates() -> None:
    found = records.fields(DECODERS.account(BYTES))
    assert found == {
        "la_type": "D", "la_account": "04000037", "la_holder_kind": "P", "la_status": "A",
        "la_name": "HALE  BENEDICT", "la_born_on": "1988-01-14",
        "la_address_line_1": "80 OLD ROAD", "la_address_line_2": "YORK",
        "la_address_line_3": "YO1 7AE", "la_address_line_4": None,
        "la_country": "GB", "la_phone": "02079460768", "la_tier": "BRONZE", "la_points": 643,
        "la_changed_at": "2026-02-28 09:52:31", "la_movement_count": 1,
        "la_movement": [
            {
                "la_moved_on": "2026-01-15", "la_moved_points": -7,
                "la_moved_amount": Decimal("74.98"),
            }
        ],
    }  # fmt: skip


def test_a_payload_holds_the_bytes_as_received_and_every_decimal() -> None:
    payload = records.payload(BYTES, records.fields(DECODERS.account(BYTES)))
    assert records.received(payload) == BYTES
    assert b'"la_moved_amount":74.98' in payload
    assert msgspec.json.decode(payload)["la_points"] == 643


def test_a_company_has_a_name_in_place_of_a_persons_fields() -> None:
    raw = BYTES[:9] + b"\xc3" + BYTES[10:]
    found = records.fields(DECODERS.account(raw))
    assert found["la_company_name"].startswith("HALE  BENEDICT")
    assert "la_name" not in found
    assert "la_born_on" not in found


def test_a_holder_of_an_unknown_kind_is_undecodable() -> None:
    with pytest.raises(Undecodable) as raised:
        DECODERS.account(BYTES[:9] + b"\xe9" + BYTES[10:])
    assert raised.value.cause == "unknown_view"


def test_an_unknown_day_of_birth_is_null() -> None:
    raw = mainframe.account(born_on=None)
    assert records.fields(DECODERS.account(raw))["la_born_on"] is None


def test_looking_at_the_points_alone_minds_no_other_field() -> None:
    raw = BYTES[:51] + b"\x40" * 8 + BYTES[59:]
    assert DECODERS.points(raw) == {"LA-POINTS": 643}
    with pytest.raises(Undecodable, match="LA-BORN-ON"):
        DECODERS.account(raw)
