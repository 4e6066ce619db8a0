"""The engine with one safeguard taken out at a time: each has to make the laboratory fail.

A name says what is missing. Every one is a way in which such engines are really built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

import psycopg

from accord.contracts.model import Contract
from accord.delivery import decide, sending
from accord.delivery.courier import Approved
from accord.delivery.decide import settled
from accord.delivery.looking import Looked, Looking
from accord.delivery.settling import Resolver
from accord.errors import AccordError
from accord.quality.data_version import data_versions
from accord.records import Found, Receipt, Write
from accord.store import dead_letters, verdicts
from accord.store.landing import Lander
from accord.store.outbox import Intended, Outbox, Settlement
from accord.store.queries import for_table, queries
from systems.xero import posting
from tests.chaos import models
from tests.chaos.steps import MortalStore

Without = Callable[[], AbstractContextManager[Any]]


def _resolved_by_hoping(self: Resolver, connection: Any) -> None:
    batch = self.outbox.unknown(connection)
    self.settler.settle(connection, [(it, Settlement(it.write_id, "waiting")) for it in batch])


def _sent_blindly(_: Looking, batch: Sequence[Intended]) -> Looked:
    return Looked(batch)


def _waited_by_the_clock(self: Resolver, batch: Sequence[Intended]) -> bool:
    latest = max((item.sent_at for item in batch if item.sent_at), default=None)
    if latest is not None:
        now = self.settler.clock()
        rest = self.outbox.delivery.settle_seconds - (now - latest).total_seconds()
        self.sleep(max(0.0, rest))
    return False


def _claimed_unseen(
    _: Outbox, __: Any, writes: Sequence[Intended], **___: Any
) -> Sequence[Intended]:
    return writes


def _is_somehow_there(_: Write, found: Found | None) -> bool:
    return found is not None and len(found.destination_ids) == 1


def _approved_unjudged(connection: Any, days: Sequence[str]) -> Approved:
    return Approved(data_versions(connection, models.TAKINGS, days), "nothing")


def _approved_as_it_was(connection: Any, contract: Contract, days: Sequence[str]) -> Any:
    passed = verdicts.passing(connection, contract.name, contract.digest, days)
    now = data_versions(connection, contract, sorted(passed))
    return {day: now[day] for day in passed}


def _believed(receipts: Iterable[Receipt], sent: Sequence[Write]) -> list[Settlement]:
    told = {receipt.write_id: receipt for receipt in receipts}
    fates = settled(told.values(), sent)
    return [it if it.write_id in told else Settlement(it.write_id, "delivered") for it in fates]


class _NeverRaised(AccordError):
    """No error is of this class."""


@contextmanager
def _cursor_of_its_own() -> Iterator[None]:
    """Move the cursor in a transaction of its own, while the rows are still on their way."""
    joint = Lander._run

    def run(self: Lander, name: str, **values: object) -> Any:
        if name != "move_cursor":
            return joint(self, name, **values)
        with psycopg.connect(self.connection.info.dsn, autocommit=True) as apart:
            known = {"stream": str(self.stream.name), "run_id": self.run_id, **values}
            statement = for_table(queries("landing")[name], self.stream.name.table)
            return apart.execute(statement, known)

    with patch.object(Lander, "_run", run):
        yield


@contextmanager
def _letters_left() -> Iterator[None]:
    with (
        patch.object(dead_letters, "resolve_absent", lambda *_: 0),
        patch.object(dead_letters, "resolve_pieces", lambda *_: 0),
    ):
        yield


def _instead(statement: str, *, file: str, by: str) -> AbstractContextManager[Any]:
    assert statement in queries(file)
    return patch.dict(queries(file), {statement: by})


def _amended(statement: str, was: str, *, file: str, by: str) -> AbstractContextManager[Any]:
    text = queries(file)[statement]
    assert was in text
    return _instead(statement, file=file, by=text.replace(was, by))


WITHOUT: Mapping[str, Without] = {
    "looking up what is unknown": lambda: patch.object(Resolver, "resolve", _resolved_by_hoping),
    "looking before sending": lambda: patch.object(Looking, "look", _sent_blindly),
    "comparing what was found": lambda: patch.object(decide, "already_there", _is_somehow_there),
    "calling an unanswered write unknown": lambda: patch.object(
        sending, "Unanswered", _NeverRaised
    ),
    "waiting for late effects": lambda: patch.object(
        Resolver, "wait_until_settled", lambda *_: True
    ),
    "waiting without a look at the clock": lambda: patch.object(
        Resolver, "wait_until_settled", _waited_by_the_clock
    ),
    "noting that a write leaves": lambda: patch.object(Outbox, "claim", _claimed_unseen),
    "finding what a killed run was sending": lambda: patch.object(
        Outbox, "orphan", lambda *_, **__: 0
    ),
    "idempotency keys": lambda: patch.object(posting, "_key", lambda *_: ""),
    "superseding": lambda: _instead("supersede", file="outbox", by="select"),
    "the crosswalk": lambda: _amended(
        "settle", "and effect = 'write'", file="outbox", by="and false"
    ),
    "being alone": lambda: patch.object(MortalStore, "alone", lambda *_: nullcontext()),
    "rows and cursor in one transaction": _cursor_of_its_own,
    "tombstones": lambda: _instead(
        "remove", file="landing", by="select '' as day, 0 as removed where false"
    ),
    "settling dead letters": lambda: _letters_left(),
    "asking the gate": lambda: patch.object(models, "approve", _approved_unjudged),
    "a verdict on this very version": lambda: patch.object(
        models, "approved_versions", _approved_as_it_was
    ),
    "missing a receipt": lambda: patch.object(decide, "settled", _believed),
}

FAMILY: Mapping[str, str] = {
    "waiting for late effects": "late",
    "waiting without a look at the clock": "clock set",
    "noting that a write leaves": "late",
    "finding what a killed run was sending": "late",
    "being alone": "together",
    "rows and cursor in one transaction": "torn apart",
    "asking the gate": "unjudged",
    "a verdict on this very version": "unjudged",
}
"""The schedules that go straight for a safeguard; the others show in the general ones."""
