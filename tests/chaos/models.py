"""The laboratory's models: from landing to a small entity, and from its passed rows to two publish
tables, built for stale days only and noted as the real ones are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import LiteralString

from accord.contracts.model import Column, Contract
from accord.delivery.courier import Approved
from accord.quality import enforce
from accord.quality.enforce import approved_versions
from accord.quality.gate import judge
from accord.store import builds
from accord.store.builds import Span
from accord.store.database import Connection, Role, Store
from tests.chaos.tills import BARRED, DEAREST
from tests.support.contracts import a_contract

STREAM = "pos.sales_lines"
LINES, BEHIND_GATE = "lines", "behind_gate"
TAKINGS: Contract = a_contract(
    Column("line_id", "string", required=True, primary_key=True, unique=True),
    Column("business_date", "date", required=True),
    Column("article", "string", required=True),
    Column("quantity", "integer", required=True),
    Column("unit_price", "number", required=True, maximum=DEAREST),
    name="takings_line",
    table="canonical.takings_lines",
    mode="freeze",
    partition="business_date",
    budget="0.3",
)

TABLES: LiteralString = """
    create table canonical.takings_lines (
        line_id text not null, business_date date not null, article text not null,
        quantity integer not null, unit_price numeric not null
    );
    create table publish.pub_xero__documents (
        object_key text not null, business_date date not null, content jsonb not null
    );
    create table publish.pub_poor__entries (
        object_key text not null, business_date date not null, content jsonb not null
    );
    grant select on all tables in schema canonical, publish
    to accord_lander, accord_gatekeeper, accord_deliverer, accord_reader;
    alter table canonical.takings_lines owner to accord_modeler;
    alter table publish.pub_xero__documents owner to accord_modeler;
    alter table publish.pub_poor__entries owner to accord_modeler;
"""

_LINES: LiteralString = """
    with newest as (
        select distinct on (partition_key, source_key) partition_key, source_key, payload
        from landing.pos__sales_lines where partition_key = any(%(days)s)
        order by partition_key, source_key, version desc
    )
    insert into canonical.takings_lines
    select n.partition_key || '|' || n.source_key, n.partition_key::date, f[2], f[4]::integer,
        f[6]::numeric
    from newest as n, lateral string_to_array(convert_from(n.payload, 'UTF8'), ',') as f
    where n.payload is not null
"""

_PASSED: LiteralString = """
    with passed as (
        select * from canonical.takings_lines as t
        where business_date = any(%(days)s::date[]) and not exists (
            select from ops.rejected_rows as r
            where r.entity = 'takings_line' and r.partition_key = t.business_date::text
                and r.row_key = t.line_id
        )
    ), articles as (
        select business_date, article, sum(quantity * unit_price) as amount
        from passed group by business_date, article
    ), days as (
        select business_date, sum(amount) as total,
            case when sum(amount) < 0 then -1 else 1 end as sign
        from articles group by business_date
    )
"""

_DOCUMENTS: LiteralString = (
    _PASSED
    + """
    insert into publish.pub_xero__documents
    select 'POS-' || d.business_date, d.business_date, jsonb_build_object(
        'number', 'POS-' || d.business_date, 'date', d.business_date::text,
        'kind', case when d.sign < 0 then 'credit_note' else 'invoice' end,
        'currency', 'GBP', 'contact', 'Till takings',
        'total', to_char(d.sign * d.total, 'FM999999990.00'),
        'lines', jsonb_agg(jsonb_build_object(
            'description', a.article,
            'account', case a.article when %(barred)s then '999' else '200' end,
            'amount', to_char(d.sign * a.amount + 0, 'FM999999990.00')
        ) order by a.article)
    )
    from days as d inner join articles as a using (business_date)
    group by d.business_date, d.sign, d.total
