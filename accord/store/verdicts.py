"""Verdicts: the stored answers of the gates, each for one exact version of the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from psycopg.rows import class_row

from accord.store.database import Connection
from accord.store.queries import queries


@dataclass(frozen=True, slots=True)
class Verdict:
    """One verdict to keep: `rows` are the rejected rows' keys with the rules each broke."""

    entity: str
    partition: str
    data_version: str
    contract: str
    passed: bool
    checked: int
    rejected: int
    closed_by: Sequence[str]
    warnings: Sequence[str]
    rows: Iterable[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Current:
    """The verdict in force on one partition."""

    partition_key: str
    passed: bool
    checked: int
    rejected: int
    closed_by: list[str]
    warnings: list[str]


def keep(connection: Connection, verdict: Verdict, *, run_id: str) -> None:
    """Store a verdict with its rejected rows and post it to the ledger."""
    sql = queries("verdicts")
    values = {
        "entity": verdict.entity, "partition": verdict.partition, "run_id": run_id,
        "data_version": verdict.data_version, "contract": verdict.contract,
        "passed": verdict.passed, "checked": verdict.checked, "rejected": verdict.rejected,
        "closed_by": list(verdict.closed_by), "warnings": list(verdict.warnings),
    }  # fmt: skip
    row = connection.execute(sql["keep"], values).fetchone()
    rejected = [
        {"verdict": row[0], "key": key, "rules": list(rules)} for key, rules in verdict.rows if row
    ]
    if rejected:
        with connection.cursor() as cursor:
            cursor.executemany(sql["keep_row"], rejected)
    connection.execute(sql["post"], {**values, "passed": verdict.checked - verdict.rejected})


def passing(
    connection: Connection, entity: str, contract: str, partitions: Sequence[str]
) -> Mapping[str, str]:
    """The data version that last passed, for each partition whose verdict in force is a pass."""
    rows = connection.execute(
        queries("verdicts")["passing"],
        {"entity": entity, "contract": contract, "partitions": list(partitions)},
    )
    return dict(rows.fetchall())


def judged(
    connection: Connection, entity: str, contract: str, partitions: Sequence[str]
) -> Mapping[str, str]:
    """The data version last judged of each partition under this contract, whatever the answer."""
    rows = connection.execute(
        queries("verdicts")["judged"],
        {"entity": entity, "contract": contract, "partitions": list(partitions)},
    )
    return dict(rows.fetchall())


def current(connection: Connection, entity: str, partitions: Sequence[str]) -> list[Current]:
    """The verdicts in force."""
    with connection.cursor(row_factory=class_row(Current)) as cursor:
        return cursor.execute(
            queries("verdicts")["current"], {"entity": entity, "partitions": list(partitions)}
        ).fetchall()
