"""The batches that Great Expectations judges, as SQL text: rows, and partitions.

They hold the columns that rules are about and the answers of conditions, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from psycopg.sql import SQL, Composable, Identifier, Literal

from accord.contracts.model import Comparison, Contract
from accord.errors import Stop
from accord.quality import sql_pass
from accord.quality.rules import BatchRule, Rules

HOLDS = "holds__"
COPIES = "copies__"
_PLACES = re.compile(r"%%|%\((?:partitions|partition_keys)\)s")
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_ESCAPED = re.compile(r"\b[eE]'")
_UNSAFE = re.compile(r"%|(?<!:):(?!:)")
_COMPARED = {
    "mustBe": "{0} = {1}",
    "mustNotBe": "{0} <> {1}",
    "mustBeGreaterThan": "{0} > {1}",
    "mustBeGreaterOrEqualTo": "{0} >= {1}",
    "mustBeLessThan": "{0} < {1}",
    "mustBeLessOrEqualTo": "{0} <= {1}",
    "mustBeBetween": "{0} between {1} and {2}",
    "mustNotBeBetween": "{0} not between {1} and {2}",
}


def row_query(contract: Contract, rules: Rules, partitions: Sequence[str]) -> str:
    """Return the batch of rows: the columns rules are about, and one column a row condition.

    How often a value occurs is counted over the whole table, for values of the asked partitions.
    """
    judged = {rule.column for rule in rules.rows if rule.column}
    columns: list[Composable] = [SQL("t.{}").format(Identifier(name)) for name in sorted(judged)]
    columns += [
        SQL("({}) as {}").format(sql_pass.raw(rule.condition), Identifier(HOLDS + rule.name))
        for rule in rules.rows
        if rule.kind == "row_condition"
    ]
    unique = [rule for rule in rules.batches if rule.kind == "unique"]
    columns += [
        SQL("{0}.copies__ as {0}").format(Identifier(COPIES + rule.name)) for rule in unique
    ]
    return _composed(
        SQL("select {columns} from {table} t {copies} where {asked}").format(
            columns=SQL(", ").join(columns),
            table=sql_pass.table(contract),
            copies=SQL(" ").join(_copies(contract, rule) for rule in unique),
            asked=sql_pass.asked(contract),
        ),
        partitions,
    )


def _copies(contract: Contract, rule: BatchRule) -> Composable:
    return SQL(
        "left join (select o.{column} as shared__, count(*) as copies__ from {table} o"
        " where o.{column} in (select t.{column} from {table} t where {asked}) group by 1)"
        " {name} on t.{column} = {name}.shared__"
    ).format(
        column=Identifier(rule.column),
        table=sql_pass.table(contract),
        asked=sql_pass.asked(contract),
        name=Identifier(COPIES + rule.name),
    )


def batch_query(contract: Contract, rules: Sequence[BatchRule], partitions: Sequence[str]) -> str:
    """Return the batch of partitions: for each asked one, whether each batch rule holds."""
    kept = [
        SQL("coalesce({}, false) as {}").format(
            _compared(rule.comparison, SQL("{}.number").format(Identifier(rule.name))),
            Identifier(HOLDS + rule.name),
        )
        for rule in rules
        if rule.comparison
    ]
    measured = [
        SQL("left join ({}) {}(part, number) using (part)").format(
            _measured(contract, rule), Identifier(rule.name)
        )
        for rule in rules
    ]
    return _composed(
        SQL("select {} from unnest(%(partition_keys)s::text[]) p(part) {}").format(
            SQL(", ").join(kept), SQL(" ").join(measured)
        ),
        partitions,
    )


def _measured(contract: Contract, rule: BatchRule) -> Composable:
    if rule.kind == "sql":
        return sql_pass.measured(contract, rule)
    return SQL(
        "select p.part, count({key}) from unnest(%(partition_keys)s::text[]) p(part)"
        " left join (select {of} as part, 1 as {key} from {table} t) c using (part) group by 1"
    ).format(
        key=Identifier("row"),
        of=sql_pass.partition_of(contract),
        table=sql_pass.table(contract),
    )


def _compared(comparison: Comparison, number: Composable) -> Composable:
    operands = [sql_pass.literal(operand) for operand in comparison.operands]
    return SQL(_COMPARED[comparison.operator]).format(number, *operands)


def _composed(query: Composable, partitions: Sequence[str]) -> str:
    """Put the partitions in as literals, and write `:` and `%` inside literals as Unicode escapes.

    Great Expectations passes a query through SQLAlchemy's `text` more than once, which would read
    them as parameters. Raises Stop where they stand outside of literals.
    """
    literal = Literal(list(partitions)).as_string()
    text = _PLACES.sub(lambda place: "%" if place[0] == "%%" else literal, query.as_string())
    if _UNSAFE.search(_LITERAL.sub("''", text)) or _ESCAPED.search(text):
        raise Stop(
            "A query or condition in a contract holds % or : outside of a text, or an E'' text",
            remedy="write mod(a, b) for a % b, and plain texts in single quotes",
        )
    return _LITERAL.sub(_escaped, text)


def _escaped(literal: re.Match[str]) -> str:
    text = literal[0]
    if ":" not in text and "%" not in text:
        return text
    return "U&" + text.replace("\\", r"\\").replace(":", r"\003A").replace("%", r"\0025")
