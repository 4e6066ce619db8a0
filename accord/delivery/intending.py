"""Intending: from what is due to rows of the outbox, in one transaction and as of one moment.

What is decided here is decided by `decide`; nothing is sent from here.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import uuid4

from accord.delivery import decide
from accord.delivery.decide import Extent
from accord.errors import Stop
from accord.store import approvals
from accord.store.ahead import Ahead
from accord.store.database import Connection
from accord.store.due import Considered, Due, Standing
from accord.store.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Approved:
    """The days whose data passed the gate, with the version that did; the others are held."""

    data_versions: Mapping[str, str]
    basis: str


Approve = Callable[[Connection, Sequence[str]], Approved]
"""Says, as of the transaction it is asked in, which days passed the gate as their data is now."""


@dataclass(slots=True)
class Intent:
    """What one courier means to do, and how those objects stand that it leaves alone.

    `meant` counts the writes it will send, by partition; `counts` is final. `unknown` objects have
    an earlier write whose fate nobody knows. `digest` is the identity of all that is meant. `due`
    are those of the objects asked about that are due. With `needs_others` something of it may be
    held until other objects are there.
    """

    intent_id: str = field(default_factory=lambda: str(uuid4()))
    meant: Counter[str] = field(default_factory=Counter)
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    unknown: list[Due] = field(default_factory=list)
    extent: Extent = field(default_factory=Extent)
    digest: str = ""
    due: set[str] = field(default_factory=set)
    needs_others: bool = False


@dataclass(slots=True)
class Intending:
    """Goes over what is due, so much at once, and puts what is to be sent into the outbox.

    With `rehearse` it only tells: every object that would be written goes to `tell`, with what is
    known of it and whether the gate lets it pass, and the transaction is for the caller to undo.
    """

    outbox: Outbox
    approve: Approve
    distrust: bool = False
    rehearse: bool = False
    asked_about: Collection[str] = ()
    tell: Callable[[Sequence[tuple[Due, Standing, bool]]], None] | None = None
    _intent: Intent = field(default_factory=Intent)
    _identity: hashlib._Hash = field(default_factory=hashlib.sha256)
    _versions: dict[str, str] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)
    _basis: str = ""
    _changed: int = 0
    _removed: int = 0

    def intend(self, connection: Connection, days: Sequence[str]) -> Intent:
        """Mean to send what differs. Raises Stop where that is more than a run may change."""
        due = self.outbox.due
        delivery = self.outbox.delivery
        withdrawn = due.gather(
            connection, days, everything=self.distrust, removes=delivery.deletes != "ignore"
        )
        with Ahead(due.considered(connection)) as rows:
            for chunk in rows:
                self._consider(connection, due.understood(chunk), rows.leave)
        intent = self._intent
        intent.digest = self._identity.hexdigest()
        intent.needs_others = due.needs_others(connection)
        intent.extent = Extent(due.holdings(connection), self._changed, self._removed)
        if self.rehearse:
            return intent
        self._guard(connection)
        self.outbox.settle_letters(connection, withdrawn)
        if self.distrust:
            due.forget(connection)
        # What is held, or waits for an earlier write's fate, is to be found again.
        if not intent.unknown and not any(it["held"] for it in intent.counts.values()):
            due.move_mark(connection)
        return intent

    def _consider(
        self,
        connection: Connection,
        chunk: Sequence[Considered],
        leave: Callable[[Callable[[], None]], None],
    ) -> None:
        """Decide about each object; what is to be stored of it is left to be done."""
        keys = (item.object_key for item, _ in chunk)
        self._intent.due.update(key for key in keys if key in self.asked_about)
        needs = [decide.need(item, standing) for item, standing in chunk]
        wanted = [decide.is_wanted(need, distrust=self.distrust) for need in needs]
        self._ask(
            connection,
            {
                it.partition_key
                for (it, _), is_wanted in zip(chunk, wanted, strict=True)
                if is_wanted
            },
        )
        told: list[tuple[Due, Standing, bool]] = []
        mended: list[str] = []
        for (item, standing), need, is_wanted in zip(chunk, needs, wanted, strict=True):
            if is_wanted:
                passes = item.partition_key in self._versions
                told.append((item, standing, passes))
                self._count_wanted(item, standing, need, passes=passes)
            elif need == "unknown":
                self._intent.unknown.append(item)
            else:
                state = decide.state(item, standing, self.outbox.run_id)
                self._intent.counts[item.partition_key][state] += 1
                if need == "unchanged" and standing.state == "rejected":
                    mended.append(item.object_key)
        if self.tell is not None:
            self.tell(told)
        if self.rehearse:
            return
        passing = [(item, standing) for item, standing, passes in told if passes]
        leave(partial(self._store, connection, mended, passing))

    def _store(
        self, connection: Connection, mended: Sequence[str], passing: Sequence[Considered]
    ) -> None:
        self.outbox.settle_letters(connection, mended)
        if passing:
            self.outbox.intend(
                connection,
                passing,
                intent_id=self._intent.intent_id,
                data_versions=self._versions,
                basis=self._basis,
            )

    def _ask(self, connection: Connection, days: set[str]) -> None:
        """Ask the gate about days that it was not asked about yet."""
        if new := sorted(days - self._asked):
            approved = self.approve(connection, new)
            self._asked.update(new)
            self._versions.update(approved.data_versions)
            self._basis = approved.basis

    def _count_wanted(
        self, item: Due, standing: Standing, need: decide.Need, *, passes: bool
    ) -> None:
        line = (
            item.effect, item.partition_key, item.object_key, item.digest,
            standing.delivered_digest or "", standing.state or "", "passes" if passes else "held",
        )  # fmt: skip
        self._identity.update(("\0".join(line) + "\n").encode())
        if not passes:
            self._intent.counts[item.partition_key]["held"] += 1
            return
        self._intent.meant[item.partition_key] += 1
        if decide.is_change(item, standing, need):
            self._removed += item.effect == "remove"
            self._changed += item.effect == "write"

    def _guard(self, connection: Connection) -> None:
        """Let no run change most of a destination by itself."""
        intent, delivery = self._intent, self.outbox.delivery
        if not intent.extent.exceeds(delivery.most_changed):
            return
        where = approvals.Place(delivery.system, self.outbox.endpoint, delivery.kind)
        if approvals.use(connection, where, intent.digest, run_id=self.outbox.run_id):
            return
        extent = intent.extent
        raise Stop(
            f"This would change {extent.changed:,} and remove {extent.removed:,} of the "
            f"{extent.there:,} {delivery.kind} in {delivery.system}, more than the share of "
            f"{delivery.most_changed:g} that a run may by itself, so nothing was sent",
            remedy=f"look at it with `accord plan --flow {delivery.flow}`; if it is right, "
            "`accord apply` makes it",
        )
