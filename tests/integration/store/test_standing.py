"""What a report says of the ledger and the dead letters."""

from __future__ import annotations

from pathlib import Path

from accord.cli.report import standing
from accord.cli.world import OUTCOMES, World, now
from accord.contracts.outcomes import load_outcomes
from accord.records import Page, Reading, Record, Rejected, Slice
from accord.settings import Settings
from accord.store.database import Role, Store
from accord.store.landing import Lander
from tests.support import engine

DAY = "2026-11-20"


def landed(store: Store) -> None:
    good = [Record(f"r|a|{number}", b"x", DAY) for number in range(3)]
    bad = Rejected("b|1", b"?", DAY, "not_a_date", "line 5: InvoiceDate is no date", "mend it")
    reading = Reading("digest", (DAY,), iter([Page(good, [bad])]))
    with store.transaction(Role.LANDER) as connection:
        Lander(connection, engine.SALES, "run").land(Slice("file", DAY, "sign"), reading)


def test_each_flow_counts_its_own_dead_letters_and_names_its_systems(
    store: Store, database: str, tmp_path: Path
) -> None:
    landed(store)
    settings = Settings(home=tmp_path, database_url=database, environment={})
    world = World(settings, store, engine.SYSTEMS, load_outcomes(OUTCOMES))
    with store.session(Role.READER) as connection:
        report = standing(connection, world, now())
    (flow,) = report["flows"]
    assert (flow["systems"], flow["read_back"]) == (["pos"], False)
    assert (flow["read"], flow["landed"], flow["rejected"], flow["dead"]) == (4, 3, 1, 1)
    assert (report["balanced"], report["dead"]) == (True, 1)
    assert report["outcomes"][0]["timezone"] == "Europe/London"
