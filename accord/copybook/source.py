"""Takes a copybook's lines apart into tokens; knows the columns and nothing of what words mean.

The form is COBOL's fixed one: columns 1-6 hold a sequence number, column 7 an indicator (`*` and
`/` begin a comment, `D` a debugging line, `-` continues the line before), columns 8-72 the text;
what follows column 72 is ignored. `*>` begins a comment anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from accord.copybook.model import wrong

_WIDTH = 72 - 7
_COMMENTS = "*/Dd"
_TOKEN = re.compile(
    r"""(?P<skip>\s+|[,;]|\*>.*)
    |(?P<literal>(?:[A-Za-z])?(?:'(?:[^']|'')*'|"(?:[^"]|"")*"))
    |(?P<period>\.(?=\s|\Z))
    |(?P<word>[^\s'"]+?(?=[.,;]?(?:\s|\Z)))""",
    re.VERBOSE,
)
_OPENED = re.compile(r"""(?:[^'"]|'(?:[^']|'')*'|"(?:[^"]|"")*")*+(?P<open>['"])?""")


class Token(NamedTuple):
    """A word, a literal (with its quotes) or a period, and the line it is on."""

    text: str
    line: int
    kind: Literal["word", "literal", "period"]


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a copybook. Raises Stop, naming the line."""
    for number, line in _lines(text):
        at = 0
        while at < len(line):
            match = _TOKEN.match(line, at)
            if match is None:
                raise wrong(
                    number,
                    f"column {at + 8} begins what is neither a word nor a literal",
                    remedy="look for a quote that is not closed, or text beyond column 72",
                )
            at = match.end()
            if match.lastgroup in ("word", "literal", "period"):
                yield Token(match[0], number, match.lastgroup)  # type: ignore[arg-type]


def _lines(text: str) -> list[tuple[int, str]]:
    """Return the text areas of all lines that mean something, continued ones joined."""
    found: list[tuple[int, str]] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.expandtabs(8)
        indicator, area = line[6:7], line[7:72]
        if indicator in _COMMENTS and indicator:
            continue
        if indicator == "-":
            found.append(_continued(number, found.pop() if found else None, area))
        elif indicator.strip():
            raise wrong(
                number,
                f"column 7 holds {indicator!r}, which is no indicator",
                remedy="begin the text in column 8; columns 1 to 6 are for sequence numbers",
            )
        elif area.strip():
            found.append((number, area.ljust(_WIDTH)))
    return found


def _continued(number: int, before: tuple[int, str] | None, area: str) -> tuple[int, str]:
    """Join a line with the one that it continues: inside a literal, or inside a word."""
    if before is None:
        raise wrong(number, "it continues nothing", remedy="take the hyphen out of column 7")
    first, text = before
    more = area.lstrip()
    opened = _OPENED.match(text)
    quote = opened["open"] if opened else None
    if not quote:
        return first, text.rstrip() + more.ljust(_WIDTH)
    if not more.startswith(quote):
        raise wrong(
            number,
            "it continues a literal and does not begin with its quote",
            remedy=f"begin the text with {quote}",
        )
    return first, text + more[1:].ljust(_WIDTH - len(area) + len(more) - 1)
