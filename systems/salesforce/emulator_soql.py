"""The part of SOQL that the emulator understands, turned into SQL for its store.

SELECT fields, COUNT(), COUNT(field), MAX(field) or MIN(field), FROM one kind of object, WHERE with
comparisons, IN, LIKE, AND, OR, NOT and parentheses, ORDER BY, LIMIT. Whatever the real API refuses
in these is refused with its error: unknown names, literals of the wrong type, AND beside OR.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from systems.salesforce.emulator_objects import SOBJECTS, Field, SObject

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>'(?:[^'\\]|\\.)*') | (?P<moment>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:?\d\d))
    | (?P<day>\d{4}-\d\d-\d\d) | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z][A-Za-z0-9_.]*) | (?P<mark><=|>=|!=|<>|[=<>(),])
    )""",
    re.VERBOSE,
)
_UNESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_IDS = re.compile(r"[A-Za-z0-9]{15}|[A-Za-z0-9]{18}")


class Refused(Exception):
    """What the API answers with 400: a code and a message that repeats the query."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Query:
    """A query as SQL: `condition` and `order` with `values` to bind; `columns` are (label, SQL)."""

    sobject: SObject
    columns: Sequence[tuple[str, str]]
    is_aggregate: bool
    is_count: bool
    condition: str
    values: Sequence[Any]
    order: str
    limit: int | None


@dataclass(slots=True)
class _Tokens:
    query: str
    found: list[tuple[str, str, int]]
    at: int = 0
    values: list[Any] = field(default_factory=list)

    def peek(self) -> str:
        kind, text, _ = self.found[self.at]
        return text.upper() if kind == "name" else text

    def take(self) -> tuple[str, str]:
        kind, text, _ = self.found[self.at]
        self.at += bool(kind)
        return kind, text

    def name(self) -> str:
        """Take a name; anything else is unexpected."""
        if self.found[self.at][0] != "name":
            raise self.unexpected()
        return self.take()[1]

    def skip(self, *words: str) -> bool:
        """Go past these words if they come next."""
        ahead = [text.upper() for _, text, _ in self.found[self.at : self.at + len(words)]]
        if ahead == list(words):
            self.at += len(words)
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.skip(word):
            raise self.unexpected()

    def unexpected(self) -> Refused:
        kind, text, _ = self.found[self.at]
        return self.refused("MALFORMED_QUERY", f"unexpected token: {text if kind else '<EOF>'}")

    def refused(self, code: str, what: str) -> Refused:
        column = self.found[min(self.at, len(self.found) - 1)][2] + 1
        return Refused(code, f"\n{self.query}\n^\nERROR at Row:1:Column:{column}\n{what}")


def parsed(query: str) -> Query:
    """Understand a query. Raises Refused."""
    tokens = _Tokens(query, list(_split(query)))
    tokens.expect("SELECT")
    start = tokens.at
    while tokens.peek() not in ("FROM", ""):
        tokens.take()
    tokens.expect("FROM")
    name = tokens.name()
    sobject = next((it for it in SOBJECTS.values() if it.name.lower() == name.lower()), None)
    if sobject is None:
        raise tokens.refused("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    after, tokens.at = tokens.at, start
    columns = _columns(tokens, sobject)
    tokens.at = after
    condition = _condition(tokens, sobject) if tokens.skip("WHERE") else "1"
    order = _order(tokens, sobject) if tokens.skip("ORDER", "BY") else "rowid"
    limit = _limit(tokens) if tokens.skip("LIMIT") else None
    if tokens.peek():
        raise tokens.unexpected()
    aggregates = [sql for _, sql in columns if sql.endswith(")")]
    if aggregates and len(aggregates) < len(columns):
        raise tokens.refused("MALFORMED_QUERY", "Field must be grouped or aggregated")
    is_count = [label for label, _ in columns] == [""]
    return Query(
        sobject, columns, bool(aggregates), is_count, condition, tokens.values, order, limit
    )


def _limit(tokens: _Tokens) -> int:
    if not tokens.peek().isdigit():
        raise tokens.unexpected()
    return int(tokens.take()[1])


def _split(query: str) -> Iterator[tuple[str, str, int]]:
    at = 0
    while rest := query[at:].strip():
        match = _TOKEN.match(query, at)
        if match is None:
            raise Refused("MALFORMED_QUERY", f"\n{query}\nunexpected token: '{rest[0]}'")
        kind = str(match.lastgroup)
        yield kind, match[kind], match.start(kind)
        at = match.end()
    yield "", "", len(query)


def _columns(tokens: _Tokens, sobject: SObject) -> list[tuple[str, str]]:
    columns: list[tuple[str, str]] = []
    while True:
        columns.append(_column(tokens, sobject, unnamed=f"expr{len(columns)}"))
        if not tokens.skip(","):
            break
    if tokens.peek() != "FROM":
        raise tokens.unexpected()
    labels = [label.lower() for label, _ in columns]
    if doubled := next((label for label in labels if labels.count(label) > 1), None):
        raise tokens.refused("MALFORMED_QUERY", f"duplicate field selected: {doubled}")
    return columns


def _column(tokens: _Tokens, sobject: SObject, *, unnamed: str) -> tuple[str, str]:
    name = tokens.name()
    if name.upper() not in ("COUNT", "MAX", "MIN") or not tokens.skip("("):
        return _known(tokens, sobject, name).name, _known(tokens, sobject, name).name
    if name.upper() == "COUNT" and tokens.skip(")"):
        return "", "count(*)"
    inner = _known(tokens, sobject, tokens.name()).name
    tokens.expect(")")
    named = tokens.found[tokens.at][0] == "name" and tokens.peek() != "FROM"
    return (tokens.take()[1] if named else unnamed), f"{name.lower()}({inner})"


def _known(tokens: _Tokens, sobject: SObject, name: str) -> Field:
    found = sobject.field(name)
    if found is None:
        raise tokens.refused(
            "INVALID_FIELD",
            f"No such column '{name}' on entity '{sobject.name}'. If you are attempting to use a "
            "custom field, be sure to append the '__c' after the custom field name. Please "
            "reference your WSDL or the describe call for the appropriate names.",
        )
    return found


def _condition(tokens: _Tokens, sobject: SObject) -> str:
    parts = [_term(tokens, sobject)]
    word = tokens.peek() if tokens.peek() in ("AND", "OR") else ""
    while word and tokens.skip(word):
        parts.append(_term(tokens, sobject))
    if tokens.peek() in ("AND", "OR"):
        raise tokens.unexpected()
    return f"({f' {word} '.join(parts)})"


def _term(tokens: _Tokens, sobject: SObject) -> str:
    if tokens.skip("NOT"):
        return f"(not {_term(tokens, sobject)})"
    if tokens.skip("("):
        inner = _condition(tokens, sobject)
        tokens.expect(")")
        return inner
    wanted = _known(tokens, sobject, tokens.name())
    if (negated := tokens.skip("NOT", "IN")) or tokens.skip("IN"):
        return _listed(tokens, wanted, negated=negated)
    if tokens.skip("LIKE"):
        tokens.values.append(_literal(tokens, wanted))
        return f"{wanted.name} like ? escape '\\'"
    if tokens.peek() not in ("=", "!=", "<>", "<", ">", "<=", ">="):
        raise tokens.unexpected()
    _, mark = tokens.take()
    tokens.values.append(_literal(tokens, wanted))
    mark = {"=": "is", "!=": "is not", "<>": "is not"}.get(mark, mark)
    return f"{wanted.name} {mark} ?"


def _listed(tokens: _Tokens, wanted: Field, *, negated: bool) -> str:
    tokens.expect("(")
    count = 0
    while not count or tokens.skip(","):
        tokens.values.append(_literal(tokens, wanted))
        count += 1
    tokens.expect(")")
    return f"{wanted.name} {'not in' if negated else 'in'} ({','.join('?' * count)})"


def _literal(tokens: _Tokens, wanted: Field) -> Any:
    """A literal as the store keeps such values; one of the wrong type is refused."""
    kind, text = tokens.take()
    if kind == "name" and text.lower() == "null":
        return None
    accepted = {"boolean": ("name",), "double": ("number",), "datetime": ("moment",)}.get(
        wanted.type, ("day",) if wanted.type == "date" else ("text",)
    )
    if kind not in accepted or (kind == "name" and text.lower() not in ("true", "false")):
        quoted = " and should not be enclosed in quotes" if kind == "text" else ""
        told = f"value of filter criterion for field '{wanted.name}' must be of type"
        raise tokens.refused("INVALID_FIELD", f"{told} {wanted.type}{quoted}")
    match kind:
        case "name":
            return int(text.lower() == "true")
        case "number":
            return float(text)
        case "moment":
            return datetime.fromisoformat(text).timestamp()
        case "day":
            return text
    told = re.sub(r"\\(.)", lambda match: _UNESCAPED.get(match[1], match[1]), text[1:-1])
    if wanted.type == "id" and not _IDS.fullmatch(told):
        raise tokens.refused("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {told}")
    return told


def _order(tokens: _Tokens, sobject: SObject) -> str:
    parts: list[str] = []
    while not parts or tokens.skip(","):
        name = _known(tokens, sobject, tokens.name()).name
        direction = "desc" if tokens.skip("DESC") else "asc"
        if direction == "asc":
            tokens.skip("ASC")
        nulls = "last" if tokens.skip("NULLS", "LAST") else "first"
        tokens.skip("NULLS", "FIRST")
        parts.append(f"{name} {direction} nulls {nulls}")
    return ", ".join(parts)