"""
)

_ENTRIES: LiteralString = (
    _PASSED
    + """
    insert into publish.pub_poor__entries
    select 'TILL ' || d.business_date, d.business_date, jsonb_build_object(
        'reference', 'TILL ' || d.business_date, 'amount', to_char(d.total, 'FM999999990.00'),
        'memo', string_agg(a.article, ' ' order by a.article)
    )
    from days as d inner join articles as a using (business_date)
    group by d.business_date, d.total
"""
)


def build_lines(store: Store, span: Span) -> None:
    """Build the entity for the days that changed in landing since."""
    with store.alone("build models"):
        with store.session(Role.READER) as connection:
            basis = builds.landed_basis(connection, [STREAM], span)
            stale = builds.stale(connection, LINES, basis, span)
        if not stale:
            return
        with store.transaction(Role.MODELER) as connection:
            _rebuild(connection, {"canonical.takings_lines": _LINES}, stale)
        _note(store, LINES, basis, stale)


def judge_lines(store: Store, span: Span, *, run_id: str) -> None:
    """Judge what was built since its last verdict and keep the verdicts."""
    with store.alone("build models"), store.transaction(Role.GATEKEEPER) as connection:
        connection.execute("set transaction isolation level repeatable read")
        days = builds.to_judge(connection, LINES, TAKINGS.name, TAKINGS.digest, span)
        if days:
            enforce.keep(connection, TAKINGS, judge(connection, TAKINGS, days), run_id=run_id)


def build_publish(store: Store, span: Span) -> None:
    """Build the publish tables for the days whose lines or verdicts changed since."""
    with store.alone("build models"):
        with store.session(Role.READER) as connection:
            basis = builds.judged_basis(connection, LINES, [TAKINGS.name], span)
            stale = builds.stale(connection, BEHIND_GATE, basis, span)
        if not stale:
            return
        for table, statement in (
            ("publish.pub_xero__documents", _DOCUMENTS),
            ("publish.pub_poor__entries", _ENTRIES),
        ):
            with store.transaction(Role.MODELER) as connection:
                _rebuild(connection, {table: statement}, stale)
        _note(store, BEHIND_GATE, basis, stale)


def approve(connection: Connection, days: Sequence[str]) -> Approved:
    """Let through the days that have a passing verdict on the lines as they are now."""
    versions = approved_versions(connection, TAKINGS, days)
    return Approved(versions, basis=TAKINGS.name)


def _rebuild(
    connection: Connection, tables: Mapping[str, LiteralString], days: Sequence[str]
) -> None:
    for table, statement in tables.items():
        connection.execute(
            f"delete from {table} where business_date = any(%(days)s::date[])", {"days": days}
        )
        connection.execute(statement, {"days": days, "barred": BARRED})


def _note(store: Store, target: str, basis: Mapping[str, str], stale: Sequence[str]) -> None:
    with store.transaction(Role.MODELER) as connection:
        builds.note(connection, target, {day: basis[day] for day in stale})


def document(day: str, amounts: Mapping[str, Decimal]) -> dict[str, object]:
    """What accounting is to hold for a day's amounts by article: the model's rule, told again."""
    total = sum(amounts.values(), Decimal(0))
    sign = -1 if total < 0 else 1
    return {
        "number": f"POS-{day}",
        "date": day,
        "kind": "credit_note" if sign < 0 else "invoice",
        "currency": "GBP",
        "contact": "Till takings",
        "total": f"{sign * total + 0:.2f}",
        "lines": [
            {
                "description": article,
                "account": "999" if article == BARRED else "200",
                "amount": f"{sign * amounts[article] + 0:.2f}",
            }
            for article in sorted(amounts)
        ],
    }


def entry(day: str, amounts: Mapping[str, Decimal]) -> dict[str, object]:
    """What the poor system is to hold for a day's amounts by article."""
    return {
        "reference": f"TILL {day}",
        "amount": f"{sum(amounts.values(), Decimal(0)):.2f}",
        "memo": " ".join(sorted(amounts)),
    }
