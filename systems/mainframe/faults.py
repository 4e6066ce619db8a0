"""What can be wrong with an extract and its records beyond the contract, and what to do about it.

Nothing here holds a value of a record.
"""

from __future__ import annotations

from accord.contracts.text_forms import Breach
from accord.copybook import Undecodable

_AGAIN = "have the extract made and sent again"
_AT_SOURCE = "look at the record on the mainframe, and at the copybook it was written with"
_RECORDS = {
    "bad_packed_digit": _AT_SOURCE,
    "bad_packed_sign": _AT_SOURCE,
    "bad_zoned_digit": _AT_SOURCE,
    "bad_zoned_sign": _AT_SOURCE,
    "bad_number_range": _AT_SOURCE,
    "bad_table_count": _AT_SOURCE,
    "unknown_view": "agree on what the new kind of holder means, and add it to the copybook",
    "wrong_record_length": f"compare the copybooks on both sides; if they are equal, {_AGAIN}",
    "torn_file": f"check that it was transferred in binary, with RDW, and whole; then {_AGAIN}",
}
_OTHERS = {
    "unknown_record_type": (
        "it is neither a header, an account nor a trailer in its place",
        f"agree on what the new type means, or {_AGAIN}",
    ),
    "repeated_account": (
        "its account number comes more than once in the extract",
        f"find out which one is right, correct it on the mainframe, and {_AGAIN}",
    ),
    "unreadable_correction": (
        "its correction is no JSON object with the record's bytes as raw, in hexadecimal",
        "edit raw alone, and keep two hexadecimal digits for each byte",
    ),
    "broken_control_record": (
        "the header or the trailer of the extract cannot be decoded",
        f"check that it was transferred in binary, with RDW; then {_AGAIN}",
    ),
    "wrong_extract_day": (
        "the header's day is not the one that the file is named after",
        "give the file the name of its own day",
    ),
    "wrong_record_count": (
        "the trailer counts other accounts than the file holds",
        f"check that it was transferred whole; then {_AGAIN}",
    ),
    "wrong_points_total": (
        "the trailer's hash total is not the sum of the accounts' points",
        f"check that it was transferred in binary; then {_AGAIN}",
    ),
}


def undecodable(error: Undecodable) -> Breach:
    """Say what is wrong with a record that cannot be decoded."""
    return Breach(
        cause=error.cause, field=error.field, detail=error.what, remedy=_RECORDS[error.cause]
    )


def other(cause: str) -> Breach:
    """Say what is wrong with a record, or with a whole extract, where decoding does not tell."""
    detail, remedy = _OTHERS[cause]
    return Breach(cause=cause, field="", detail=detail, remedy=remedy)
