"""How each logical type may be written as text: the forms behind the record checks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from accord.contracts.model import Column

SAYINGS = {
    "missing_value": ("is empty, and it must not be", "fill it at the source and send it again"),
    "broken_text": (
        "holds characters that no text can hold",
        "export as UTF-8 without NUL characters and send it again",
    ),
    "not_an_integer": ("is no whole number", "write plain digits, such as 12 or -3"),
    "not_a_number": ("is no number", "write plain decimals, such as 12.50, without exponent"),
    "not_a_date": ("is no date", "write a calendar date as YYYY-MM-DD"),
    "not_a_timestamp": ("is no point in time", "write it as YYYY-MM-DD HH:MM:SS"),
    "not_a_boolean": ("is neither true nor false", "write true or false"),
    "out_of_range": ("lies outside its limits", "keep it within {limits}, or widen the contract"),
    "too_many_decimals": ("has more decimals than agreed", "round it at the source"),
    "too_long": ("is too long", "keep it within {limits}, or widen the contract"),
    "not_in_list": ("is none of the agreed values", "use {limits}, or extend the contract"),
    "not_a_text": ("is no text", "send it as text, in quotes"),
    "wrong_pattern": ("is not written as agreed", "write it as {limits}"),
}
_DAY_OF_ANY_YEAR = (
    "(?!0000)[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    "|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
)
# Of other years a moment may be before the first day, or after the last, at another place on earth.
_YEARS_EVERYWHERE = "(?!0001|9999)"
_CLOCK = r"[ T](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_BOOLEAN = "true|false|True|False|TRUE|FALSE|0|1"
_WHOLE = r"(?:\.0)?"
NEVER = "(?!)"
_OFFSET = "(?:Z|[+-](?:0[0-9]|1[0-3]):?[0-5][0-9])"
_BITS = {"smallint": 16, "int2": 16, "integer": 32, "int": 32, "int4": 32}
_NUMERIC = re.compile(r"(?:numeric|decimal)\((\d+)(?:,\s*(\d+))?\)", re.IGNORECASE)
# Far inside what numeric can hold, far outside what anybody sells.
_DIGITS, _SCALE = 38, 18


@dataclass(frozen=True, slots=True)
class Breach:
    """Why a record breaks its contract. `cause` is a stable code; nothing here holds a value."""

    cause: str
    field: str
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Form:
    """How a column's text looks.

    `shape` is necessary, `certain` sufficient and limits included. A number lies between `lowest`
    and `highest` and has at most `scale` decimals.
    """

    shape: re.Pattern[str]
    certain: str
    cause: str
    numeric: bool = False
    lowest: Decimal = Decimal(0)
    highest: Decimal = Decimal(0)
    scale: int = 0
    pattern: re.Pattern[str] | None = None


def of(column: Column) -> Form:
    """Return the text form of a column."""
    match column.logical_type:
        case "integer":
            return _integer(column)
        case "number":
            return _number(column)
        case "date":
            return _plain("[0-9]{4}-[0-9]{2}-[0-9]{2}", _DAY_OF_ANY_YEAR, "not_a_date")
        case "timestamp":
            years, offset = (_YEARS_EVERYWHERE, _OFFSET) if _is_zoned(column) else ("", "")
            shape = f"{years}[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{_CLOCK}{offset}"
            certain = years + _DAY_OF_ANY_YEAR + _CLOCK + offset
            return _plain(shape, certain, "not_a_timestamp")
        case "boolean":
            return _plain(_BOOLEAN, _BOOLEAN, "not_a_boolean")
        case "string":
            return _text(column)


def breach(column: Column, cause: str) -> Breach:
    """Put a cause into words."""
    detail, remedy = SAYINGS[cause]
    return Breach(
        cause=cause,
        field=column.name,
        detail=f"{column.name} {detail}",
        remedy=remedy.format(limits=_limits(column)),
    )


def _limits(column: Column) -> str:
    if column.valid_values:
        return "one of " + ", ".join(column.valid_values)
    if column.pattern:
        return column.pattern
    if column.max_length is not None:
        return f"{column.max_length} characters"
    lowest, highest = _bounds(column)
    return f"{lowest} to {highest}"


def _is_zoned(column: Column) -> bool:
    kind = column.physical_type.lower()
    return kind.startswith("timestamptz") or kind.endswith("with time zone")


def _plain(shape: str, certain: str, cause: str) -> Form:
    return Form(re.compile(shape), certain, cause)


def _text(column: Column) -> Form:
    pattern = re.compile(column.pattern, re.ASCII) if column.pattern else None
    if column.valid_values:
        good = [
            re.escape(value)
            for value in filter(None, column.valid_values)
            if (pattern is None or pattern.fullmatch(value))
            and (column.max_length is None or len(value) <= column.max_length)
        ]
        certain = "|".join(good) or NEVER
    elif column.pattern:
        # Under a full match the outer anchors say nothing, and inside a record they would not hold.
        inner = column.pattern.removeprefix("^").removesuffix("$")
        usable = column.max_length is None and not inner.endswith("\\")
        certain = f"(?=[^\x1f])(?:{inner})" if usable else NEVER
    else:
        certain = f"[^\x1f]{{1,{column.max_length or ''}}}"
    return Form(re.compile("(?s:.*)"), certain, "broken_text", pattern=pattern)


def _bounds(column: Column) -> tuple[Decimal, Decimal]:
    """Return the lowest and highest number that contract and physical type both allow."""
    if column.logical_type == "integer":
        bits = _BITS.get(column.physical_type.lower(), 64)
        lowest, highest = Decimal(-(2 ** (bits - 1))), Decimal(2 ** (bits - 1) - 1)
    else:
        precision, scale = _precision(column)
        highest = Decimal("9" * (precision - scale) + "." + "9" * scale)
        lowest = highest.copy_negate()
    minimum = lowest if column.minimum is None else max(lowest, column.minimum)
    maximum = highest if column.maximum is None else min(highest, column.maximum)
    return minimum, maximum


def _precision(column: Column) -> tuple[int, int]:
    match = _NUMERIC.fullmatch(column.physical_type)
    return (int(match[1]), int(match[2] or 0)) if match else (_DIGITS, _SCALE)


def _certain_digits(lowest: Decimal, highest: Decimal) -> str:
    """Return a form of digits that stay within the bounds whatever decimals follow them."""
    upper, lower = len(str(int(highest))) - 1, len(str(int(-lowest))) - 1
    if upper < 1 or highest < 0 or lowest > 1:
        return NEVER
    if lowest > 0:
        return f"[1-9][0-9]{{0,{upper - 1}}}"
    if lower < 1:
        return f"[0-9]{{1,{upper}}}"
    return f"-?[0-9]{{1,{min(upper, lower)}}}"


def _integer(column: Column) -> Form:
    lowest, highest = _bounds(column)
    return Form(
        shape=re.compile(r"-?[0-9]{1,30}(?:\.0{1,9})?"),
        certain=f"{_certain_digits(lowest, highest)}{_WHOLE}",
        cause="not_an_integer",
        numeric=True,
        lowest=lowest,
        highest=highest,
    )


def _number(column: Column) -> Form:
    lowest, highest = _bounds(column)
    scale = _precision(column)[1]
    decimals = rf"(?:\.[0-9]{{1,{scale}}})?" if scale else _WHOLE
    return Form(
        shape=re.compile(r"-?(?:[0-9]{1,60}(?:\.[0-9]{1,60})?|\.[0-9]{1,60})"),
        certain=_certain_digits(lowest, highest) + decimals,
        cause="not_a_number",
        numeric=True,
        lowest=lowest,
        highest=highest,
        scale=scale,
    )
