"""A whole installation under Dagster in this process: tills, PostgreSQL, dbt, gates and a Xero."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from accord.contracts.odcs import entities
from accord.quality.second_opinion import SecondOpinion
from accord.sandbox.company import Company
from accord.settings import CHECKOUT, Settings
from accord.store.database import Role, Store
from accord.store.landing import note_first_day
from accord.store.server import PSYCOPG_2
from integration_assets.definitions import build_defs
from integration_assets.world import World, the_world
from resources.dbt import Dbt
from resources.instance import dagster_instance
from systems.xero.emulator import Emulator
from tests.support import engine, postgres
from tests.support.day_files import a_file, a_line
from tests.support.xero import SECRET
from tests.support.xero import emulator as a_xero

FIRST_DAY = date(2011, 1, 3)
TOO_MANY = "100000"
GATE_CHECKS = ("contract_holds", "as_usual")
_RULE = """
      - name: believable_quantity
        type: custom
        engine: accord
        implementation:
          rowCondition: quantity < 100000
        dimension: accuracy
"""


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation. A line of 100,000 pieces or more breaks its contract of sales."""

    settings: Settings
    store: Store
    tills: Path
    xero: Emulator
    company: Company
    world: World
    definitions: dg.Definitions
    instance: dg.DagsterInstance

    def export(self, day: str, *lines: bytes) -> None:
        """Let the tills deliver a day file, in place of the one before."""
        (self.tills / f"{day}.csv").write_bytes(a_file(*(lines or (a_line(day),))))

    def run(
        self,
        first: str,
        last: str = "",
        *,
        only: Sequence[str] = (),
        gates: bool = True,
        job: str = "takings",
    ) -> dg.ExecuteInProcessResult:
        """Run a day or a range, all of it or `only` these assets, with or without their gates."""
        definition = self.definitions.resolve_job_def(job)
        if only:
            chosen = {dg.AssetKey.from_user_string(name) for name in only}
            checks = {
                key
                for key in definition.asset_layer.asset_graph.asset_check_keys
                if key.asset_key in chosen and (gates or key.name not in GATE_CHECKS)
            }
            definition = definition.get_subset(asset_selection=chosen, asset_check_selection=checks)
        tags = {
            "dagster/asset_partition_range_start": first,
            "dagster/asset_partition_range_end": last or first,
        }
        return definition.execute_in_process(
            instance=self.instance, tags=tags, raise_on_error=False
        )

    def posted(self) -> set[str]:
        """The numbers of the documents in Xero."""
        return {
            item.get("InvoiceNumber") or item["CreditNoteNumber"] for item in self.xero.documents()
        }

    def metadata(self, asset: str, day: str) -> dict[str, Any]:
        """What the newest materialization of a day says."""
        found = self.instance.fetch_materializations(
            dg.AssetRecordsFilter(dg.AssetKey.from_user_string(asset), asset_partitions=[day]),
            limit=1,
        ).records
        event = found[0].asset_materialization if found else None
        return {name: value.value for name, value in event.metadata.items()} if event else {}


def said(done: dg.ExecuteInProcessResult) -> list[str]:
    """What the failed steps say."""
    return [
        event.step_failure_data.user_failure_data.description or ""
        for event in done.all_events
        if event.is_step_failure and event.step_failure_data.user_failure_data
    ]


@contextmanager
def a_fresh_installation(server_url: str) -> Iterator[Installation]:
    """An installation with a database and a folder of its own, both gone afterwards."""
    with (
        postgres.fresh_database(server_url) as url,
        tempfile.TemporaryDirectory() as folder,
        an_installation(url, Path(folder)) as ready,
    ):
        yield ready


@contextmanager
def an_installation(url: str, folder: Path) -> Iterator[Installation]:
    """A fresh installation in an empty database, its partitions beginning at FIRST_DAY."""
    tills = folder / "tills"
    tills.mkdir(parents=True)
    store = engine.a_store(url)
    with store.transaction(Role.LANDER) as connection:
        note_first_day(connection, FIRST_DAY)
    with ExitStack() as stack:
        (folder / "xero").mkdir()
        xero = stack.enter_context(a_xero(folder / "xero"))
        settings = Settings(
            home=folder / "home",
            database_url=url,
            environment={
                "ACCORD_POS_URL": tills.as_uri(),
                "ACCORD_XERO_URL": xero.url,
                "ACCORD_XERO_TOKEN_URL": xero.token_url,
                "ACCORD_XERO_CLIENT_ID": "tests",
                "ACCORD_XERO_CLIENT_SECRET": SECRET,
            },
        )
        contracts = _stricter(folder / "contracts")
        dbt = Dbt(settings, store.address)
        world = replace(the_world(settings, store, dbt), contracts=entities(contracts))
        company = stack.enter_context(Company(settings, today=FIRST_DAY))
        second = stack.enter_context(SecondOpinion(contracts, store.address.url(PSYCOPG_2)))
        definitions = build_defs(
            world,
            resources={
                "store": store,
                "dbt": dbt,
                "company": company,
                "second_opinion": second,
            },
            loggers={"console": dg.colored_console_logger.configured({"log_level": "CRITICAL"})},
        )
        instance = stack.enter_context(dagster_instance(settings, store.address))
        yield Installation(settings, store, tills, xero, company, world, definitions, instance)


def _stricter(folder: Path) -> Path:
    """The contracts, with one rule more for sales, which a day file can break."""
    shutil.copytree(CHECKOUT / "contracts", folder)
    path = folder / "sale.v1.odcs.yaml"
    text = path.read_text(encoding="utf-8")
    mark = "    quality:\n      - name: amount_is_quantity_times_price\n"
    assert text.count(mark) == 1
    path.write_text(text.replace(mark, f"    quality:{_RULE.rstrip()}\n{mark[13:]}"), "utf-8")
    return folder
