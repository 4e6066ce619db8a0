"""The outbox: every intended write is a row first, and every state it passes through is kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from accord.catalog import Delivery
from accord.records import Rejected, Write
from accord.store import dead_letters
from accord.store.database import Connection
from accord.store.due import Considered, DueObjects, Effect, Standing, State
from accord.store.queries import queries

_decoded = msgspec.json.decode
_FIRST = "00000000-0000-0000-0000-000000000000"


class Intended(msgspec.Struct, frozen=True, gc=False):
    """One write in the outbox, and what it is to bring about.

    `elsewhere` are other keys under which we have the object that it is, as it may be after it was
    taken out of a merged golden record. `lost` are the ids of objects that we have under its own
    key, and that are another golden record's by now. `adopts` is the id of an object that somebody
    else made there, and that was found to be the one meant.
    """

    write: Write
    effect: Effect
    intent_id: str | None
    sent_at: datetime | None = None
    elsewhere: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    adopts: str = ""

    @property
    def write_id(self) -> str:
        """The identity of the write."""
        return self.write.write_id

    @property
    def key(self) -> str:
        """The object it is about."""
        return self.write.key

    def about(self, write: Write, *, adopts: str = "") -> Intended:
        """The same, after more was seen of the object."""
        return replace(self, write=write, adopts=adopts)


class Settlement(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What became of one write, ready to be stored as JSON, where what is empty is left out."""

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

    @property
    def due(self) -> DueObjects:
        """What is due of it."""
        return DueObjects(self.delivery, self.endpoint, self.run_id)

    def standing(self, connection: Connection, keys: Sequence[str]) -> dict[str, Standing]:
        """What is known of each of the objects."""
        rows = self._run(connection, "standing", keys=list(keys)).fetchall()
        return {row[0]: Standing(*row) for row in rows}

    def join_by_index(self, connection: Connection) -> None:
        """Keep this connection from plans that read the whole outbox, now or when it has grown."""
        self._run(connection, "join_freely", setting="off")

    def orphan(self, connection: Connection, *, at: datetime) -> int:
        """Call what a killed run was sending unknown; the caller must be the only sender."""
        return int(self._run(connection, "orphans", at=at).rowcount)

    def unknown(self, connection: Connection) -> list[Intended]:
        """The next batch of writes whose fate is unknown."""
        rows = self._run(connection, "unknown", batch=self.delivery.batch).fetchall()
        return [_unknown(row) for row in rows]

    def intend(
        self,
        connection: Connection,
        due: Sequence[Considered],
        *,
        intent_id: str,
        data_versions: Mapping[str, str],
        basis: str,
    ) -> None:
        """Mean these to be sent: renew what waits as it is, supersede other content, add the rest.

        They are taken from the table of due objects of this transaction.
        """
        fixed = {"intent": intent_id, "flow": self.delivery.flow, "basis": basis}
        known = [it for it in due if it[1].open_write]
        renewed: set[int] = set()
        if known:
            writes = ",".join(it.open_write or "" for _, it in known)
            told = _told(known, data_versions)
            found = self._run(connection, "renew", **fixed, **told, writes=writes).fetchall()
            renewed = {row[0] for row in found}
            others = [it.open_write for item, it in known if item.place not in renewed]
            self._run(connection, "supersede", open=others)
        fresh = [it for it in due if it[0].place not in renewed]
        if fresh:
            self._run(connection, "intend", **fixed, **_told(fresh, data_versions))

    def release(self, connection: Connection, intent_id: str) -> None:
        """Let what is held go on where all that it needs is there by now, else say what is not."""
        self._run(connection, "release", intent=intent_id)

    def held(self, connection: Connection, intent_id: str) -> int:
        """Count the writes that stay held."""
        return int(self._run(connection, "held", intent=intent_id).fetchone()[0])

    def next(
        self,
        connection: Connection,
        intent_id: str,
        *,
        effect: Effect = "write",
        after: str = "",
        most: int,
    ) -> list[Intended]:
        """The next writes of this effect to be sent, after the one last seen."""
        asked = {"intent": intent_id, "effect": effect, "after": after or _FIRST, "most": most}
        rows = self._run(connection, "next", **asked).fetchall()
        return [_next(row, effect, intent_id) for row in rows]

    def claim(
        self, connection: Connection, writes: Sequence[Intended], *, at: datetime
    ) -> list[Intended]:
        """Take those that still wait and note that they leave: a crash from here is an unknown.

        What they adopt is noted with it: afterwards nobody could tell that we did not make it.
        """
        asked = ",".join(it.write_id for it in writes)
        adopted = _encoded({it.write_id: it.adopts for it in writes if it.adopts})
        rows = self._run(connection, "claim", writes=asked, adopted=adopted, at=at)
        mine = {row[0] for row in rows.fetchall()}
        return [it for it in writes if it.write_id in mine]

    def settle(
        self, connection: Connection, settlements: Sequence[Settlement], *, at: datetime
    ) -> None:
        """Store what became of the writes, and what the destination holds now."""
        self._run(connection, "relax")
        self._run(connection, "settle", at=at, fates=_encoded(settlements))

    def reject(
        self, connection: Connection, rejected: Sequence[tuple[Intended, Settlement]]
    ) -> None:
        """Make dead letters of what the destination refused."""
        dead_letters.put_all(
            connection, [(_letter(it.write, why), self._origin(it.key)) for it, why in rejected]
        )

    def settle_letters(self, connection: Connection, keys: Sequence[str]) -> None:
        """Resolve the letters of these objects that this transaction did not put."""
        if keys:
            pieces = [self._piece(key) for key in keys]
            dead_letters.resolve_pieces(connection, "delivery", self.delivery.flow, pieces)

    def open(self, connection: Connection, intent_id: str) -> dict[str, Counter[str]]:
        """Count, per partition and state, what of an intent is not settled."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for partition, state, count in self._run(connection, "open", intent=intent_id).fetchall():
            found[partition][state] += count
        return found

    def post(self, connection: Connection, counts: Mapping[str, Mapping[str, int]]) -> None:
        """Post each partition's delivery to the ledger, where an unbalanced one is refused."""
        names = ("due", "delivered", "unchanged", "rejected", "held", "waiting", "unknown")
        entries = [
            {"partition_key": partition, **{name: states.get(name, 0) for name in names}}
            for partition, states in counts.items()
        ]
        told = _encoded(entries)
        self._run(connection, "post", flow=self.delivery.flow, part=self.part, entries=told)
        if not self.delivery.partitioned:
            self._run(connection, "close_delivery")

    def begin(self, connection: Connection) -> None:
        """Note that what becomes of writes from here on is to be posted; the caller must be alone.

        What a killed run settled and did not post is posted first. Where objects have days, each
        run goes over all that is due and so over these.
        """
        if not self.delivery.partitioned:
            with connection.transaction():
                self._run(connection, "post_left", flow=self.delivery.flow, part=self.part)
                self._run(connection, "open_delivery")

    @property
    def part(self) -> str:
        """The system and kind of object, which tell a flow's deliveries apart."""
        return f"{self.delivery.system}.{self.delivery.kind}"

    def _origin(self, key: str) -> dead_letters.Origin:
        return dead_letters.Origin("delivery", self.delivery.flow, self._piece(key), self.run_id)

    def _piece(self, key: str) -> str:
        """What an object's letters are kept under: a flow may write one key to several systems."""
        return f"{self.part} {key}"

    def _run(self, connection: Connection, name: str, **values: object) -> Any:
        known = {
            "system": self.delivery.system,
            "endpoint": self.endpoint,
            "kind": self.delivery.kind,
            "run_id": self.run_id,
        }
        return connection.execute(queries("outbox")[name], known | values)


