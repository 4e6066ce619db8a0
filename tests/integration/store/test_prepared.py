"""The store is brought to its shape by whoever comes first, however many come."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import uuid
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import psycopg
import pytest

from accord.errors import Retry, Stop
from accord.settings import CHECKOUT, Settings
from accord.store import server
from accord.store.database import Role, Store, migration_of, newest_migration
from accord.store.queries import script
from accord.store.server import parsed
from tests.support import engine, postgres


def test_several_that_come_at_once_find_one_store(postgres_url: str) -> None:
    url = postgres.database_url(postgres_url, f"accord_test_{uuid.uuid4().hex[:12]}")
    prepare = "import sys; from tests.support import engine; engine.a_store(sys.argv[1])"
    try:
        several = [
            subprocess.Popen([sys.executable, "-c", prepare, url], cwd=CHECKOUT) for _ in range(3)
        ]
        assert [one.wait(60) for one in several] == [0, 0, 0]
        with engine.a_store(url).session(Role.READER) as connection:
            assert migration_of(connection) == newest_migration()
    finally:
        dropped(postgres_url, url)


@pytest.mark.skipif(postgres.OVERRIDE in os.environ, reason="its roles are there already")
def test_stores_of_one_server_may_be_prepared_at_once() -> None:
    with postgres.server() as url, ExitStack() as stack:
        several = [stack.enter_context(postgres.fresh_database(url)) for _ in range(6)]
        together = Barrier(len(several), timeout=30)

        def prepare(one: str) -> None:
            with psycopg.connect(one) as connection:
                together.wait()
                connection.execute(script("roles"))

        with ThreadPoolExecutor(len(several)) as pool:
            list(pool.map(prepare, several))


def test_text_is_in_the_same_order_whatever_language_the_server_speaks(postgres_url: str) -> None:
    url = postgres.database_url(postgres_url, f"accord_test_{uuid.uuid4().hex[:12]}")
    words = ["Z", "a", "B", "ä", "b", "É"]
    try:
        for address in (engine.a_store(url).address, engine.a_store(url).address.dagster):
            with psycopg.connect(address.conninfo) as connection:
                rows = connection.execute(
                    "select * from unnest(%s::text[]) as w order by w", (words,)
                )
                assert [row[0] for row in rows] == sorted(words)
                lowered = connection.execute("select lower('ÄÉŁ')").fetchone()
                assert lowered == ("äéł",)
                provider = connection.execute(
                    "select datlocprovider from pg_database where datname = current_database()"
                )
                assert provider.fetchone() == ("b",)
    finally:
        dropped(postgres_url, url)


def dropped(postgres_url: str, *urls: str) -> None:
    """Drop databases that `prepared` made."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for url in urls:
            for address in (parsed(url), parsed(url).dagster):
                connection.execute(
                    psycopg.sql.SQL("drop database if exists {} with (force)").format(
                        psycopg.sql.Identifier(address.database)
                    )
                )


def test_preparing_again_changes_nothing(database: str) -> None:
    store = engine.a_store(database)
    before = engine.everything_stored(store)
    again = engine.a_store(database)
    assert engine.everything_stored(again) == before


def test_a_login_that_may_not_create_roles_is_told_what_to_do(
    postgres_url: str, database: str
) -> None:
    name = f"guest_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"create role {name} login".encode())
    with pytest.raises(Stop, match="Remedy: (give it CREATEROLE|create the databases)"):
        engine.a_store(database.replace("//postgres", f"//{name}"))
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"drop role {name}".encode())


def test_a_database_that_cannot_be_reached_is_told_of_without_its_password() -> None:
    store = Store(parsed("postgresql://someone:hunter2@127.0.0.1:1/accord?connect_timeout=2"))
    with (
        pytest.raises(Retry, match="Remedy: check DATABASE_URL") as refused,
        store.session(Role.READER),
    ):
        pass
    assert "hunter2" not in str(refused.value)


def test_only_one_at_a_time_does_what_is_to_be_done_alone(database: str) -> None:
    store, inside, most = engine.a_store(database), list[int](), list[int]()

    def work(number: int) -> None:
        with store.alone("one thing"):
            inside.append(number)
            most.append(len(inside))
            inside.remove(number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))
    assert most == [1] * 8


def test_an_embedded_server_comes_up_again_in_the_same_process() -> None:
    home = Path(tempfile.mkdtemp(prefix="accord-"))
    try:
        settings = Settings(home, None, {})
        for _ in range(2):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with server.running(settings) as address:
                    with psycopg.connect(address.sibling("postgres").conninfo) as connection:
                        assert connection.execute("select 1").fetchone() == (1,)
                    with server.running(settings) as same:
                        assert same == address
            with pytest.raises(Retry):
                server.address(settings, start=False)
    finally:
        shutil.rmtree(home, ignore_errors=True)
