"""Canonical and gate: dbt builds the till lines' models, and both judges look at the sales."""

from __future__ import annotations

import resource
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from accord import lineage
from accord.contracts.odcs import entities
from accord.quality.expectations import agreement
from accord.quality.gate import judge as judged_by_sql
from accord.quality.second_opinion import SecondOpinion
from accord.settings import CHECKOUT, load
from accord.store import statistics
from accord.store.database import Role, Store
from accord.store.server import PSYCOPG_2
from bench.ground import store_at
from resources.dbt import Dbt

SCHEMA, JUDGED = "canonical", "sale"


def prepare(options: dict[str, Any]) -> dict[str, Any]:
    """Make every seed, view and empty table of the dbt project."""
    dbt = _dbt(options, store_at(options["store"]))
    started = perf_counter()
    dbt.seed()
    dbt.run([], days=[], full_refresh=True)
    return {"seconds": perf_counter() - started}


def build(options: dict[str, Any]) -> dict[str, Any]:
    """Build all canonical models for every landed day, in one warm dbt."""
    store = store_at(options["store"])
    dbt = _dbt(options, store)
    models = [model for model in lineage.models(dbt.described()) if model.schema == SCHEMA]
    days, records = _landed(store)
    dbt.run([models[0].name], days=[])
    started = perf_counter()
    dbt.run([model.name for model in models], days=days)
    with store.transaction(Role.MODELER) as connection:
        statistics.refresh(connection, [model.key for model in models])
    return {"seconds": perf_counter() - started, "records": records, "days": len(days)}


def judge(options: dict[str, Any]) -> dict[str, Any]:
    """Judge every day of the sales: one SQL pass, then Great Expectations once it has loaded."""
    store = store_at(options["store"])
    contract = entities(CHECKOUT / "contracts")[JUDGED]
    days, records = _landed(store)
    with (
        SecondOpinion(CHECKOUT / "contracts", store.address.url(PSYCOPG_2)) as second,
        store.transaction(Role.GATEKEEPER) as connection,
    ):
        started = perf_counter()
        verdicts = judged_by_sql(connection, contract, days)
        in_sql = perf_counter()
        second.evaluate(contract, days[:1])
        loaded = perf_counter()
        outcomes = second.evaluate(contract, days)
        seconded = perf_counter()
    if apart := agreement(verdicts, outcomes):
        raise AssertionError(f"the two judges disagree: {apart}")
    return {
        "seconds": in_sql - started,
        "records": records,
        "second": seconded - loaded,
        "passed": sum(verdict.passed for verdict in verdicts),
        "second_rss": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }


def _dbt(options: dict[str, Any], store: Store) -> Dbt:
    return Dbt(replace(load(), home=Path(options["home"])), store.address)


def _landed(store: Store) -> tuple[list[str], int]:
    with store.session(Role.READER) as connection:
        rows = connection.execute(
            "select partition_key, count(*) from landing.pos__sales_lines group by 1 order by 1"
        ).fetchall()
    return [day for day, _ in rows], sum(lines for _, lines in rows)
