"""Landing a stream whose records belong to no business day, as a Dagster asset."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from rich.console import Console

import systems
from accord.catalog import System, discover
from accord.cli.new_system import new_system
from accord.sandbox.company import Company
from accord.settings import Settings
from accord.store.database import Role, Store, prepared
from accord.store.server import parsed
from integration_assets.landing import Incoming, external, landing, landing_key
from integration_assets.partitions import Days, business_days
from resources.abreast import readings
from tests.support import engine, postgres

# Backfill policies are what we use of Dagster that may still change.
pytestmark = pytest.mark.filterwarnings("ignore:.*is currently in beta")

NAME = "shop_floor"
TODAY = date(2026, 3, 9)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """A new system in a folder of its own, which counts as one of the systems."""
    new_system(Console(quiet=True), NAME, systems=tmp_path / "systems")
    monkeypatch.setattr(systems, "__path__", [*systems.__path__, str(tmp_path / "systems")])
    yield discover(tmp_path / "systems")[NAME]
    for module in [name for name in sys.modules if name.startswith(f"systems.{NAME}")]:
        del sys.modules[module]


@pytest.fixture
def company(made: System, tmp_path: Path) -> Iterator[Company]:
    settings = Settings(home=tmp_path / "home", database_url=None, environment={})
    both = {"pos": discover()["pos"], NAME: made}
    with Company(settings, today=TODAY, systems=both) as opened:
        yield opened


@pytest.fixture
def store(postgres_url: str, company: Company) -> Iterator[Store]:
    streams = [stream for system in company.systems.values() for stream in system.streams]
    with postgres.fresh_database(postgres_url) as url:
        yield prepared(parsed(url), streams, engine.SEALING)


def definitions(company: Company, store: Store) -> dg.Definitions:
    days = business_days(date(2026, 3, 1), "Europe/London")
    assets: list[Any] = [
        made
        for system in company.systems.values()
        for stream in system.streams
        for made in (external(system, stream), landing(Incoming(system, stream), days))
    ]
    return dg.Definitions(
        assets=assets,
        jobs=[dg.define_asset_job("everything", selection=dg.AssetSelection.all())],
        resources={"store": store, "company": company, "readings": readings},
        executor=dg.in_process_executor,
    )


def run(company: Company, store: Store, tags: dict[str, str], **only: Any) -> Any:
    with dg.DagsterInstance.ephemeral() as instance:
        job = definitions(company, store).resolve_job_def("everything")
        done = job.execute_in_process(instance=instance, tags=tags, **only)
        assert done.success
        return done


def counted(done: Any, key: dg.AssetKey) -> dict[str, Any]:
    [event] = [item for item in done.get_asset_materialization_events() if item.asset_key == key]
    return {name: value.value for name, value in event.materialization.metadata.items()}


def landed(store: Store) -> dict[str, list[bytes | None]]:
    """Every version of every record, by its key."""
    found: dict[str, list[bytes | None]] = {}
    with store.session(Role.LANDER) as connection:
        for key, payload in connection.execute(
            "select source_key, payload from landing.shop_floor__records order by version"
        ).fetchall():
            found.setdefault(key, []).append(payload)
    return found


def test_it_is_an_asset_without_partitions(company: Company, store: Store) -> None:
    graph = definitions(company, store).resolve_asset_graph()
    assert graph.get(landing_key(company.systems[NAME].streams[0])).partitions_def is None
    assert graph.get(landing_key(company.systems["pos"].streams[0])).partitions_def is not None


def test_it_is_read_whole_alone_and_beside_a_range_of_days(company: Company, store: Store) -> None:
    key = landing_key(company.systems[NAME].streams[0])
    alone = counted(run(company, store, {}, asset_selection=[key]), key)
    assert (alone["read"], alone["landed"], alone["rejected"]) == (7, 7, 0)
    assert alone["completeness"] == 1.0
    beside = counted(run(company, store, dict(Days(date(2026, 3, 2), date(2026, 3, 4)).tags)), key)
    assert (beside["read"], beside["landed"], beside["unchanged"]) == (7, 0, 7)


def test_a_change_is_a_version_and_a_record_that_is_gone_a_tombstone(
    company: Company, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = importlib.import_module(f"systems.{NAME}.emulator")
    started: list[Any] = []
    start = emulator.start
    monkeypatch.setattr(emulator, "start", lambda setup: started.append(start(setup)) or started[0])
    key = landing_key(company.systems[NAME].streams[0])
    run(company, store, {}, asset_selection=[key])
    started[0].put({"id": "r-002", "label": "Bandsaw, sharp", "changed_at": "2026-03-08T08:00:00Z"})
    started[0].remove("r-006")
    started[0].put({"id": "r-008", "changed_at": "2026-03-08T08:00:00Z"})
    found = counted(run(company, store, {}, asset_selection=[key]), key)
    assert (found["read"], found["landed"], found["unchanged"]) == (7, 1, 5)
    assert (found["rejected"], found["removed"]) == (1, 1)
    versions = landed(store)
    assert len(versions["r-002"]) == 2
    assert versions["r-006"][-1] is None
    assert "r-008" not in versions


def test_the_staging_model_types_what_was_landed(
    made: System, company: Company, store: Store
) -> None:
    run(company, store, {}, asset_selection=[landing_key(made.streams[0])])
    model = (made.folder / "staging" / f"stg_{NAME}__records.sql").read_text(encoding="utf-8")
    source = f"{{{{ source('{NAME}', 'records') }}}}"
    assert source in model
    with store.session(Role.MODELER) as connection:
        rows = connection.execute(model.replace(source, f"landing.{NAME}__records")).fetchall()
    typed = {row[0]: row[1:] for row in rows}
    assert typed["r-003"] == ("Lost and found", None, datetime(2026, 3, 3, 9, tzinfo=UTC))
    assert typed["r-005"][:2] == ("Write-off", Decimal("-15.25"))
    assert len(typed) == 7
