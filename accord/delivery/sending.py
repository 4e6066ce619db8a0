"""Sending: each batch is looked up, claimed, sent, and settled by its receipts.

What calls the destination runs in several threads, and knows no store; the thread that started
them claims for all of them at once, and has settled beside it what became of them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import stamina

from accord.connector import Destination, Removes
from accord.delivery import decide
from accord.delivery.beside import Session, Settling, settling
from accord.delivery.lines import Line, line
from accord.delivery.looking import Batch, Looked, Looking, seen
from accord.delivery.settling import Settler
from accord.errors import Retry, Stop, Unanswered
from accord.records import Receipt
from accord.store.ahead import Ahead
from accord.store.database import Connection
from accord.store.due import Effect
from accord.store.outbox import Intended, Outbox, Settlement

_ORDER: Sequence[tuple[Effect, bool]] = (("write", True), ("write", False), ("remove", False))
_AHEAD = 8
"""Batches fetched from the outbox at once."""

_TRIES = 5
"""How often a run comes to what a destination puts off, each time a while later."""


class _PutOff(Retry):
    """The destination could not take some writes just now, though it takes others."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A batch as the destination answered it."""

    batch: Batch
    receipts: Sequence[Receipt] = ()
    error: Retry | Stop | None = None


@dataclass(slots=True)
class Sender:
    """Sends what a courier means to send; every method is called by one thread.

    Unless it `releases`, nothing of it is held until other objects are there.
    """

    outbox: Outbox
    destination: Destination
    settler: Settler
    clock: Callable[[], datetime]
    session: Session
    is_over: Callable[[], bool]
    releases: bool
    _trouble: Retry | Stop | None = None
    _moved: bool = False
    _put_off: bool = False

    def send(self, connection: Connection) -> Retry | Stop | None:
        """Send until nothing waits, or until something goes wrong; return that.

        What the destination puts off goes again after the others, a few times. What is held goes on
        as soon as what it needs is there. What changes hands, since golden records were merged or
        taken apart, is left for its new owner to take: a write whose object is another's by now
        comes after the others, and nothing is taken away before that.
        """
        self._trouble = None
        concurrent = self.outbox.delivery.concurrent
        with settling(self.settler, connection, self.session, concurrent=concurrent) as fates:
            for effect, patient in _ORDER:
                if self._trouble is None:
                    self._send_all(connection, fates, effect, patient=patient)
        return self._trouble

    def _send_all(
        self, connection: Connection, fates: Settling, effect: Effect, *, patient: bool
    ) -> None:
        """Send what there is of an effect."""
        try:
            for attempt in stamina.retry_context(
                on=_PutOff, attempts=_TRIES, wait_initial=0.2, wait_max=8
            ):
                with attempt:
                    self._send_once(connection, fates, effect, patient=patient)
        except _PutOff as error:
            self._note(error)

    def _send_once(
        self, connection: Connection, fates: Settling, effect: Effect, *, patient: bool
    ) -> None:
        """Send it as long as that gets any further. Raises _PutOff where some is to go again."""
        self._put_off, self._moved = False, True
        while self._moved and self._trouble is None:
            if self.releases:
                self.outbox.release(connection, self.settler.intent_id)
            self._send_waiting(connection, fates, effect, patient=patient)
            fates.finish()
            if self._put_off and self._trouble is None:
                raise _PutOff(
                    f"{self.outbox.delivery.system} could not take some writes just now",
                    remedy="run again",
                )

    def _send_waiting(
        self, connection: Connection, fates: Settling, effect: Effect, *, patient: bool
    ) -> None:
        """Send what may be sent now, and note whether anything was."""
        self._moved = False
        calls: Line[Looked | Answered] = line(self.outbox.delivery.concurrent)
        look = Looking(self.destination, self.outbox.delivery.kind).look
        with self._fetched(connection, effect) as batches, calls:
            while True:
                if self.is_over():
                    self._note(Retry("The run ended while it delivered", remedy="run again"))
                while self._trouble is None and calls.has_room:
                    batch = next(batches, None)
                    if batch is None:
                        break
                    calls.put(partial(look, batch))
                if not (done := calls.taken()):
                    return
                told = self._answered([it for it in done if isinstance(it, Answered)])
                looked = [it for it in done if isinstance(it, Looked)]
                so_already, going = self._seen(looked, patient=patient)
                fates.settle([*told, *so_already])
                for leaving in self._leaving(connection, going):
                    calls.put(partial(self._deliver, leaving), first=True)

    @contextmanager
    def _fetched(self, connection: Connection, effect: Effect) -> Iterator[Iterator[Batch]]:
        """What waits, in batches, in the order it was intended.

        Where there is much of it, and several calls at once, it is fetched ahead of the calls.
        """
        first = self._fetch(connection, effect, "")
        if self.outbox.delivery.concurrent <= 1 or not self._goes_on(first):
            yield self._batches(connection, effect, first)
            return
        with self.session() as beside:
            self.outbox.join_by_index(beside)
            with Ahead(self._batches(beside, effect, first), most=_AHEAD) as batches:
                yield iter(batches)

    def _batches(
        self, connection: Connection, effect: Effect, fetched: Batch
    ) -> Generator[Batch, None, None]:
        """Cut what was `fetched` into batches, then fetch more, as long as there is any."""
        size = self.outbox.delivery.batch
        while fetched:
            yield from (fetched[at : at + size] for at in range(0, len(fetched), size))
            if not self._goes_on(fetched):
                return
            fetched = self._fetch(connection, effect, fetched[-1].write_id)

    def _fetch(self, connection: Connection, effect: Effect, after: str) -> Batch:
        most = self.outbox.delivery.batch * _AHEAD
        intent = self.settler.intent_id
        return self.outbox.next(connection, intent, effect=effect, after=after, most=most)

    def _goes_on(self, fetched: Batch) -> bool:
        """Tell whether there may be more than this."""
        return len(fetched) == self.outbox.delivery.batch * _AHEAD

    def _seen(
        self, looked: Sequence[Looked], *, patient: bool
    ) -> tuple[list[tuple[Intended, Settlement]], list[Batch]]:
        """Tell what needs no sending, with what is to be settled of it, from what is to leave.

        A `patient` one leaves waiting what another write may still take over.
        """
        fates: list[tuple[Intended, Settlement]] = []
        going: list[Batch] = []
        for it in looked:
            if it.error is not None:
                self._note(it.error)
                continue
            told = [
                seen(item, it)
                for item in it.batch
                if not (patient and item.lost and decide.is_lost(item, it.found.get(item.key)))
            ]
            fates += [item for item in told if not isinstance(item, Intended)]
            going.append([item for item in told if isinstance(item, Intended)])
        self._moved = self._moved or bool(fates) or any(going)
        return fates, going

    def _leaving(self, connection: Connection, going: Sequence[Batch]) -> list[Batch]:
        """Claim what is to leave, unless something went wrong by now."""
        if self._trouble is not None or not any(going):
            return []
        everything = [item for batch in going for item in batch]
        claimed = self.outbox.claim(connection, everything, at=self.clock())
        mine = {item.write_id for item in claimed}
        batches = ([item for item in batch if item.write_id in mine] for batch in going)
        return [batch for batch in batches if batch]

    def _deliver(self, batch: Batch) -> Answered:
        kind, writes = self.outbox.delivery.kind, [item.write for item in batch]
        try:
            if batch[0].effect == "write":
                return Answered(batch, self.destination.deliver(kind, writes))
            return Answered(batch, self._removed(batch))
        except (Retry, Stop) as error:
            return Answered(batch, error=error)

    def _removed(self, batch: Batch) -> Sequence[Receipt]:
        delivery, writes = self.outbox.delivery, [item.write for item in batch]
        if delivery.deletes == "ignore" or not isinstance(self.destination, Removes):
            raise Stop(
                f"Nothing can be taken away from {delivery.system}: its client cannot remove",
                remedy=f'let systems/{delivery.system}/system.toml say deletes = "ignore"',
            )
        return self.destination.remove(delivery.kind, writes, delivery.deletes)

    def _answered(self, answers: Sequence[Answered]) -> list[tuple[Intended, Settlement]]:
        """Say what became of each write by its own receipt; one that was not sent waits again."""
        fates: list[tuple[Intended, Settlement]] = []
        for answer in answers:
            told = self._fates(answer)
            fates += zip(answer.batch, told, strict=True)
            self._note(answer.error or self._unfinished(answer.receipts, told))
        return fates

    def _fates(self, answer: Answered) -> list[Settlement]:
        if answer.error is not None and not isinstance(answer.error, Unanswered):
            return [Settlement(item.write_id, "waiting") for item in answer.batch]
        return decide.settled(answer.receipts, [item.write for item in answer.batch])

    def _unfinished(self, receipts: Sequence[Receipt], told: Sequence[Settlement]) -> Retry | None:
        """Say what is wrong where some writes were not settled, unless they can go again soon."""
        states = {item.state for item in told}
        if "unknown" in states:
            return Unanswered(
                f"{self.outbox.delivery.system} gave no receipt for some writes",
                remedy="they are looked up before they are sent again",
            )
        if any(receipt.outcome == "retry" for receipt in receipts):
            return Retry(
                f"{self.outbox.delivery.system} asked to send some writes again later",
                remedy="run again",
            )
        self._put_off = self._put_off or "waiting" in states
        return None

    def _note(self, error: Retry | Stop | None) -> None:
        """Remember what went wrong: a refusal above all, and a lost answer least."""
        if error is not None and _gravity(error) > _gravity(self._trouble):
            self._trouble = error


def _gravity(error: Retry | Stop | None) -> int:
    if error is None:
        return 0
    return 3 if isinstance(error, Stop) else 1 if isinstance(error, Unanswered) else 2
