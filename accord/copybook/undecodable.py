"""The one error that a record, as against a copybook, can cause."""

from __future__ import annotations

from typing import Literal

from accord.errors import Park

Cause = Literal[
    "bad_packed_digit", "bad_packed_sign", "bad_zoned_digit", "bad_zoned_sign", "bad_number_range",
    "bad_table_count", "unknown_view", "wrong_record_length", "torn_file",
]  # fmt: skip
SAYINGS: dict[Cause, str] = {
    "bad_packed_digit": "holds a half-byte that is no digit",
    "bad_packed_sign": "has a last half-byte that is no sign it may have",
    "bad_zoned_digit": "holds a character that is no digit",
    "bad_zoned_sign": "has no sign that it may have",
    "bad_number_range": "holds more digits than its PICTURE",
    "bad_table_count": "counts fewer or more occurrences than its table may have",
    "unknown_view": "is described in several ways, and no condition says which one holds",
    "wrong_record_length": "is shorter or longer than its description",
    "torn_file": "does not follow from what comes before it",
}


class Undecodable(Park):
    """A record cannot be decoded as a whole: `field`, whose first byte is `position` (from 1)."""

    def __init__(self, cause: Cause, field: str, position: int) -> None:
        self.field = field
        self.position = position
        super().__init__(
            f"{field} at byte {position} {SAYINGS[cause]}",
            cause=cause,
            remedy="look at the record at its source, and at the copybook it was written with",
        )
