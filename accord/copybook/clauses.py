"""Reads one data description, such as `05 POINTS PIC S9(7) COMP-3.`, clause by clause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from accord.copybook.model import (
    Condition,
    Item,
    Literal88,
    Occurs,
    Sign,
    Usage,
    wrong,
)
from accord.copybook.pictures import picture
from accord.copybook.source import Token
from accord.errors import Stop

USAGES: dict[str, Usage] = {
    "DISPLAY": "display",
    "BINARY": "binary", "COMP": "binary", "COMP-4": "binary",
    "COMP-5": "native",
    "COMP-3": "packed", "PACKED-DECIMAL": "packed",
    "COMP-6": "unsigned_packed",
    "COMP-1": "float",
    "COMP-2": "double",
}  # fmt: skip
_NOT_READ = (
    "INDEX", "POINTER", "POINTER-32", "PROCEDURE-POINTER", "FUNCTION-POINTER", "OBJECT",
    "NATIONAL", "DISPLAY-1", "UTF-8", "COMP-X", "COMP-N",
)  # fmt: skip
_FILLS = {
    "SPACE": " ", "ZERO": "0", "QUOTE": '"', "LOW-VALUE": "\x00", "HIGH-VALUE": "\xff",
}  # fmt: skip


@dataclass(slots=True)
class Sentence:
    """The tokens of one description, taken one after the other."""

    tokens: Sequence[Token]
    at: int = 0

    @property
    def line(self) -> int:
        """The line of the token just looked at, or of the last one."""
        return self.tokens[min(self.at, len(self.tokens) - 1)].line

    def ended(self) -> bool:
        """Tell whether nothing is left."""
        return self.at >= len(self.tokens)

    def peek(self) -> str:
        """The next word in capitals; "" at the end and before a literal."""
        if self.ended() or self.tokens[self.at].kind != "word":
            return ""
        return self.tokens[self.at].text.upper()

    def take(self) -> Token:
        """Take the next token. Raises Stop at the end."""
        if self.ended():
            raise self.wrong("it ends in the middle of a clause")
        self.at += 1
        return self.tokens[self.at - 1]

    def word(self) -> str:
        """Take the next word, in capitals. Raises Stop when there is none."""
        if not self.peek():
            raise self.wrong("a word is missing")
        return self.take().text.upper()

    def skip(self, *words: str) -> bool:
        """Pass over the next word if it is one of these."""
        found = self.peek() in words
        self.at += found
        return found

    def wrong(self, what: str, remedy: str = "compare it with the program's own") -> Stop:
        """Make the error about this description."""
        return wrong(self.line, what, remedy=remedy)


@dataclass(slots=True)
class Described:
    """One description before its place among the others is known.

    `usage` and `sign` are None where it says nothing, since it then inherits from its group.
    """

    item: Item
    usage: Usage | None = None
    sign: Sign | None = None
    parts: dict[str, Any] = field(default_factory=dict)

    def set(self, sentence: Sentence, **parts: Any) -> None:
        """Note what a clause says. Raises Stop when another one has said it."""
        for name in parts:
            if name in self.parts:
                raise sentence.wrong(f"{self.item.label} says its {name} twice")
        self.parts.update(parts)


def described(sentence: Sentence) -> Described:
    """Read a description of any level but 88. Raises Stop, naming the line."""
    line = sentence.line
    level = int(sentence.word())
    name = "" if _is_clause(sentence) else sentence.word()
    found = Described(Item(level, "" if name == "FILLER" else name, line))
    while not sentence.ended():
        word = sentence.word()
        clause = _CLAUSES.get(word)
        if clause is None:
            raise sentence.wrong(
                f"{found.item.label} has a clause {word} that is not known",
                "look for a period that is missing, or that lies beyond column 72",
            )
        clause(sentence, found, word)
    found.usage = found.parts.pop("usage", None)
    found.sign = found.parts.pop("sign", None)
    found.item = replace(found.item, **found.parts)
    return found


def condition(sentence: Sentence) -> Condition:
    """Read a level 88. Raises Stop, naming the line."""
    sentence.take()
    name = sentence.word()
    if not sentence.skip("VALUE", "VALUES"):
        raise sentence.wrong(f"the condition {name} has no VALUE")
    sentence.skip("IS", "ARE")
    ranges = []
    while not sentence.ended() and not sentence.skip("WHEN", "SET", "FALSE"):
        low = _literal(sentence)
        through = sentence.skip("THRU", "THROUGH")
        ranges.append((low, _literal(sentence) if through else low))
    if not ranges:
        raise sentence.wrong(f"the condition {name} has no VALUE")
    return Condition(name, tuple(ranges))


def _is_clause(sentence: Sentence) -> bool:
    return sentence.ended() or sentence.peek() in _CLAUSES


def _picture(sentence: Sentence, found: Described, _: str) -> None:
    sentence.skip("IS")
    found.set(sentence, picture=picture(sentence.word(), sentence.line))


def _usage_is(sentence: Sentence, found: Described, _: str) -> None:
    sentence.skip("IS")
    _usage(sentence, found, sentence.word())


def _usage(sentence: Sentence, found: Described, word: str) -> None:
    usage = USAGES.get(word.replace("COMPUTATIONAL", "COMP"))
    if usage is None:
        raise sentence.wrong(
            f"{found.item.label} has the USAGE {word}, which is not read",
            remedy="describe it as PIC X of as many bytes, if it has to be there",
        )
    found.set(sentence, usage=usage)


def _sign(sentence: Sentence, found: Described, word: str) -> None:
    if word == "SIGN":
        sentence.skip("IS")
        word = sentence.word()
    if word not in ("LEADING", "TRAILING"):
        raise sentence.wrong(f"{found.item.label} has a SIGN that is {word}")
    separate = sentence.skip("SEPARATE")
    sentence.skip("CHARACTER")
    found.set(sentence, sign=Sign(leading=word == "LEADING", separate=separate))


def _occurs(sentence: Sentence, found: Described, _: str) -> None:
    least = _count(sentence)
    most = _count(sentence) if sentence.skip("TO") else least
    sentence.skip("TIMES")
    counted_by: list[str] = []
    if sentence.skip("DEPENDING"):
        sentence.skip("ON")
        counted_by.append(sentence.word())
        while sentence.skip("OF", "IN"):
            counted_by.append(sentence.word())
    if least > most or not most or (least != most and not counted_by):
        raise sentence.wrong(f"{found.item.label} OCCURS a number of times that cannot be")
    if counted_by and least == most:
        least = 0
    found.set(sentence, occurs=Occurs(least, most, tuple(counted_by)))


def _count(sentence: Sentence) -> int:
    word = sentence.word()
    if not word.isdecimal():
        raise sentence.wrong(
            f"a table OCCURS {word} times, which is no number",
            remedy="give the greatest number of occurrences",
        )
    return int(word)


def _redefines(sentence: Sentence, found: Described, _: str) -> None:
    found.set(sentence, redefines=sentence.word())


def _synchronized(sentence: Sentence, found: Described, _: str) -> None:
    sentence.skip("LEFT", "RIGHT")
    found.set(sentence, synchronized=True)


def _justified(sentence: Sentence, found: Described, _: str) -> None:
    sentence.skip("RIGHT")
    found.set(sentence, justified=True)


def _value(sentence: Sentence, _found: Described, _: str) -> None:
    """Pass over an initial value: it says nothing about what a file holds."""
    sentence.skip("IS", "ARE")
    while not sentence.ended() and not _is_clause(sentence):
        sentence.take()


def _names(sentence: Sentence, _found: Described, _: str) -> None:
    """Pass over the names of indexes and of a table's sort keys."""
    sentence.skip("BY", "KEY")
    sentence.skip("IS")
    while not sentence.ended() and not _is_clause(sentence):
        sentence.take()


