"""Where it is measured: an embedded PostgreSQL of its own, a fresh database a measurement."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from accord import catalog
from accord.sealing import SealingKeys
from accord.settings import Settings, load
from accord.store import server
from accord.store.database import Store, prepared
from accord.store.server import Address
from bench.workload import ORDERS

EMPTY = "bench_empty"
ENDING = 0.1
"""Seconds until the server has counted a connection that ended."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A running server and a folder, both gone afterwards."""

    folder: Path
    settings: Settings
    address: Address

    def database(self, name: str, *, like: str = EMPTY) -> dict[str, Any]:
        """Make a database like another one, in place of an older one; return its address."""
        with self._administrator() as connection:
            self._drop(connection, name)
            connection.execute(
                sql.SQL("create database {} template {} strategy file_copy").format(
                    sql.Identifier(name), sql.Identifier(like)
                )
            )
            connection.execute("checkpoint")  # what one measurement wrote must not slow the next
        return asdict(self.address.sibling(name))

    def forget(self, *names: str) -> None:
        """Drop databases that are not needed any more."""
        with self._administrator() as connection:
            for name in names:
                self._drop(connection, name)

    def cpu(self) -> float:
        """The processor seconds of the server so far, those of ended connections included."""
        return server_cpu(self.folder)

    def _drop(self, connection: psycopg.Connection[Any], name: str) -> None:
        connection.execute(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        )

    def _administrator(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.address.sibling("postgres").conninfo, autocommit=True)


@contextmanager
def ground() -> Iterator[Ground]:
    """Set the server up, with an empty prepared database to copy, and clear all away at the end."""
    home = load().home / "bench"
    home.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=home))
    folder.chmod(0o755)
    settings = replace(load(), home=folder, database_url=None)
    try:
        with server.running(settings) as address:
            streams = [s for system in catalog.discover().values() for s in system.streams]
            prepared(address.sibling(EMPTY), [*streams, ORDERS], SealingKeys.of(settings))
            yield Ground(folder, settings, address)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def server_cpu(folder: Path) -> float:
    """The processor seconds so far of the server of this folder, ended connections included."""
    pid = (folder / "postgres" / "postmaster.pid").read_text("utf-8").split()[0]
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def store_at(told: dict[str, Any]) -> Store:
    """The store at an address that came from another process."""
    return Store(Address(**told))
