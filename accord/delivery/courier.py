"""The courier: the one routine that sends, for live syncs, backfills and repetitions alike.

Its order is what makes a write take effect once. Whatever an earlier run left unanswered is looked
up first. Each intended write is stored before it leaves, each batch is looked up right before it
is sent, and an answer that never comes is looked up before anything is repeated.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from accord.abreast import never
from accord.connector import Destination
from accord.delivery import decide
from accord.delivery.intending import Approve, Approved, Intending, Intent
from accord.delivery.sending import Sender
from accord.delivery.settling import Resolver, Settler
from accord.errors import Retry, Stop, Unanswered, Unbalanced
from accord.store.database import Connection, Role, Store, of_one_moment
from accord.store.outbox import Outbox

__all__ = ["Approved", "Courier", "Delivered"]

ROUNDS = 4


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Delivered:
    """How each partition's due objects stand, and what stopped the courier, if anything did.

    Of those that are held, `depending` wait for other objects, or for their system to be read
    again; the rest wait for the gate.
    """

    counts: Mapping[str, Counter[str]]
    trouble: Retry | None = None
    depending: int = 0

    @property
    def total(self) -> Counter[str]:
        """How all that is due stands."""
        return sum(self.counts.values(), Counter())

    @property
    def at_gate(self) -> int:
        """How many wait for the gate."""
        return self.total["held"] - self.depending

    @property
    def is_through(self) -> bool:
        """Whether nothing stopped the courier, and the gate let everything pass."""
        return self.trouble is None and not self.at_gate


@dataclass(frozen=True, slots=True)
class Courier:
    """Delivers one kind of object to one destination; nothing leaves once `is_over` says so."""

    store: Store
    outbox: Outbox
    destination: Destination
    clock: Callable[[], datetime] = _now
    sleep: Callable[[float], None] = time.sleep
    is_over: Callable[[], bool] = never

    def deliver(
        self,
        days: Sequence[str],
        approve: Approve,
        *,
        distrust: bool = False,
        expected: str | None = None,
    ) -> Delivered:
        """Bring the destination to what the publish model says for these days.

        `approve` is asked, inside the transaction that stores the intended writes, which of the
        days with something to send passed the gate as their data is now; the others are held.
        With `distrust` the destination is looked up even where it is believed to be right. With
        `expected` nothing is done unless all that is meant is exactly that plan. Raises Stop when
        that is not so, when it is more than a run may change, or when the destination refuses us
        as such; what may pass is returned as `trouble`.
        """
        delivery = self.outbox.delivery
        settler = Settler(self.outbox, self.clock)
        resolver = Resolver(self.outbox, self.destination, settler, self.sleep)
        with (
            self.store.alone(f"deliver {delivery.system}.{delivery.kind}"),
            self.store.session(Role.DELIVERER) as connection,
        ):
            self.outbox.begin(connection)
            self.outbox.orphan(connection, at=self.clock())
            unseen = resolver.resolve(connection)
            anew = partial(Intending, self.outbox, approve, distrust)
            # What is approved has to be what is sent, so both are seen as of one moment.
            intent = of_one_moment(
                connection,
                lambda: self._intended(
                    connection, days, anew(asked_about=settler.learned.keys()), expected
                ),
            )
            settler.intent_id = intent.intent_id
            trouble: Retry | Stop | None = unseen if isinstance(unseen, Stop) else None
            trouble = trouble or self._sent_in_rounds(connection, intent, resolver)
            depending = self.outbox.held(connection, intent.intent_id)
            counts = self._posted(connection, intent, settler)
        if trouble is None and any(it["unknown"] + it["waiting"] for it in counts.values()):
            trouble = unseen
        if isinstance(trouble, Stop):
            raise trouble
        return Delivered(counts, trouble, depending)

    def _intended(
        self,
        connection: Connection,
        days: Sequence[str],
        intending: Intending,
        expected: str | None,
    ) -> Intent:
        intent = intending.intend(connection, days)
        if expected is not None and intent.digest != expected:
            raise Stop(
                f"The world has changed since the plan for {self.outbox.delivery.kind} in "
                f"{self.outbox.delivery.system} was made",
                remedy="make a new plan with `accord plan` and look at it",
            )
        return intent

    def _sent_in_rounds(
        self, connection: Connection, intent: Intent, resolver: Resolver
    ) -> Retry | Stop | None:
        """Send until nothing waits; an unanswered batch is looked up and the sending goes on."""
        trouble: Retry | None = None
        if not intent.meant:
            return None
        session = partial(self.store.session, Role.DELIVERER)
        sender = Sender(
            self.outbox, self.destination, resolver.settler, self.clock, session, self.is_over,
            releases=intent.needs_others,
        )  # fmt: skip
        for _ in range(ROUNDS):
            error = sender.send(connection)
            if not isinstance(error, Unanswered):
                return error
            trouble = error
            if (unseen := resolver.resolve(connection)) is not None:
                return unseen if isinstance(unseen, Stop) else error
        return trouble

    def _posted(
        self, connection: Connection, intent: Intent, settler: Settler
    ) -> Mapping[str, Counter[str]]:
        """Count how everything due stands and post it; what was meant must all be accounted for."""
        with connection.transaction():
            still = _as_counted(self.outbox.open(connection, intent.intent_id))
            meant = decide.summed(settler.counts, still)
            if any(meant[key]["due"] != count for key, count in intent.meant.items()):
                raise Unbalanced(
                    f"Some intended {self.outbox.delivery.kind} are neither settled nor open",
                    remedy="see what `accord ledger verify` finds",
                )
            keys = [item.object_key for item in intent.unknown]
            standings = self.outbox.standing(connection, keys) if keys else {}
            unknown = decide.counted(intent.unknown, standings, run_id=self.outbox.run_id)
            learned = self._learned(settler, intent)
            counts = decide.summed(intent.counts, settler.counts, still, unknown, learned)
            self.outbox.post(connection, counts)
        return counts

    def _learned(self, settler: Settler, intent: Intent) -> dict[str, Counter[str]]:
        """Count earlier writes that this run learned the fate of, unless their object is due again.

        Where objects have days, each run goes over all that is due and so over these.
        """
        found: dict[str, Counter[str]] = defaultdict(Counter)
        if not self.outbox.delivery.partitioned:
            for key, (partition, state) in settler.learned.items():
                if key not in intent.due:
                    found[partition][state] += 1
        return found


def _as_counted(still_open: Mapping[str, Mapping[str, int]]) -> dict[str, Counter[str]]:
    """What is on its way has an unknown fate, as the ledger counts it."""
    found: dict[str, Counter[str]] = {}
    for partition, states in still_open.items():
        found[partition] = Counter()
        for state, count in states.items():
            found[partition]["unknown" if state == "sending" else state] += count
    return found
