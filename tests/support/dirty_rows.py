"""Tables of dirty rows, the contract they break, and its evaluation in plain Python."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import psycopg
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from accord.contracts.model import Column, Comparison, Contract, Quality
from tests.support.contracts import a_contract

DAYS = ("2011-03-07", "2011-03-08", "2011-03-09")
CREATE = """
create table {table} (
    order_id text, day date, kind text, code text, note text, quantity integer,
    price numeric(18, 6), amount numeric(24, 6)
)
"""
ZERO = Comparison("mustBe", (Decimal(0),))


@dataclass(frozen=True)
class Row:
    """One row of the table under judgement."""

    order_id: str | None
    day: str | None
    kind: str | None
    code: str | None
    note: str | None
    quantity: int | None
    price: Decimal | None
    amount: Decimal | None


def dirty_contract(table: str, *, budget: str = "1") -> Contract:
    """Return a contract with a rule of every kind over the table of `CREATE`."""
    columns = (
        Column("order_id", "string", required=True, primary_key=True, unique=True),
        Column("day", "date", required=True),
        Column("kind", "string", required=True, valid_values=("a", "50%", "it's", "x:y")),
        Column("code", "string", pattern="^[A-Z]{1,2}%?|[0-9]$", max_length=2),
        Column("note", "string"),
        Column("quantity", "integer", minimum=Decimal(-5), maximum=Decimal(5)),
        Column("price", "number", minimum=Decimal("-0.1"), maximum=Decimal("2.55")),
        Column("amount", "number", required=True),
    )
    amount = "amount = quantity * price and coalesce(note, '') not like ':no%'"
    total = (
        "select p.day, coalesce(sum(t.amount), 0) from unnest(${partitions}) p(day)"
        " left join ${object} t on t.day = p.day and t.note is distinct from ':not 100%'"
        " group by 1"
    )
    rules = (
        Quality(
            "note_filled",
            "note",
            metric="missingValues",
            arguments={"missingValues": ["", "N/A"]},
            comparison=ZERO,
            severity="warning",
        ),
        Quality("amount_adds_up", None, row_condition=amount),
        Quality("total_small", None, query=total, comparison=between(-2, 2), severity="warning"),
        Quality("some_rows", None, metric="rowCount", comparison=between(1, 6)),
    )
    return a_contract(
        *columns, name="order", table=table, partition="day", budget=budget, rules=rules
    )


def between(low: int, high: int) -> Comparison:
    """Return a comparison with both ends included."""
    return Comparison("mustBeBetween", (Decimal(low), Decimal(high)))


def dirty_rows() -> SearchStrategy[list[Row]]:
    """Tables of up to a dozen rows, with missing, repeated and odd values."""
    small = st.sampled_from([None, *map(Decimal, ("0", "-0.1", "-0.100001", "1", "2.55", "2.56"))])
    row = st.builds(
        Row,
        order_id=st.sampled_from([None, "1", "2", "3", "4", "5", "6", "7", "it's", "8%"]),
        day=st.sampled_from([None, *DAYS, *DAYS]),
        kind=st.sampled_from([None, "a", "50%", "it's", "x:y", "A", "", "b"]),
        code=st.sampled_from([None, "A", "AB", "A%", "AB%", "1", "12", "", "a", "A\n"]),
        note=st.sampled_from([None, "", "N/A", "fine", ":no%", ":not 100%"]),
        quantity=st.sampled_from([None, -6, -5, 0, 1, 5, 6]),
        price=small,
        amount=small,
    )
    consistent = row.map(_with_amount)
    return st.lists(st.one_of(row, consistent), max_size=12)


def _with_amount(row: Row) -> Row:
    if row.quantity is None or row.price is None:
        return row
    return Row(**{**vars(row), "amount": row.quantity * row.price})


def fill(connection: psycopg.Connection, table: str, rows: Sequence[Row]) -> None:
    """Replace the table's content."""
    connection.execute(f"drop table if exists {table}")
    connection.execute(CREATE.format(table=table))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"insert into {table} values (%s, %s, %s, %s, %s, %s, %s, %s)",
            [tuple(vars(row).values()) for row in rows],
        )
    connection.commit()


def broken_by_hand(row: Row) -> set[str]:
    """Return the row rules a row breaks, by reading the contract above and nothing else."""
    code, quantity, price = row.code, row.quantity, row.price
    amount_known = None not in (row.amount, quantity, price)
    note_bad = (row.note or "").startswith(":no")
    rules = {
        "order_id_not_null": row.order_id is None,
        "day_not_null": row.day is None,
        "kind_not_null": row.kind is None,
        "amount_not_null": row.amount is None,
        "kind_in_list": row.kind not in (None, "a", "50%", "it's", "x:y"),
        "code_as_agreed": code is not None and not re.fullmatch("[A-Z]{1,2}%?|[0-9]", code),
        "code_not_too_long": code is not None and len(code) > 2,
        "note_filled": row.note in ("", "N/A"),
        "quantity_in_range": quantity is not None and not -5 <= quantity <= 5,
        "price_in_range": price is not None and not Decimal("-0.1") <= price <= Decimal("2.55"),
        "amount_adds_up": note_bad or (amount_known and row.amount != quantity * price),
    }
    return {name for name, is_broken in rules.items() if is_broken}


def counted_by_hand(rows: Sequence[Row], day: str) -> tuple[Mapping[str, int], set[str]]:
    """Return rows (or 1 for the partition) by broken rule, and the keys of rejected rows."""
    keys = Counter(row.order_id for row in rows if row.order_id is not None)
    inside = [row for row in rows if row.day == day]
    counts: Counter[str] = Counter()
    rejected = set()
    for row in inside:
        broken = broken_by_hand(row)
        if keys[row.order_id] > 1:
            broken.add("order_id_unique")
        counts.update(broken)
        if broken - {"note_filled"}:
            rejected.add(row.order_id or "")
    total = sum(row.amount or 0 for row in inside if row.note != ":not 100%")
    counts["total_small"] += not -2 <= total <= 2
    counts["some_rows"] += not 1 <= len(inside) <= 6
    return +counts, rejected
