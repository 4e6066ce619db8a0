"""Profiles made from the store: streams as staged, and entities as each system tells of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from accord.authority import authority_of
from accord.catalog import Stream, System
from accord.contracts.model import Contract
from accord.golden.values import country_told
from accord.matching.normalise import normalised
from accord.profiling.columns import Tally
from accord.profiling.profile import (
    Disagreement,
    EntityProfile,
    SystemProfile,
    TableProfile,
)
from accord.profiling.repeats import Repeats
from accord.store.database import Connection
from accord.store.queries import for_table, queries

_AT_ONCE = 2000
_NOT_CONTENT = frozenset(
    {"partition_key", "source_key", "landed_version", "changed_at", "known_golden_id", "stream"}
)


@dataclass(frozen=True, slots=True)
class Told:
    """A view in which one system tells of an entity, in the entity's own columns."""

    system: str
    schema: str
    view: str


def of_system(connection: Connection, system: System) -> SystemProfile:
    """Profile every stream of a system as its staging models type it."""
    return SystemProfile(
        system.name,
        system.title,
        tuple(_of_stream(connection, stream) for stream in system.streams),
    )


def of_entity(
    connection: Connection,
    contract: Contract,
    told: Sequence[Told],
) -> EntityProfile:
    """Profile an entity over all systems: each alone, each two, and against authority."""
    repeats = Repeats()
    tables = tuple(_of_told(connection, contract, item, repeats) for item in told)
    return EntityProfile(
        contract.name, tables, tuple(repeats.between()), tuple(_disagreements(connection, contract))
    )


def _of_stream(connection: Connection, stream: Stream) -> TableProfile:
    columns = _columns(connection, "staging", f"stg_{stream.name.table}")
    tallies = [Tally(name) for name in columns]
    records = 0
    for row in _rows(connection, "staging", f"stg_{stream.name.table}"):
        records += 1
        for tally in tallies:
            tally.add(row[tally.name])
    return TableProfile(
        name=str(stream.name),
        title=stream.title,
        records=records,
        columns=tuple(tally.profile() for tally in tallies),
        rejected=_rejected(connection, str(stream.name)),
    )


def _of_told(
    connection: Connection, contract: Contract, told: Told, repeats: Repeats
) -> TableProfile:
    known = set(_columns(connection, told.schema, told.view))
    tallies = [Tally(name) for name in contract.column_names if name in known]
    records = 0
    for row in _rows(connection, told.schema, told.view):
        records += 1
        canonical = _canonical(contract, row, [tally.name for tally in tallies])
        for tally in tallies:
            is_valid = canonical[tally.name] is not None
            tally.add(row[tally.name], valid=is_valid, kind=str(row.get("kind")))
        repeats.add(told.system, canonical)
    return TableProfile(
        name=told.system,
        title=f"{contract.name} in {told.system}",
        records=records,
        columns=tuple(profile for tally in tallies if (profile := tally.profile()).filled),
        rejected={},
        repeated=tuple(repeats.within(told.system)),
        repeated_any=repeats.any_within(told.system),
        owned=frozenset(
            it.name for it in authority_of(contract).attributes if it.owner == told.system
        ),
    )


def _canonical(
    contract: Contract, row: Mapping[str, Any], columns: Sequence[str]
) -> Mapping[str, str | None]:
    entity = contract.name
    country = normalised(entity, "country", country_told(row, contract.home_country))
    return {name: normalised(entity, name, row[name], country=country) for name in columns}


def _disagreements(connection: Connection, contract: Contract) -> Iterator[Disagreement]:
    """How often each system has another value than the one with authority; of golden records."""
    authority = authority_of(contract)
    statement = for_table(queries("profiles")["disagreements"], contract.table.partition(".")[2])
    values = {"entity": contract.name, "attributes": list(authority.names)}
    for system, attribute, compared, apart in connection.execute(statement, values).fetchall():
        owner = authority[attribute].owner
        if system != owner:
            is_copy = system in authority[attribute].copies
            yield Disagreement(system, attribute, owner, compared, apart, is_copy)


def _columns(connection: Connection, schema: str, view: str) -> list[str]:
    rows = connection.execute(
        queries("profiles")["columns"], {"schema": schema, "view": view}
    ).fetchall()
    return [row[0] for row in rows if row[0] not in _NOT_CONTENT]


def _rows(connection: Connection, schema: str, view: str) -> Iterator[Mapping[str, Any]]:
    """All rows, a few at a time."""
    statement = sql.SQL("select * from {}").format(sql.Identifier(schema, view))
    with connection.transaction(), connection.cursor("profiled", row_factory=dict_row) as cursor:
        cursor.itersize = _AT_ONCE
        cursor.execute(statement)
        yield from cursor


def _rejected(connection: Connection, stream: str) -> Mapping[str, int]:
    rows = connection.execute(queries("profiles")["rejected"], {"stream": stream}).fetchall()
    return dict(rows)
