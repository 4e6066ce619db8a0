"""The views of the customers' flow, made from the dbt models without dbt, once a database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import jinja2

from accord.lineage import PROJECT
from accord.settings import CHECKOUT
from accord.store.database import Connection

SYSTEMS = ("salesforce", "stripe", "mailchimp", "mainframe")
_MACROS = ("payloads", "golden")
_GRANTS = """
    grant usage on schema staging, intermediate, publish to accord_resolver, accord_deliverer,
        accord_reader, accord_gatekeeper;
    grant select on all tables in schema staging, intermediate, publish to accord_resolver,
        accord_deliverer, accord_reader, accord_gatekeeper;
"""


def build(connection: Connection) -> None:
    """Put all views that the customers' deliveries are made of into a prepared store."""
    connection.execute("create schema if not exists staging")
    for schema, name, query in _models():
        connection.execute(f'create view {schema}."{name}" as {query}')  # type: ignore[call-overload]
    connection.execute(_GRANTS)


def _models() -> Iterator[tuple[str, str, str]]:
    """Schema, name and query of each model, those that others read first."""
    for layer, pattern in (
        ("staging", "staging/stg_*.sql"),
        ("intermediate", "staging/int_*.sql"),
        ("publish", "publish/pub_*.sql"),
    ):
        for system in SYSTEMS:
            for path in sorted((CHECKOUT / "systems" / system).glob(pattern)):
                yield layer, path.stem, _rendered(path)


def _rendered(path: Path) -> str:
    macros = "".join((PROJECT / "macros" / f"{name}.sql").read_text() for name in _MACROS)
    # The macros need nothing of dbt but these two; `csv_values` has braces of its own for nothing.
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
    return environment.from_string(macros + path.read_text()).render(ref=_ref, source=_source)


def _ref(name: str) -> str:
    return f'staging."{name}"' if re.match("stg_", name) else f'intermediate."{name}"'


def _source(name: str, table: str) -> str:
    match name:
        case "golden":
            return f"canonical.{table}"
        case "ops":
            return f"ops.{table}"
    return f"landing.{name}__{table}"