def _nothing(_sentence: Sentence, _found: Described, _: str) -> None:
    """Pass over a clause that says nothing about what a file holds."""


def _blank(sentence: Sentence, found: Described, _: str) -> None:
    raise sentence.wrong(
        f"{found.item.label} is BLANK WHEN ZERO, so what it holds is meant for people",
        remedy="describe it as PIC X of the same length",
    )


def _renames(sentence: Sentence, found: Described, _: str) -> None:
    raise sentence.wrong(
        f"{found.item.label} RENAMES others (level 66), which is not read",
        remedy="leave it out: what it renames is read under its own names",
    )


def _literal(sentence: Sentence) -> Literal88:
    sentence.skip("ALL")
    token = sentence.take()
    text, upper = token.text, token.text.upper()
    if token.kind == "word":
        singular = upper.removesuffix("S") if upper != "ZEROES" else "ZERO"
        if singular in _FILLS:
            return Literal88(_FILLS[singular], "fill")
        return Literal88(text.replace("+", ""), "number")
    quote, prefix = text[-1], upper[0] if text[0] not in "'\"" else ""
    inner = text[len(prefix) + 1 : -1].replace(quote * 2, quote)
    if prefix not in ("", "X"):
        raise sentence.wrong(f"a literal of the kind {prefix} is not read")
    return Literal88(inner, "hex" if prefix else "text")


_CLAUSES: dict[str, Callable[[Sentence, Described, str], None]] = {
    **dict.fromkeys(("PIC", "PICTURE"), _picture),
    "USAGE": _usage_is,
    **dict.fromkeys(USAGES, _usage),
    **{name.replace("COMP", "COMPUTATIONAL"): _usage for name in USAGES if "COMP" in name},
    **dict.fromkeys(_NOT_READ, _usage),
    **dict.fromkeys(("SIGN", "LEADING", "TRAILING"), _sign),
    "OCCURS": _occurs,
    "REDEFINES": _redefines,
    **dict.fromkeys(("SYNC", "SYNCHRONIZED"), _synchronized),
    **dict.fromkeys(("JUST", "JUSTIFIED"), _justified),
    **dict.fromkeys(("VALUE", "VALUES"), _value),
    **dict.fromkeys(("INDEXED", "ASCENDING", "DESCENDING"), _names),
    **dict.fromkeys(("EXTERNAL", "GLOBAL", "IS"), _nothing),
    "BLANK": _blank,
    "RENAMES": _renames,
}
