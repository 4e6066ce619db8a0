"""What is due: each object as its model wants it, beside what is known of it, as of one moment.

The objects are put into a table of the transaction, and read from it in bounded numbers, so that
all of them never have to be in memory at once.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from msgspec.structs import force_setattr

from accord.catalog import Delivery
from accord.errors import Stop
from accord.records import Window, content_digest
from accord.store.database import Connection
from accord.store.queries import for_table, queries

State = Literal[
    "waiting", "sending", "delivered", "unchanged", "rejected", "held", "unknown", "superseded"
]
Effect = Literal["write", "remove"]

AT_ONCE = 2000
GONE = "gone"
"""The digest of an object that is to be no more."""

_NEVER = -1


class Due(msgspec.Struct, frozen=True, gc=False):
    """One object as it should be at the destination, with the business day it belongs to.

    An object without days has the partition "". One to be removed has no content. `target_id` is
    what the destination calls it, where that is known.
    """

    object_key: str
    partition_key: str
    content: Mapping[str, Any]
    effect: Effect = "write"
    place: int = 0
    digest: str = ""
    target_id: str = ""

    def __post_init__(self) -> None:
        """Take the identity of the content, once."""
        if not self.digest:
            told = content_digest(self.content) if self.effect == "write" else GONE
            force_setattr(self, "digest", told)


class Standing(msgspec.Struct, frozen=True, gc=False):
    """What is known of one object: the digest last delivered, and its newest intended write.

    `target_id` is what the destination calls the object that the write was meant for, if known.
    """

    object_key: str
    delivered_digest: str | None
    intended_digest: str | None
    state: State | None
    run_id: str | None
    write_id: str | None = None
    target_id: str | None = None

    @property
    def open_write(self) -> str | None:
        """The write that may still be sent, or be superseded."""
        return self.write_id if self.state in ("waiting", "held") else None


@dataclass(frozen=True, slots=True)
class Told:
    """What an object was last `sent` (None when never), and what goes with a new one."""

    sent: Mapping[str, Any] | None
    seed: Mapping[str, Any]
    needs: Sequence[str]


Considered = tuple[Due, Standing]


@dataclass(frozen=True, slots=True)
class DueObjects:
    """The due objects of one kind at one endpoint; every method runs in the same transaction."""

    delivery: Delivery
    endpoint: str
    run_id: str

    def gather(
        self, connection: Connection, days: Sequence[str], *, everything: bool, removes: bool
    ) -> list[str]:
        """Find what is due; return objects that were left open and that no model knows any more.

        Without days it is what changed since the mark, or `everything`. With `removes` also what
        we delivered and the model no longer has.
        """
        self._run(connection, "join_freely", setting="on")
        self._run(connection, "due_table")
        left_open: list[str] = []
        if self.delivery.partitioned:
            self._of_model(connection, "due_days", days=list(days))
        else:
            left_open = self._changed(connection, everything=everything)
        if removes:
            asked = list(days) if self.delivery.partitioned else None
            self._of_model(connection, "due_gone", days=asked, gates=list(self.delivery.gates))
        self._run(connection, "join_freely", setting="off")
        withdrawn = self._run(connection, "withdraw", keys=left_open).fetchall()
        return [row[0] for row in withdrawn]

    def considered(self, connection: Connection) -> Generator[list[tuple[Any, ...]], None, None]:
        """Yield each due object beside what is known of it, so many rows at once.

        They are as they came, so that fetching keeps nobody from using what was fetched before.
        """
        with connection.cursor(name="considered") as cursor:
            cursor.execute(queries("outbox")["considered"], self._with())
            while rows := cursor.fetchmany(AT_ONCE):
                yield rows

    @staticmethod
    def understood(rows: Sequence[tuple[Any, ...]]) -> list[Considered]:
        """What `considered` yielded, ready to be decided about."""
        decode = msgspec.json.decode
        return [
            (
                Due(key, partition, decode(content), effect, place, target_id=target),
                Standing(key, *standing),
            )
            for place, effect, key, partition, content, target, *standing in rows
        ]

    def move_mark(self, connection: Connection) -> None:
        """Note that everything the model says as of now is in the outbox or at the destination."""
        if not self.delivery.partitioned:
            revision, _ = self._mark(connection)
            self._run(
                connection, "move_mark", revision=revision, view=self._view,
                gates=list(self.delivery.gates),
            )  # fmt: skip

    def days(self, connection: Connection, window: Window) -> list[str]:
        """The days inside the window of which the model says anything; [""] where it has none.

        Raises Stop when the model was never built.
        """
        if self._run(connection, "built", view=self._view).fetchone() != (True,):
            raise Stop(
                f"What {self.delivery.system} is to hold was never modelled",
                remedy=f"run `accord run --flow {self.delivery.flow}` once",
            )
        if not self.delivery.partitioned:
            return [""]
        statement = for_table(queries("outbox")["days"], self.delivery.model)
        asked = {"first": window.first, "last": window.last}
        return [row[0] for row in connection.execute(statement, asked).fetchall()]

    def told(self, connection: Connection, due: Sequence[Due]) -> dict[str, Told]:
        """What each of these objects was last sent, and what goes with it besides."""
        keys = {item.place: item.object_key for item in due}
        rows = self._run(connection, "told", places=list(keys)).fetchall()
        return {keys[place]: Told(content, seed, needs) for place, content, seed, needs in rows}

    def holdings(self, connection: Connection) -> int:
        """How many objects we know to be at the destination."""
        row = self._run(connection, "holdings").fetchone()
        return row[0] if row else 0

    def needs_others(self, connection: Connection) -> bool:
        """Whether anything that is due needs other objects to be at the destination first."""
        row = self._run(connection, "needs_others").fetchone()
        return bool(row and row[0])

    def forget(self, connection: Connection) -> None:
        """Distrust what we believe of all that is due, so that it is looked up again."""
        self._run(connection, "forget")

    def _changed(self, connection: Connection, *, everything: bool) -> list[str]:
        revision, verdicts = self._mark(connection)
        left_open = [row[0] for row in self._run(connection, "left_open").fetchall()]
        kept_back = self._run(connection, "kept_back", verdicts=verdicts).fetchall()
        self._of_model(
            connection,
            "due_changed",
            revision=_NEVER if everything else revision,
            keys=[] if everything else sorted({*left_open, *(row[0] for row in kept_back)}),
        )
        return left_open

    def _mark(self, connection: Connection) -> tuple[int, list[str]]:
        row = self._run(connection, "mark", view=self._view).fetchone()
        return (row[0], row[1]) if row else (_NEVER, [])

    @property
    def _view(self) -> str:
        return f'publish."{self.delivery.model}"'

    def _run(self, connection: Connection, name: str, **values: object) -> Any:
        return connection.execute(queries("outbox")[name], self._with(**values))

    def _of_model(self, connection: Connection, name: str, **values: object) -> None:
        statement = for_table(queries("outbox")[name], self.delivery.model)
        connection.execute(statement, self._with(**values))

    def _with(self, **values: object) -> dict[str, object]:
        return {
            "system": self.delivery.system,
            "endpoint": self.endpoint,
            "kind": self.delivery.kind,
            "run_id": self.run_id,
            **values,
        }