def _told(due: Sequence[Considered], versions: Mapping[str, str]) -> dict[str, str]:
    """What is sent to the store of objects that it has in its table of what is due.

    It is texts of many values: arrays cost several times as much to write and to read.
    """
    return {
        "places": ",".join([str(item.place) for item, _ in due]),
        "digests": ",".join([item.digest for item, _ in due]),
        "versions": _encoded({item.partition_key: versions[item.partition_key] for item, _ in due}),
    }


def _encoded(rows: Any) -> str:
    """Rows as one value, for the same reason."""
    return msgspec.json.encode(rows).decode()


def _write(told: Sequence[Any], former: tuple[str, ...] = ()) -> Write:
    write_id, key, content, digest, partition, seed, target_id = told
    return Write(
        write_id, key, _decoded(content), digest, None, partition, _decoded(seed), target_id, former
    )


def _unknown(row: Sequence[Any]) -> Intended:
    *told, effect, intent_id, sent_at = row
    return Intended(_write(told), effect, intent_id, sent_at)


def _next(row: Sequence[Any], effect: Effect, intent_id: str) -> Intended:
    *told, former, elsewhere, lost = row
    if not (former or elsewhere or lost):
        return Intended(_write(told), effect, intent_id)
    write = _write(told, tuple(former or ()))
    return Intended(write, effect, intent_id, None, tuple(elsewhere or ()), tuple(lost or ()))


def _letter(write: Write, why: Settlement) -> Rejected:
    return Rejected(
        key=write.key,
        payload=dead_letters.as_payload(write.content),
        partition=write.partition,
        cause=why.cause,
        detail=why.detail,
        remedy=why.remedy,
    )
