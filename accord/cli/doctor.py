"""`accord doctor`: check each piece on its own, so that one fault does not hide the next."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from rich.console import Console
from rich.markup import escape

from accord import catalog, lineage
from accord.cli.alerting import channel_health
from accord.cli.exits import Exit
from accord.cli.world import OUTCOMES
from accord.contracts.outcomes import load_outcomes
from accord.errors import AccordError, Stop
from accord.records import Health
from accord.sandbox.company import Company
from accord.sealing import SealingKeys
from accord.settings import Settings, load
from accord.store import server
from accord.store.database import Role, Store, migration_of, newest_migration, prepared

LEAST_FREE = 1_000_000_000
"""Bytes of free disk below which a pass may not finish."""


def doctor(console: Console) -> tuple[Exit, dict[str, Any]]:
    """Check everything and print each finding with its remedy; exit 4 when something is broken."""
    settings = load()
    with ExitStack() as stack:
        found = [*_declared(), *_stored(settings, stack), *_disk(settings), *_dbt(settings)]
        found += _systems(settings)
    _show(console, found)
    healthy = all(health.healthy for health in found)
    report = {
        "healthy": healthy,
        "checks": [
            {"check": h.name, "healthy": h.healthy, "detail": h.detail, "remedy": h.remedy}
            for h in found
        ],
    }
    return (Exit.OK if healthy else Exit.TROUBLE), report


def _show(console: Console, found: Sequence[Health]) -> None:
    width = max(len(health.name) for health in found)
    for health in found:
        mark = "[green]ok    [/]" if health.healthy else "[red bold]BROKEN[/]"
        told = escape(f"{health.name:{width}}  {health.detail}")
        console.print(f"{mark}  {told}", highlight=False)
        if not health.healthy:
            console.print(f"        Remedy: {escape(health.remedy)}", highlight=False)
    broken = sum(not health.healthy for health in found)
    console.print(
        f"\n[red]{broken} of {len(found)} checks failed; the remedies are above.[/]"
        if broken
        else "\nEverything is in order.",
        highlight=False,
    )


def _told(name: str, check: Callable[[], str]) -> Health:
    """Turn a check that returns what it found, or raises, into a finding."""
    try:
        return Health(name, healthy=True, detail=check())
    except AccordError as error:
        return Health(name, healthy=False, detail=error.what, remedy=error.remedy)


def _declared() -> Iterator[Health]:
    yield _told("systems", lambda: ", ".join(catalog.discover()))
    yield _told("outcomes", lambda: ", ".join(load_outcomes(OUTCOMES)))


def _stored(settings: Settings, stack: ExitStack) -> Iterator[Health]:
    kind = "server at DATABASE_URL" if settings.database_url else "embedded server"
    try:
        address = stack.enter_context(server.running(settings))
        streams = [stream for system in catalog.discover().values() for stream in system.streams]
        store = prepared(address, streams, SealingKeys.of(settings))
    except AccordError as error:
        yield Health("database", healthy=False, detail=error.what, remedy=error.remedy)
        return
    yield _told("database", lambda: f"{kind}, PostgreSQL {_version(store)}")
    yield _told("migrations", lambda: _migrations(store))
    with store.session(Role.READER) as connection:
        yield from channel_health(connection, settings)


def _version(store: Store) -> str:
    with store.session(Role.READER) as connection:
        row = connection.execute("show server_version").fetchone()
    return str(row[0]) if row else "unknown"


def _migrations(store: Store) -> str:
    with store.session(Role.READER) as connection:
        at = migration_of(connection)
    if at != newest_migration():
        raise Stop(f"The store is at {at}", remedy="run `accord run`, which migrates it")
    return f"at {at}, the newest"


def _disk(settings: Settings) -> Iterator[Health]:
    settings.home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free
    yield Health(
        "disk",
        healthy=free >= LEAST_FREE,
        detail=f"{free / 1e9:.1f} GB free at {settings.home}",
        remedy="free some disk space, or set ACCORD_HOME to a larger disk",
    )


def _dbt(settings: Settings) -> Iterator[Health]:
    def check() -> str:
        try:
            installed = version("dbt-core")
            version("dbt-postgres")
        except PackageNotFoundError as error:
            raise Stop("dbt is not installed", remedy="run `make setup`") from error
        parsed = lineage.is_described(settings.home)
        return f"{installed}; " + (
            "the models are parsed" if parsed else "the next run parses the models"
        )

    yield _told("dbt", check)


def _systems(settings: Settings) -> Iterator[Health]:
    """Ask each system how it is; one of the sandbox is not started merely to be asked."""
    with Company(settings, today=datetime.now(UTC).date()) as company:
        for name in company.systems:
            where = "" if company.is_real(name) else " (sandbox)"
            if not company.is_running(name):
                detail = "not running; `accord run` and `accord up` start it"
                yield Health(name + where, healthy=True, detail=detail)
                continue
            try:
                findings = company.client(name).health()
            except AccordError as error:
                yield Health(name + where, healthy=False, detail=error.what, remedy=error.remedy)
                continue
            for found in findings:
                title = f"{name}{where} {found.name}"
                yield Health(title, found.healthy, found.detail, found.remedy)
