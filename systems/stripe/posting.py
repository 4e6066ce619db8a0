"""Brings customers in Stripe to their desired state: one request a write, several at once.

Every write goes out under an idempotency key that is its own id, which Stripe remembers for a day
at least, so that the same write sent again has no second effect. A write without a receipt is one
whose fate is not known.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from accord.errors import AccordError, Stop, Unanswered
from accord.http import Answer
from accord.records import Receipt, Write
from systems.stripe.customers import archiving, creating, updating
from systems.stripe.errors import code_of
from systems.stripe.looking import Looking
from systems.stripe.reading import CUSTOMERS, customer_path
from systems.stripe.refusals import DOUBLED, Refusal, refusal
from systems.stripe.remote import Account, is_replayed, told

_TRIES = 3


@dataclass(slots=True)
class Posting:
    """One delivery of writes to one account; after a failure no further one is sent."""

    account: Account
    looking: Looking
    _receipts: list[Receipt] = field(default_factory=list)
    _untried: list[Write] = field(default_factory=list)
    _trouble: list[AccordError] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def deliver(self, writes: Sequence[Write]) -> list[Receipt]:
        """Create what was not found, update what was."""
        return self._all(writes, self._delivered)

    def remove(self, writes: Sequence[Write], *, archive: bool) -> list[Receipt]:
        """Delete the customers, or put them aside where `archive` says so."""
        return self._all(writes, self._archived if archive else self._deleted)

    def _all(self, writes: Sequence[Write], send: Callable[[Write], Receipt]) -> list[Receipt]:
        def attempt(write: Write) -> None:
            if self._stopped.is_set():
                self._untried.append(write)
                return
            try:
                self._receipts.append(send(write))
            except AccordError as error:
                self._stopped.set()
                self._trouble.append(error)
                if isinstance(error, Unanswered):
                    self.looking.recent.doubt()
                else:
                    self._untried.append(write)

        self.account.each(attempt, writes)
        return list(self._concluded())

    def _concluded(self) -> Iterator[Receipt]:
        """Give the receipts; raise the trouble when it leaves nothing known about any write."""
        unknown = [error for error in self._trouble if isinstance(error, Unanswered)]
        stops = [error for error in self._trouble if isinstance(error, Stop)]
        if not self._receipts and self._trouble and not (unknown and self._untried):
            raise [*unknown, *stops, *self._trouble][0]
        yield from self._receipts
        for write in self._untried:
            trouble = [*stops, *self._trouble][0]
            yield Receipt(write.write_id, "retry", "", "not_sent", trouble.what, trouble.remedy)

    def _delivered(self, write: Write) -> Receipt:
        ids = write.found.destination_ids if write.found else ()
        if len(ids) > 1:
            return _rejected(write, DOUBLED)
        return self._updated(write, ids[0]) if ids else self._created(write)

    def _updated(self, write: Write, customer_id: str) -> Receipt:
        self.looking.recent.note(customer_id, write.key)
        form = updating(write.content)
        answer = self.account.write("POST", customer_path(customer_id), form, key=write.write_id)
        return self._settled(write, answer)

    def _created(self, write: Write) -> Receipt:
        """Create a customer; an answer kept of one that is gone by now makes way for another."""
        form = creating(write.content, write.seed)
        for number in range(_TRIES):
            key = f"{write.write_id}-new{number}" if number else write.write_id
            answer = self.account.write("POST", CUSTOMERS, form, key=key)
            if answer.status != 200 or not is_replayed(answer):
                break
            customer = self.looking.one(str(told(answer).get("id")))
            if customer and not customer.get("deleted"):
                break
        return self._settled(write, answer)

    def _settled(self, write: Write, answer: Answer) -> Receipt:
        if _is_gone(answer):
            return Receipt(write.write_id, "gone")
        if answer.status != 200:
            return _rejected(write, refusal(answer))
        customer_id = told(answer).get("id")
        if not customer_id:
            raise Unanswered(
                "Stripe's answer to a write names no customer",
                remedy="the write is looked up before it is sent again",
            )
        self.looking.recent.note(str(customer_id), write.key)
        return Receipt(write.write_id, "delivered", str(customer_id))

    def _deleted(self, write: Write) -> Receipt:
        return self._taken_away(
            write, lambda customer_id: self.account.write("DELETE", customer_path(customer_id))
        )

    def _archived(self, write: Write) -> Receipt:
        return self._taken_away(
            write,
            lambda customer_id: self.account.write(
                "POST", customer_path(customer_id), archiving(), key=write.write_id
            ),
        )

    def _taken_away(self, write: Write, send: Callable[[str], Answer]) -> Receipt:
        """Take away the one customer that carries the write's key; a missing one is gone."""
        found = write.found or self.looking.look_up([write.key]).get(write.key)
        ids = found.destination_ids if found else ()
        if len(ids) > 1:
            return _rejected(write, DOUBLED)
        for customer_id in ids:
            self.looking.recent.note(customer_id, write.key)
            answer = send(customer_id)
            if answer.status != 200 and not _is_gone(answer):
                return _rejected(write, refusal(answer))
        return Receipt(write.write_id, "delivered", "".join(ids))


def _is_gone(answer: Answer) -> bool:
    return answer.status == 404 or code_of(answer) == "resource_missing"


def _rejected(write: Write, why: Refusal) -> Receipt:
    return Receipt(write.write_id, "rejected", "", why.cause, why.detail, why.remedy)
