"""The outbox: every intended write is a row first, and every state it passes through is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from accord.catalog import Delivery
from accord.records import Write, content_digest
from accord.store.database import Connection
from accord.store.queries import for_table, queries

State = Literal[
    "waiting", "sending", "delivered", "unchanged", "rejected", "held", "unknown", "superseded"
]


@dataclass(frozen=True, slots=True)
class Due:
    """One object as it should be at the destination, with the business day it belongs to."""

    object_key: str
    partition_key: str
    content: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """The identity of the content."""
        return content_digest(self.content)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one object: the digest last delivered, and its newest intended write."""

    object_key: str
    delivered_digest: str | None
    intended_digest: str | None
    state: State | None
    run_id: str | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A write whose fate nobody knows yet."""

    write_id: str
    object_key: str
    content: Mapping[str, Any]
    digest: str
    partition_key: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of one write, ready to be stored."""

    write_id: str
    state: State
    destination_id: str = ""
    cause: str = ""
    detail: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Outbox:
    """The outbox of one kind of object at one endpoint of one system, for one run.

    `endpoint` tells apart two installations of the same system, such as sandbox and production.
    Every method runs on the connection given, inside whatever transaction the caller holds.
    """

    delivery: Delivery
    endpoint: str
    run_id: str

    def due(self, connection: Connection, days: Sequence[str]) -> list[Due]:
        """What the publish model says the objects of these days should be."""
        statement = for_table(queries("outbox")["due"], self.delivery.model)
        with connection.cursor(row_factory=class_row(Due)) as cursor:
            return cursor.execute(statement, {"days": list(days)}).fetchall()

    def standing(self, connection: Connection, keys: Sequence[str]) -> dict[str, Standing]:
        """What is known of each of the objects."""
        with connection.cursor(row_factory=class_row(Standing)) as cursor:
            rows = cursor.execute(queries("outbox")["standing"], self._with(keys=list(keys)))
            return {row.object_key: row for row in rows.fetchall()}

    def orphan(self, connection: Connection, *, at: datetime) -> int:
        """Call what a killed run was sending unknown; the caller must be the only sender."""
        return connection.execute(queries("outbox")["orphans"], self._with(at=at)).rowcount

    def unknown(self, connection: Connection) -> list[Unknown]:
        """The next batch of writes whose fate is unknown."""
        with connection.cursor(row_factory=class_row(Unknown)) as cursor:
            rows = cursor.execute(
                queries("outbox")["unknown"], self._with(batch=self.delivery.batch)
            )
            return rows.fetchall()

    def intend(
        self,
        connection: Connection,
        due: Iterable[Due],
        *,
        data_versions: Mapping[str, str],
        basis: str,
    ) -> None:
        """Supersede older waiting writes of the same objects and put these in their place."""
        due = list(due)
        connection.execute(
            queries("outbox")["supersede"], self._with(keys=[item.object_key for item in due])
        )
        rows = [
            self._with(
                flow=self.delivery.flow,
                key=item.object_key,
                partition=item.partition_key,
                content=Jsonb(item.content),
                digest=item.digest,
                data_version=data_versions[item.partition_key],
                basis=basis,
            )
            for item in due
        ]
        with connection.cursor() as cursor:
            cursor.executemany(queries("outbox")["intend"], rows)

    def claim(self, connection: Connection, keys: Sequence[str]) -> list[Write]:
        """Take the next batch of waiting writes among these objects for sending."""
        rows = connection.execute(
            queries("outbox")["claim"], self._with(keys=list(keys), batch=self.delivery.batch)
        ).fetchall()
        return [
            Write(row[0], key=row[1], content=row[2], digest=row[3], partition=row[4])
            for row in sorted(rows)
        ]

    def sent(self, connection: Connection, writes: Iterable[Write], *, at: datetime) -> None:
        """Note that these are about to leave, so that a crash from here on is an unknown."""
        connection.execute(
            queries("outbox")["sent"], {"writes": [write.write_id for write in writes], "at": at}
        )

    def settle(
        self, connection: Connection, settlements: Sequence[Settlement], *, at: datetime
    ) -> None:
        """Store what became of the writes, and what the destination holds now."""
        writes = [item.write_id for item in settlements]
        connection.execute(
            queries("outbox")["settle"],
            {
                "at": at,
                "run_id": self.run_id,
                "writes": writes,
                "states": [item.state for item in settlements],
                "ids": [item.destination_id for item in settlements],
                "causes": [item.cause for item in settlements],
                "details": [item.detail for item in settlements],
                "remedies": [item.remedy for item in settlements],
            },
        )
        connection.execute(queries("outbox")["record"], {"writes": writes})

    def forget(self, connection: Connection, keys: Sequence[str]) -> None:
        """Distrust what we believe the destination holds, so that it is looked up again."""
        connection.execute(queries("outbox")["forget"], self._with(keys=list(keys)))

    def post(self, connection: Connection, partition: str, counts: Mapping[str, int]) -> None:
        """Post one partition's delivery to the ledger; an unbalanced entry is refused there."""
        states = ("delivered", "unchanged", "rejected", "held", "waiting", "unknown")
        connection.execute(
            queries("outbox")["post"],
            self._with(
                flow=self.delivery.flow,
                partition=partition,
                due=counts["due"],
                **{state: counts.get(state, 0) for state in states},
            ),
        )

    def _with(self, **values: object) -> dict[str, object]:
        return {
            "system": self.delivery.system,
            "endpoint": self.endpoint,
            "kind": self.delivery.kind,
            "run_id": self.run_id,
            **values,
        }
