"""Settling: what became of writes is stored, and what nobody knows is found out by looking."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from accord.connector import Destination
from accord.delivery import decide
from accord.errors import Retry, Stop
from accord.records import Found
from accord.store.database import Connection
from accord.store.outbox import Intended, Outbox, Settlement

OVER = frozenset({"delivered", "unchanged", "rejected"})


@dataclass(slots=True)
class Settler:
    """Stores what became of writes, with their dead letters, and counts those of its own intent.

    `learned` are the objects whose earlier writes turned out to be over before there was an intent,
    each with its partition and what became of the write. One that turns out to be delivered by such
    a write, and is then found as it should be, counts as delivered: nobody else has counted that.
    """

    outbox: Outbox
    clock: Callable[[], datetime]
    intent_id: str = ""
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    learned: dict[str, tuple[str, str]] = field(default_factory=dict)

    def settle(self, connection: Connection, fates: Sequence[tuple[Intended, Settlement]]) -> None:
        """Store these in one transaction.

        A rejected write becomes a dead letter; whatever is settled settles its earlier ones.
        """
        if not fates:
            return
        with connection.transaction():
            self.outbox.settle(connection, [fate for _, fate in fates], at=self.clock())
            self.outbox.reject(connection, [it for it in fates if it[1].state == "rejected"])
            self.outbox.settle_letters(
                connection, [item.key for item, fate in fates if fate.state in OVER]
            )
        for item, fate in fates:
            if fate.state not in OVER:
                continue
            if not self.intent_id:
                self.learned[item.key] = (item.write.partition, fate.state)
            elif item.intent_id == self.intent_id:
                self.counts[item.write.partition][self._counted(item, fate)] += 1

    def _counted(self, item: Intended, fate: Settlement) -> str:
        was = self.learned.get(item.key, ("", ""))[1]
        return was if fate.state == "unchanged" and was == "delivered" else fate.state


@dataclass(slots=True)
class Resolver:
    """Finds out by looking what became of unanswered writes."""

    outbox: Outbox
    destination: Destination
    settler: Settler
    sleep: Callable[[float], None]

    def resolve(self, connection: Connection) -> Retry | Stop | None:
        """Look up whatever is unknown; return what kept us from looking.

        A write that is not there goes back to waiting, once its effect can no longer appear.
        """
        waited = False
        while batch := self.outbox.unknown(connection):
            waited = waited or self.wait_until_settled(batch)
            try:
                found = self.destination.look_up(
                    self.outbox.delivery.kind, [item.key for item in batch]
                )
            except (Retry, Stop) as error:
                return error
            self.settler.settle(connection, [(item, _fate(item, found)) for item in batch])
        return None

    def wait_until_settled(self, batch: Sequence[Intended]) -> bool:
        """Wait until the effects of these are there or never will be.

        It is the whole time each time: since they left the clock may have been set.
        """
        if not any(item.sent_at for item in batch):
            return False
        self.sleep(self.outbox.delivery.settle_seconds)
        return True


def _fate(item: Intended, found: Mapping[str, Found]) -> Settlement:
    here = found.get(item.key)
    if not decide.is_so(item, here):
        return Settlement(item.write_id, "waiting")
    return Settlement(item.write_id, "delivered", here.destination_ids[0] if here else "")
