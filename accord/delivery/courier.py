"""The courier: the one routine that sends, for live syncs, backfills and repetitions alike.

Its order is what makes a write take effect once. Whatever an earlier run left unanswered is looked
up first. Each intended write is stored before it leaves, each batch is looked up right before it
is sent, and an answer that never comes is looked up before anything is repeated.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from accord.connector import Destination
from accord.delivery import decide
from accord.errors import Retry, Stop, Unanswered
from accord.records import Receipt, Rejected, Write
from accord.store import dead_letters
from accord.store.database import Connection, Role, Store
from accord.store.outbox import Due, Outbox, Settlement, Unknown

ROUNDS = 4


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Approved:
    """The days whose data passed the gate, with the version that did; the others are held."""

    data_versions: Mapping[str, str]
    basis: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """How each partition's due objects stand, and what stopped the courier, if anything did."""

    counts: Mapping[str, Counter[str]]
    trouble: Retry | None = None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is due, and the keys of what was intended and of what the gate holds back."""

    due: Sequence[Due]
    intended: Sequence[str]
    held: frozenset[str]


@dataclass(frozen=True, slots=True)
class Courier:
    """Delivers one kind of object to one destination."""

    store: Store
    outbox: Outbox
    destination: Destination
    clock: Callable[[], datetime] = _now
    sleep: Callable[[float], None] = time.sleep

    def deliver(
        self,
        days: Sequence[str],
        approve: Callable[[Connection, Sequence[str]], Approved],
        *,
        distrust: bool = False,
    ) -> Delivered:
        """Bring the destination to what the publish model says for these days.

        `approve` is asked, inside the transaction that stores the intended writes, which of the
        days with something to send passed the gate as their data is now; the others are held.
        With `distrust` the destination is looked up even where it is believed to be right. Raises
        Stop when the destination refuses us as such; what may pass is returned as `trouble`.
        """
        delivery = self.outbox.delivery
        with (
            self.store.alone(f"deliver {delivery.system}.{delivery.kind}"),
            self.store.session(Role.DELIVERER) as connection,
        ):
            self.outbox.orphan(connection, at=self.clock())
            unseen = self._resolve_unknown(connection)
            plan = self._intended(connection, days, approve, distrust=distrust)
            trouble: Retry | Stop | None = unseen if isinstance(unseen, Stop) else None
            trouble = trouble or self._sent_in_rounds(connection, plan.intended)
            counts = self._posted(connection, plan)
        if trouble is None and any(it["unknown"] + it["waiting"] for it in counts.values()):
            trouble = unseen
        if isinstance(trouble, Stop):
            raise trouble
        return Delivered(counts, trouble)

    def _intended(
        self,
        connection: Connection,
        days: Sequence[str],
        approve: Callable[[Connection, Sequence[str]], Approved],
        *,
        distrust: bool,
    ) -> _Plan:
        with connection.transaction():
            # What is approved has to be what is sent, so both are seen as of one moment.
            connection.execute("set transaction isolation level repeatable read")
            due = self.outbox.due(connection, days)
            keys = [item.object_key for item in due]
            if distrust:
                self.outbox.forget(connection, keys)
            standings = self.outbox.standing(connection, keys)
            needs = {
                key: decide.need(item, standings[key]) for key, item in zip(keys, due, strict=True)
            }
            wanted = [
                item for item in due if decide.is_wanted(needs[item.object_key], distrust=distrust)
            ]
            approved = approve(connection, sorted({item.partition_key for item in wanted}))
            intended = [item for item in wanted if item.partition_key in approved.data_versions]
            self.outbox.intend(
                connection, intended, data_versions=approved.data_versions, basis=approved.basis
            )
            self._settle_letters(
                connection,
                [
                    key
                    for key, need in needs.items()
                    if need == "unchanged" and standings[key].state == "rejected"
                ],
            )
        sent = frozenset(item.object_key for item in intended)
        held = frozenset(item.object_key for item in wanted) - sent
        return _Plan(due, sorted(sent), held)

    def _sent_in_rounds(self, connection: Connection, keys: Sequence[str]) -> Retry | Stop | None:
        """Send until nothing waits; an unanswered batch is looked up and the sending goes on."""
        trouble: Retry | None = None
        for _ in range(ROUNDS):
            try:
                while writes := self._claimed(connection, keys):
                    self._send(connection, writes)
            except Unanswered as error:
                trouble = error
                unseen = self._resolve_unknown(connection)
                if unseen is not None:
                    return unseen if isinstance(unseen, Stop) else error
            except (Retry, Stop) as error:
                return error
            else:
                return None
        return trouble

    def _claimed(self, connection: Connection, keys: Sequence[str]) -> list[Write]:
        with connection.transaction():
            return self.outbox.claim(connection, keys)

    def _send(self, connection: Connection, writes: Sequence[Write]) -> None:
        """Look up, send what is not there yet, and settle each write by its own receipt."""
        kind = self.outbox.delivery.kind
        try:
            found = self.destination.look_up(kind, [write.key for write in writes])
        except (Retry, Stop):
            self._settle(connection, [Settlement(write.write_id, "waiting") for write in writes])
            raise
        there = [write for write in writes if decide.already_there(write, found.get(write.key))]
        self._settle(
            connection,
            [
                Settlement(write.write_id, "unchanged", found[write.key].destination_ids[0])
                for write in there
            ],
            there,
        )
        absent = [replace(w, found=found.get(w.key)) for w in writes if w not in there]
        if absent:
            self._send_absent(connection, absent)

    def _send_absent(self, connection: Connection, writes: Sequence[Write]) -> None:
        self.outbox.sent(connection, writes, at=self.clock())
        trouble: Retry | None = None
        receipts: Sequence[Receipt] = ()
        try:
            receipts = self.destination.deliver(self.outbox.delivery.kind, writes)
        except Unanswered as error:
            trouble = error
        except (Retry, Stop):
            self._settle(connection, [Settlement(write.write_id, "waiting") for write in writes])
            raise
        settlements = decide.settled(receipts, writes)
        self._settle(connection, settlements, writes)
        if any(item.state == "unknown" for item in settlements):
            raise trouble or Unanswered(
                f"{self.outbox.delivery.system} gave no receipt for some writes",
                remedy="they are looked up before they are sent again",
            )
        if any(item.state == "waiting" for item in settlements):
            raise Retry(
                f"{self.outbox.delivery.system} asked to send some writes again later",
                remedy="run again",
            )

    def _settle(
        self,
        connection: Connection,
        settlements: Sequence[Settlement],
        writes: Sequence[Write] = (),
    ) -> None:
        if not settlements:
            return
        by_id = {write.write_id: write for write in writes}
        with connection.transaction():
            self.outbox.settle(connection, settlements, at=self.clock())
            for item in settlements:
                if (write := by_id.get(item.write_id)) is not None:
                    self._note_rejection(connection, write, item)

    def _note_rejection(self, connection: Connection, write: Write, item: Settlement) -> None:
        """A rejected write becomes a dead letter; whatever is settled settles its earlier ones."""
        if item.state == "rejected":
            letter = Rejected(
                key=write.key,
                payload=dead_letters.as_payload(write.content),
                partition=write.partition,
                cause=item.cause,
                detail=item.detail,
                remedy=item.remedy,
            )
            dead_letters.put(connection, [letter], self._origin(write.key))
        if item.state in ("delivered", "unchanged", "rejected"):
            self._settle_letters(connection, [write.key])

    def _settle_letters(self, connection: Connection, keys: Sequence[str]) -> None:
        """Resolve the letters of these objects that this transaction did not put."""
        for key in keys:
            dead_letters.resolve_absent(connection, self._origin(key))

    def _origin(self, key: str) -> dead_letters.Origin:
        return dead_letters.Origin("delivery", self.outbox.delivery.flow, key, self.outbox.run_id)

    def _resolve_unknown(self, connection: Connection) -> Retry | Stop | None:
        """Find out by looking what became of unanswered writes; return what kept us from looking.

        A write that is not there goes back to waiting, once its effect can no longer appear.
        """
        waited = False
        while batch := self.outbox.unknown(connection):
            waited = waited or self._wait_until_settled(batch)
            try:
                found = self.destination.look_up(
                    self.outbox.delivery.kind, [item.object_key for item in batch]
                )
            except (Retry, Stop) as error:
                return error
            settlements = []
            for item in batch:
                here = found.get(item.object_key)
                if here is not None and decide.already_there(_write(item), here):
                    settlements.append(
                        Settlement(item.write_id, "delivered", here.destination_ids[0])
                    )
                else:
                    settlements.append(Settlement(item.write_id, "waiting"))
            self._settle(connection, settlements, [_write(item) for item in batch])
        return None

    def _wait_until_settled(self, batch: Sequence[Unknown]) -> bool:
        """Wait, if any of these ever left, until its effect is there or never will be.

        It is the whole time each time: since they left the clock may have been set.
        """
        if not any(item.sent_at for item in batch):
            return False
        self.sleep(self.outbox.delivery.settle_seconds)
        return True

    def _posted(self, connection: Connection, plan: _Plan) -> Mapping[str, Counter[str]]:
        with connection.transaction():
            standings = self.outbox.standing(connection, [item.object_key for item in plan.due])
            counts = decide.counted(plan.due, standings, run_id=self.outbox.run_id, held=plan.held)
            for partition, states in counts.items():
                self.outbox.post(connection, partition, states)
        return counts


def _write(item: Unknown) -> Write:
    return Write(
        item.write_id, item.object_key, item.content, item.digest, partition=item.partition_key
    )
