"""What every system's folder declares: complete, readable, and known to dbt."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from accord.catalog import Delivery, Stream, System
from accord.contracts.model import Column
from accord.contracts.odcs import entities, load
from accord.settings import CHECKOUT
from tests.support.conformance import DELIVERIES, STREAMS, SYSTEMS, named

MODES = ("upsert",)  # what the engine keeps so far
SECRET = re.compile(r"(^|_)(secret|password|passphrase|token|api_key|private_key)$")
REFERENCE = re.compile(r"(env:ACCORD_[A-Z0-9_]+|file:/.+)")
PERSONAL = re.compile(
    r"(?i)customer|person|employee|e_?mail|phone|birth|address|contact|iban|salary|gender"
)

every_system = pytest.mark.parametrize("system", SYSTEMS.values(), ids=named)
every_stream = pytest.mark.parametrize("stream", STREAMS, ids=named)
every_delivery = pytest.mark.parametrize("delivery", DELIVERIES, ids=named)


@every_system
def test_a_system_says_what_it_is_and_reads_or_receives_something(system: System) -> None:
    assert system.title.strip()
    assert system.role.strip()
    assert system.url
    assert system.streams or system.deliveries
    for name in ("__init__.py", "client.py", "emulator.py"):
        assert (system.folder / name).is_file(), name


@every_system
def test_a_system_states_its_limits(system: System) -> None:
    limits = system.settings["limits"]
    assert limits
    assert all(value > 0 for value in limits.values() if not isinstance(value, str))
    if system.url.startswith("https:"):
        assert {"calls_per_minute", "concurrent", "timeout_seconds"} <= set(limits)
    if system.deliveries:
        assert {"batch", "settle_seconds"} <= set(limits)


@every_system
def test_a_secret_is_declared_by_reference_only(system: System) -> None:
    for name, value in _leaves(system.settings):
        if SECRET.search(name):
            assert REFERENCE.fullmatch(str(value)), f"{name} must be env:ACCORD_… or file:/…"
        if str(value).startswith("env:"):
            assert str(value).startswith(f"env:ACCORD_{system.name.upper()}_")


@every_stream
def test_a_stream_has_a_title_and_a_versioned_contract_that_loads(stream: Stream) -> None:
    contract = load(stream.contract)
    assert stream.title.strip()
    assert re.fullmatch(rf"{stream.name.stream}\.v[0-9]+\.odcs\.yaml", stream.contract.name)
    assert contract.name == str(stream.name)
    assert contract.table == f"landing.{stream.name.table}"
    assert contract.owner
    assert contract.grain


@every_stream
def test_every_column_is_described_and_what_names_a_person_is_classified(stream: Stream) -> None:
    for column in load(stream.contract).columns:
        assert column.description, column.name
        assert not _is_exposed(column), f"{column.name} needs a classification of its own"


def test_a_column_that_names_a_person_without_a_class_would_be_noticed() -> None:
    assert _is_exposed(Column("CustomerEmail", "string"))
    assert not _is_exposed(Column("CustomerEmail", "string", privacy="restricted"))


@every_stream
def test_dbt_finds_a_stream_as_a_source_and_a_staging_model(stream: Stream) -> None:
    staging = SYSTEMS[stream.name.system].folder / "staging"
    model = f"stg_{stream.name.table}"
    declared = yaml.safe_load((staging / "sources.yml").read_text(encoding="utf-8"))["sources"]
    tables = [
        (source["name"], source["schema"], table["name"], table["identifier"])
        for source in declared
        for table in source["tables"]
    ]
    wanted = (stream.name.system, "landing", stream.name.stream, stream.name.table)
    assert wanted in tables
    sql = (staging / f"{model}.sql").read_text(encoding="utf-8")
    assert f"source('{stream.name.system}', '{stream.name.stream}')" in sql
    assert _grain(staging / f"{model}.yml", model)


@every_delivery
def test_a_delivery_has_its_publish_model_and_its_gates(delivery: Delivery) -> None:
    publish = SYSTEMS[delivery.system].folder / "publish"
    assert delivery.model == f"pub_{delivery.system}__{delivery.kind}"
    assert (publish / f"{delivery.model}.sql").is_file()
    assert _grain(publish / f"{delivery.model}.yml", delivery.model)
    assert delivery.mode in MODES
    assert delivery.gates, "nothing leaves without a gate"
    assert set(delivery.gates) <= set(entities(CHECKOUT / "contracts"))


def _leaves(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _leaves(value)
        elif isinstance(value, list):
            for item in value:
                yield from _leaves(item) if isinstance(item, Mapping) else [(name, item)]
        else:
            yield name, value


def _is_exposed(column: Column) -> bool:
    return bool(PERSONAL.search(column.name)) and column.privacy in ("public", "internal")


def _grain(path: Any, model: str) -> bool:
    described = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    return any(
        item["name"] == model and "Grain:" in item["description"] and item["columns"]
        for item in described
    )
