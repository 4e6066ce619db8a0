"""Connections to the store, each as the role that its work needs, and the store's own shape."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg import sql
from psycopg.types.json import set_json_loads

from accord.catalog import Stream
from accord.errors import Retry, Stop
from accord.sealing import SealingKeys
from accord.store.queries import for_table, queries, script
from accord.store.server import PSYCOPG_3, Address

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
T = TypeVar("T")
_TRIES = 8


class Connection(psycopg.Connection[Any]):
    """A connection to the store, with the keys that dead letters are sealed with."""

    sealing: SealingKeys | None = None


class Role(StrEnum):
    """Who may write what: see sql/roles.sql and the grants in the migrations."""

    LANDER = "accord_lander"
    MODELER = "accord_modeler"
    GATEKEEPER = "accord_gatekeeper"
    DELIVERER = "accord_deliverer"
    RESOLVER = "accord_resolver"
    STEWARD = "accord_steward"
    READER = "accord_reader"


@dataclass(frozen=True, slots=True)
class Store:
    """The store at an address; cheap to make, holds no connection.

    Without `sealing` it can do everything but keep and open dead letters.
    """

    address: Address
    sealing: SealingKeys | None = field(default=None, kw_only=True)

    @contextlib.contextmanager
    def transaction(self, role: Role) -> Iterator[Connection]:
        """One connection as `role`, committed when the block ends well and rolled back if not."""
        with self.session(role) as connection, connection.transaction():
            yield connection

    @contextlib.contextmanager
    def session(self, role: Role) -> Iterator[Connection]:
        """One autocommit connection as `role`, for work in several transactions."""
        with _connected(self.address) as connection:
            connection.sealing = self.sealing
            connection.execute(f"set role {role}")
            yield connection

    @contextlib.contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """Wait until nobody else in any process does `what`, then keep others out of it.

        Held by the connection, so a killed process lets go at once.
        """
        with self.session(Role.READER) as connection:
            connection.execute("select pg_advisory_lock(hashtextextended(%s, 1))", (what,))
            yield


def of_one_moment(connection: Connection, work: Callable[[], T]) -> T:
    """Do `work` in a transaction that sees everything as of one moment, and return what it returns.

    Where another transaction changed meanwhile what it is to change, it is undone and done again as
    of a later moment, a few times. So it may not have effects outside of the store. Raises Retry
    where that goes on.
    """
    import stamina  # late: most of what opens the store never repeats anything

    try:
        for attempt in stamina.retry_context(
            on=psycopg.errors.SerializationFailure, attempts=_TRIES, wait_initial=0.05, wait_max=2
        ):
            with attempt, connection.transaction():
                connection.execute("set transaction isolation level repeatable read")
                return work()
    except psycopg.errors.SerializationFailure as error:
        raise Retry(
            "Other runs changed the same rows of the store again and again",
            remedy="run again when fewer run at once",
        ) from error
    raise AssertionError("unreachable")  # stamina returns or raises


def prepared(address: Address, streams: Iterable[Stream], sealing: SealingKeys) -> Store:
    """Bring the store to the shape this version needs; quick and safe to repeat.

    Creates the database when it is missing, the roles, the tables and one landing table a stream.
    The first time, the newest key of `sealing` becomes the one that dead letters are sealed with.
    Raises Stop when the login may not do that.
    """
    _ensure_database(address)
    # Of the run history a power cut may take the last moments; each event would else wait for disk.
    _ensure_database(address.dagster, settings={"synchronous_commit": "off"})
    with _connected(address) as connection:
        connection.execute("select pg_advisory_lock(hashtextextended('accord: prepare', 1))")
        try:
            with connection.transaction():
                connection.execute(script("roles"))
        except psycopg.errors.InsufficientPrivilege as error:
            raise Stop(
                "The database login may not create roles and schemas",
                remedy="give it CREATEROLE and CREATE on the database, or let an administrator "
                "run accord/store/sql/roles.sql once",
            ) from error
        if migration_of(connection) != newest_migration():
            _migrate(address, sealing)
        _ensure_landing(connection, streams)
    return Store(address, sealing=sealing)


def migration_of(connection: Connection) -> str | None:
    """The migration the store is at, or None before the first."""
    if connection.execute("select to_regclass('ops.alembic_version')").fetchone() == (None,):
        return None
    row = connection.execute("select version_num from ops.alembic_version").fetchone()
    return row[0] if row else None


def newest_migration() -> str:
    """The migration this version of Accord needs, from the file names alone."""
    return max(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def first_day(connection: Connection) -> Any:
    """The earliest business day ever landed, or None."""
    row = connection.execute(queries("landing")["first_day"]).fetchone()
    return row[0] if row else None


@contextlib.contextmanager
def _connected(address: Address) -> Iterator[Connection]:
    try:
        connection = Connection.connect(
            address.conninfo, autocommit=True, application_name="accord"
        )
    except psycopg.OperationalError as error:
        raise Retry(
            f"The database {address.database} cannot be reached",
            remedy="check DATABASE_URL and that the server runs; `accord doctor` tells more",
        ) from error
    set_json_loads(msgspec.json.decode, connection)
    with contextlib.closing(connection):
        yield connection


def _ensure_database(address: Address, settings: Mapping[str, str] | None = None) -> None:
    try:
        psycopg.connect(address.conninfo).close()
    except psycopg.OperationalError as error:
        if f'database "{address.database}" does not exist' not in str(error):
            raise Retry(
                f"The database {address.database} cannot be reached",
                remedy="check DATABASE_URL and that the server runs; `accord doctor` tells more",
            ) from error
        _create_database(address, settings or {})


def creating(database: str) -> sql.Composed:
    """The statement that makes a database, whose text is in the same order on every machine.

    The order is that of code points, whatever language the server speaks. It needs no library of
    the machine, which could change it under an index, and takes half as long to sort by.
    https://www.postgresql.org/docs/current/locale.html#LOCALE-PROVIDERS
    """
    return sql.SQL(
        "create database {} template template0 encoding 'UTF8'"
        " locale_provider builtin builtin_locale 'C.UTF-8'"
    ).format(sql.Identifier(database))


def _create_database(address: Address, settings: Mapping[str, str]) -> None:
    with _connected(address.sibling("postgres")) as connection:
        try:
            connection.execute(creating(address.database))
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            return  # the second is what whoever comes at the same moment is told
        except psycopg.errors.InsufficientPrivilege as error:
            raise Stop(
                f"The database {address.database} does not exist and may not be created",
                remedy=f"create the databases {address.database} and {address.dagster.database}",
            ) from error
        for name, value in settings.items():
            connection.execute(
                sql.SQL("alter database {} set {} = {}").format(
                    sql.Identifier(address.database), sql.Identifier(name), sql.Literal(value)
                )
            )


def _migrate(address: Address, sealing: SealingKeys) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, pool

    engine = create_engine(address.url(PSYCOPG_3), poolclass=pool.NullPool)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        config.attributes["sealing"] = sealing
        command.upgrade(config, "head")


def _ensure_landing(connection: Connection, streams: Iterable[Stream]) -> None:
    whole = {
        row[0]
        for row in connection.execute(
            "select tablename from pg_indexes where schemaname = 'landing' and indexdef like %s",
            ("% USING brin %",),
        ).fetchall()
    }
    for stream in streams:
        if stream.name.table not in whole:
            with connection.transaction():
                for statement in ("create_table", "index_table", "grant_table"):
                    connection.execute(for_table(queries("landing")[statement], stream.name.table))
