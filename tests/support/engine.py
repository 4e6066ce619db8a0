"""The engine on a real PostgreSQL: its store, what it holds, and crashes wherever one likes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from accord.catalog import Delivery, Stream, deliveries, discover
from accord.delivery.courier import Approved
from accord.sealing import VARIABLE, SealingKeys
from accord.secrets import Secrets
from accord.store.database import Connection, Role, Store, prepared
from accord.store.dead_letters import about
from accord.store.outbox import Outbox
from accord.store.server import parsed

SYSTEMS = discover()
STREAMS = [stream for system in SYSTEMS.values() for stream in system.streams]
SALES: Stream = next(item for item in STREAMS if str(item.name) == "pos.sales_lines")
DOCUMENTS: Stream = next(item for item in STREAMS if str(item.name) == "xero.documents")
DELIVERY: Delivery = next(item for item in deliveries(SYSTEMS) if item.system == "xero")
SEALING = SealingKeys(
    Secrets({VARIABLE: "c2VhbHMgZm9yIHRlc3RzIG9ubHksIDMyIGJ5dGVzISE="}), Path("/nowhere")
)
MODELS = ("sales", "products", "daily_sales_summaries", "stock_movements")
GOLDEN = ("customers", "customer_members", "customer_holds")


class Crashed(Exception):
    """The process ends here: nothing after it happens, and nobody is told."""


def a_store(url: str) -> Store:
    """Bring an empty database to the shape of this version."""
    return prepared(parsed(url), STREAMS, SEALING)


def rows(
    store: Store, statement: LiteralString, values: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """Run one statement with all rights and return its rows, if any."""
    with psycopg.connect(
        store.address.conninfo, autocommit=True, row_factory=dict_row
    ) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def emptied(store: Store) -> Store:
    """Forget all that was landed, judged, modelled and delivered; the models' code stays built."""
    with psycopg.connect(store.address.conninfo) as connection:
        connection.execute("set session_replication_role = replica")
        names = connection.execute(
            "select schemaname, tablename from pg_tables"
            " where schemaname in ('landing', 'ops') and tablename <> all(%s)"
            " or schemaname = 'canonical' and tablename = any(%s)",
            (["alembic_version", "builds", "sealing_keys"], [*MODELS, *GOLDEN]),
        ).fetchall()
        for name in names:
            connection.execute(
                psycopg.sql.SQL("delete from {}").format(psycopg.sql.Identifier(*name))
            )
        connection.execute("delete from ops.builds where partition_key <> ''")
    return store


def ledger(store: Store, run_id: str | None = None) -> list[dict[str, Any]]:
    """The ledger's entries, of one run or all, in the order they were posted."""
    return rows(
        store,
        "select * from ops.ledger where %(run)s::text is null or run_id = %(run)s"
        " order by entry_id",
        {"run": run_id},
    )


def letters(store: Store) -> list[dict[str, Any]]:
    """The dead letters that wait, with their payload opened."""
    found = rows(store, "select * from ops.dead_letters where state = 'waiting'")
    return [row | {"payload": opened(row)} for row in found]


def opened(letter: Mapping[str, Any]) -> bytes:
    """The original of a dead letter, given as its row."""
    key = SEALING.ring().find(letter["key_id"])
    assert key is not None
    bound = about(*(letter[name] for name in ("stage", "name", "piece", "record_key")))
    return key.open(bytes(letter["payload"]), bound)


def everything_stored(store: Store) -> dict[str, list[str]]:
    """All rows of landing and ops as text, to tell whether anything at all has changed."""
    with psycopg.connect(store.address.conninfo) as connection:
        names = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname in ('landing', 'ops')"
        ).fetchall()
        return {
            table: [
                row[0]
                for row in connection.execute(
                    psycopg.sql.SQL("select t::text from {} as t order by 1").format(
                        psycopg.sql.Identifier(schema, table)
                    )
                )
            ]
            for schema, table in names
        }


def a_publish_table(store: Store) -> None:
    """Put an empty table where dbt would put the publish model, so that a test can fill it."""
    with store.transaction(Role.MODELER) as connection:
        connection.execute(
            "create table publish.pub_xero__documents"
            " (object_key text primary key, business_date date not null, content jsonb not null)"
        )


def publish(store: Store, contents: Mapping[str, Mapping[str, Any]]) -> None:
    """Let the publish table say exactly this: the content of each day's object."""
    with store.transaction(Role.MODELER) as connection:
        connection.execute("delete from publish.pub_xero__documents")
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into publish.pub_xero__documents values (%s, %s, %s)",
                [(content["number"], day, Jsonb(content)) for day, content in contents.items()],
            )


def approve_all(_: Connection, days: Sequence[str]) -> Approved:
    """An open gate for every day."""
    return Approved(dict.fromkeys(days, "as it is"), basis="test")


def an_outbox(endpoint: str = "sandbox", *, run_id: str = "", **changes: Any) -> Outbox:
    """An outbox of takings documents for a run of its own."""
    return Outbox(replace(DELIVERY, **changes), endpoint, run_id or f"run-{uuid4()}")


@dataclass(slots=True)
class Fuse:
    """Counts what happens and crashes at the `at`-th thing; never when that is None or past."""

    at: int | None
    burnt: int = 0
    seen: list[str] = field(default_factory=list)

    @property
    def blown(self) -> bool:
        """Whether it came to the crash."""
        return self.at is not None and self.burnt >= self.at

    def burn(self, what: str) -> None:
        """Count one thing."""
        self.burnt += 1
        self.seen.append(what)
        if self.burnt == self.at:
            raise Crashed(what)


@dataclass(frozen=True, slots=True)
class FragileConnection:
    """A connection that burns a fuse before and after every statement, commits included."""

    connection: Connection
    fuse: Fuse

    @property
    def sealing(self) -> SealingKeys | None:
        return self.connection.sealing

    def execute(self, *arguments: Any) -> Any:
        self.fuse.burn("before a statement")
        cursor = self.connection.execute(*arguments)
        self.fuse.burn("after a statement")
        return cursor

    def cursor(self, **options: Any) -> Any:
        self.fuse.burn("before a cursor")
        return self.connection.cursor(**options)

    @contextmanager
    def transaction(self, **options: Any) -> Iterator[Any]:
        with self.connection.transaction(**options) as transaction:
            yield transaction
            self.fuse.burn("before a commit")
        self.fuse.burn("after a commit")


@dataclass(frozen=True, slots=True)
class FragileStore(Store):
    """A store whose connections crash when a fuse has burnt down."""

    fuse: Fuse
    sealing: SealingKeys | None = field(default=SEALING, kw_only=True)

    @contextmanager
    def session(self, role: Role) -> Iterator[Any]:
        with Store(self.address, sealing=self.sealing).session(role) as connection:
            yield FragileConnection(connection, self.fuse)

    @contextmanager
    def transaction(self, role: Role) -> Iterator[Any]:
        with self.session(role) as connection, connection.transaction():
            yield connection

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        with Store(self.address).alone(what):
            yield
