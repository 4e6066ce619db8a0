"""Parses a whole copybook: its descriptions, put together into records by their levels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from accord.copybook.clauses import Described, Sentence, condition, described
from accord.copybook.model import Condition, Copybook, Item, Sign, Usage, wrong
from accord.copybook.source import Token, tokens
from accord.errors import Stop

_LAYING_OUT = ("EJECT", "SKIP1", "SKIP2", "SKIP3")
_COPIES = ("COPY", "REPLACE", "EXEC", "++INCLUDE", "-INC", "INCLUDE")
_CONDITION, _ALONE, _RENAMING, _DEEPEST = 88, 77, 66, 49


@dataclass(slots=True)
class _Node:
    """A description with those below it, still growing."""

    described: Described
    below: list[_Node] = field(default_factory=list)
    conditions: list[Condition] = field(default_factory=list)

    @property
    def level(self) -> int:
        return self.described.item.level


def parse(text: str) -> Copybook:
    """Read a copybook in COBOL's fixed form. Raises Stop, naming the line and the remedy."""
    roots: list[_Node] = []
    stack: list[_Node] = []
    for sentence in _sentences(text):
        level = _level(sentence)
        if level == _CONDITION:
            _last(stack, sentence).conditions.append(condition(sentence))
            continue
        node = _Node(described(sentence))
        while stack and stack[-1].level >= _depth(level):
            stack.pop()
        if stack:
            _fits(stack[-1], node)
            stack[-1].below.append(node)
        elif _depth(level) > 1:
            raise wrong(
                node.described.item.line,
                f"{node.described.item.label} has level {level:02} and is in no record",
                remedy="begin the copybook with level 01",
            )
        else:
            roots.append(node)
        stack.append(node)
    if not roots:
        raise Stop("The copybook describes nothing", remedy="check that it is the right file")
    return Copybook(tuple(_item(root, "display", Sign()) for root in roots))


def _sentences(text: str) -> Iterator[Sentence]:
    found: list[Token] = []
    for token in tokens(text):
        if not found and token.text.upper() in _LAYING_OUT:
            continue
        if not found and token.text.upper() in _COPIES:
            raise wrong(
                token.line,
                f"it has the statement {token.text.upper()}, which is not carried out",
                remedy="put the copied text in its place, as the compiler's listing shows it",
            )
        if token.kind == "period":
            if found:
                yield Sentence(tuple(found))
            found = []
        else:
            found.append(token)
    if found:
        raise wrong(found[-1].line, "its last sentence has no period", remedy="add the period")


def _level(sentence: Sentence) -> int:
    word = sentence.peek()
    level = int(word) if word.isdecimal() else 0
    if 1 <= level <= _DEEPEST or level in (_RENAMING, _ALONE, _CONDITION):
        return level
    raise sentence.wrong(
        f"a description begins with {word or 'a literal'} instead of a level number",
        remedy="leave in it only descriptions of levels 01 to 49, 77 and 88",
    )


def _depth(level: int) -> int:
    return 1 if level == _ALONE else level


def _last(stack: Sequence[_Node], sentence: Sentence) -> _Node:
    if not stack:
        raise sentence.wrong("a condition (level 88) belongs to no item")
    return stack[-1]


def _fits(group: _Node, node: _Node) -> None:
    item = node.described.item
    if group.described.item.picture is not None:
        raise wrong(
            item.line,
            f"{item.label} is below {group.described.item.label}, which has a PICTURE",
            remedy="compare the level numbers",
        )
    if group.below and group.below[0].level != node.level:
        raise wrong(
            item.line,
            f"{item.label} has level {node.level:02}, and its neighbours {group.below[0].level:02}",
            remedy="give items of one group one level number",
        )


def _item(node: _Node, usage: Usage, sign: Sign) -> Item:
    """Finish an item; what its group says about USAGE and SIGN holds where it says nothing."""
    own_usage, own_sign = node.described.usage or usage, node.described.sign or sign
    item = replace(
        node.described.item,
        usage=own_usage,
        sign=own_sign,
        conditions=tuple(node.conditions),
        children=tuple(_item(below, own_usage, own_sign) for below in node.below),
    )
    if item.level == _RENAMING or (not item.children and _lacks_picture(item)):
        raise wrong(
            item.line,
            f"{item.label} is a group without items, or lacks its PICTURE",
            remedy="compare the level numbers and the PICTURE",
        )
    if not item.children:
        _check_usage(item)
    return item


def _lacks_picture(item: Item) -> bool:
    return item.picture is None and item.usage not in ("float", "double")


def _check_usage(item: Item) -> None:
    """Refuse a PICTURE and a USAGE that do not go together."""
    picture = item.picture
    if item.usage in ("float", "double"):
        fits = picture is None
    elif picture is None or picture.is_text:
        fits = item.usage == "display"
    elif item.usage in ("binary", "native"):
        fits = picture.digits <= 18  # noqa: PLR2004 - what fits into 8 bytes
    else:
        fits = not (picture.signed and item.usage == "unsigned_packed")
    if not fits:
        raise wrong(
            item.line,
            f"the PICTURE and the USAGE of {item.label} do not go together",
            remedy="compare it with the program's own",
        )
