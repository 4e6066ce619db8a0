"""A whole house without Dagster: tills, landing, dbt, gates and courier, one pass at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

from accord import lineage
from accord.connector import Destination
from accord.contracts.model import Contract
from accord.contracts.odcs import entities
from accord.delivery.approving import approval
from accord.delivery.courier import Approved, Courier, Delivered
from accord.intake import take_in
from accord.quality import enforce
from accord.quality.gate import judge
from accord.reconcile import compared, read_back
from accord.records import Window
from accord.settings import CHECKOUT, Settings
from accord.store import builds
from accord.store.builds import Span
from accord.store.database import Connection, Role, Store
from accord.store.reports import Compared
from integration_assets.modelling import (
    BEHIND_GATE,
    CANONICAL,
    brought_up_to_date,
    stale_days,
)
from resources.dbt import Dbt
from tests.support import engine
from tests.support.day_files import a_client
from tests.support.destinations import Clock, Fragile
from tests.support.engine import DELIVERY, DOCUMENTS, SALES, FragileStore, Fuse

COMPARISON = "rec_takings__pos_vs_xero"
CONTRACTS = entities(CHECKOUT / "contracts")
_DATED = {str(SALES.name), str(DOCUMENTS.name)}


@dataclass(slots=True)
class House:
    """One installation. `tills` is the folder of day files."""

    store: Store
    dbt: Dbt
    tills: Path
    models: tuple[lineage.Model, ...]
    clock: Clock = field(default_factory=Clock)

    def put(self, day: str, content: bytes) -> None:
        """Let the tills deliver a day file, in place of the one before."""
        (self.tills / f"{day}.csv").write_bytes(content)

    def run(
        self, there: Destination, days: Sequence[str], *, fuse: Fuse | None = None, run_id: str = ""
    ) -> Delivered:
        """Make one pass over days that follow each other, up to where the fuse is blown."""
        fuse, run_id = fuse or Fuse(None), run_id or f"run-{uuid4()}"
        store = FragileStore(self.store.address, fuse)
        self.prepare(days, store=store, run_id=run_id)
        return self.deliver(Fragile(there, fuse), days, store=store, run_id=run_id)

    def prepare(
        self,
        days: Sequence[str],
        *,
        store: Store | None = None,
        run_id: str = "preparing",
        judged: bool = True,
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        """Do all of a pass that comes before the delivery; `meanwhile` comes before judging."""
        store, span = store or self.store, Span(days[0], days[-1])
        take_in(store, SALES, a_client(self.tills), _window(days), run_id=run_id)
        for target in (CANONICAL, BEHIND_GATE):
            self.model(store, target, span)
            meanwhile()
            if judged:
                self.judge(store, target, span, run_id)

    def model(self, store: Store, target: str, span: Span) -> list[str]:
        """Let dbt build what is stale."""

        def basis(connection: Any, asked: Span) -> Any:
            if target == CANONICAL:
                return builds.landed_basis(connection, [str(SALES.name)], asked)
            return builds.judged_basis(connection, CANONICAL, ["product", "sale"], asked)

        with store.alone("build models"):
            models = [it for it in self.models if it.behind_gate == (target == BEHIND_GATE)]
            stale = stale_days(store, self.dbt, target, basis, span)
            # dbt walks the whole call stack again and again, so it gets a short one.
            with ThreadPoolExecutor(1) as apart:
                return apart.submit(
                    brought_up_to_date, store, self.dbt, target, models, stale
                ).result()

    def judge(self, store: Store, target: str, span: Span, run_id: str) -> None:
        """Judge what was built and keep the verdicts."""
        tables = {".".join(model.key) for model in self.models}
        for contract in CONTRACTS.values():
            if contract.table not in tables:
                continue
            with store.transaction(Role.GATEKEEPER) as connection:
                if self.target_of(contract) != target:
                    continue
                digest = contract.digest
                if contract.partition_column:
                    days = builds.to_judge(connection, target, contract.name, digest, span)
                else:
                    new = builds.whole_to_judge(connection, target, contract.name, digest)
                    days = [""] if new else []
                if days:
                    judged = judge(connection, contract, days)
                    enforce.keep(connection, contract, judged, run_id=run_id)

    def target_of(self, contract: Contract) -> str:
        """Whether an entity's table is built from landing or from what passed."""
        (model,) = [it for it in self.models if ".".join(it.key) == contract.table]
        return BEHIND_GATE if model.behind_gate else CANONICAL

    def deliver(
        self,
        there: Destination,
        days: Sequence[str],
        *,
        store: Store | None = None,
        run_id: str = "",
        contracts: Sequence[Contract] = (),
        approve: Callable[[Connection, Sequence[str]], Approved] | None = None,
        distrust: bool = False,
    ) -> Delivered:
        """Let the courier deliver what is published, past the gates as they are."""
        gates = contracts or [CONTRACTS[name] for name in DELIVERY.gates]
        courier = Courier(
            store or self.store,
            engine.an_outbox(run_id=run_id),
            there,
            clock=self.clock,
            sleep=self.clock.sleep,
        )
        return courier.deliver(days, approve or approval(gates), distrust=distrust)

    def compare(self, source: Any, days: Sequence[str]) -> list[Compared]:
        """Read Xero back and compare it with landing."""
        run_id = f"run-{uuid4()}"
        read_back(self.store, [(DOCUMENTS, source)], _window(days), run_id=run_id)
        return compared(self.store, COMPARISON, Span(days[0], days[-1]), run_id=run_id)

    def canonical(self) -> dict[str, list[dict[str, Any]]]:
        """Every row of the canonical tables."""
        return {
            model: engine.rows(
                self.store,
                f"select * from canonical.{model} as t order by t::text",
            )
            for model in engine.MODELS
        }

    def emptied(self) -> House:
        """Forget everything, the day files included."""
        engine.emptied(self.store)
        for file in self.tills.iterdir():
            file.unlink()
        return self


@contextmanager
def a_house(url: str, folder: Path) -> Iterator[House]:
    """An installation in an empty database, with its models described."""
    store = engine.a_store(url)
    tills = folder / "tills"
    tills.mkdir(parents=True)
    settings = Settings(home=folder / "home", database_url=url, environment={})
    dbt = Dbt(settings, store.address)
    dated = (it for it in lineage.models(dbt.described()) if {*it.streams} <= _DATED)
    yield House(store, dbt, tills, tuple(dated))


def _window(days: Sequence[str]) -> Window:
    return Window(date.fromisoformat(days[0]), date.fromisoformat(days[-1]))
