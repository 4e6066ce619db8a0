"""Which PostgreSQL: how DATABASE_URL is read, and what each reader of an address is told."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from accord.errors import Retry, Stop
from accord.settings import Settings
from accord.store.server import PSYCOPG_2, PSYCOPG_3, address, parsed


def test_an_address_is_read_with_everything_in_it() -> None:
    found = parsed("postgresql://keeper:p%40ss%20word@db.example:6543/books")
    assert (found.host, found.port, found.user, found.password, found.database) == (
        "db.example", 6543, "keeper", "p@ss word", "books",
    )  # fmt: skip


def test_the_folder_of_a_unix_socket_is_a_host() -> None:
    found = parsed("postgresql://postgres:@/accord?host=/run/a folder&port=7000")
    assert (found.host, found.port, found.password) == ("/run/a folder", 7000, "")
    assert psycopg.conninfo.conninfo_to_dict(found.conninfo)["host"] == "/run/a folder"


def test_the_driver_named_in_an_address_does_not_matter() -> None:
    assert parsed("postgresql+psycopg2://a@h/d") == parsed("postgres://a@h/d")


@pytest.mark.parametrize(
    "url",
    [
        "mysql://user@host/accord",
        "postgresql://host",
        "postgresql://host:port/accord",
        "postgresql://host:70000/accord",
        "postgresql://host/accord?port=many",
        "postgresql://[::1/accord",
        "postgresql://host/accord?no_such_option=1",
        "accord",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_with_its_remedy(url: str) -> None:
    with pytest.raises(Stop, match="DATABASE_URL is no .*Remedy: write postgresql://"):
        parsed(url)


def test_a_refused_address_does_not_tell_its_password() -> None:
    with pytest.raises(Stop) as refused:
        parsed("mysql://user:hunter2@host/accord")
    assert "hunter2" not in str(refused.value)


def test_a_password_is_in_no_text_about_an_address() -> None:
    found = parsed("postgresql://keeper:hunter2@db.example/books")
    assert "hunter2" not in f"{found} {found!r}"


@pytest.mark.parametrize("driver", [PSYCOPG_2, PSYCOPG_3])
def test_every_driver_is_told_how_to_verify_the_server(driver: str) -> None:
    """An option that only some of the connections get would leave the others in the clear."""
    found = parsed("postgresql://a:b%2Fc@h/d?sslmode=verify-full&sslrootcert=/etc/a ca.pem")
    for asked in (found, found.dagster):
        made = make_url(asked.url(driver))
        assert made.query["sslmode"] == "verify-full"
        assert made.query["sslrootcert"] == "/etc/a ca.pem"
        assert made.password == "b/c"
        told = psycopg.conninfo.conninfo_to_dict(asked.conninfo)
        assert (told["sslmode"], told["sslrootcert"]) == ("verify-full", "/etc/a ca.pem")


def test_dagster_keeps_its_own_database_beside_ours() -> None:
    assert parsed("postgresql://h/accord").dagster.database == "dagster"
    assert parsed("postgresql://h/books").dagster.database == "books_dagster"


def test_an_embedded_server_that_does_not_run_is_not_started_when_that_is_not_wanted(
    tmp_path: Path,
) -> None:
    with pytest.raises(Retry, match="Remedy: run `accord run`"):
        address(Settings(tmp_path, None, {}), start=False)
    assert list(tmp_path.iterdir()) == []
