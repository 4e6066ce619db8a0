"""Brings records in Salesforce to their desired state, or takes them away, 200 at a call.

A new record is upserted by our id, so that a repetition finds it; one that a look-up or a match
found is updated by its own id, so that it is never made a second time. Two customers may match one
record, so whose it is by now is looked at just before. A write without a receipt is one whose fate
is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from accord.errors import AccordError, Unanswered
from accord.records import Receipt, Write
from systems.salesforce.matching import owners_of
from systems.salesforce.objects import ARCHIVED, OUR_ID, Kind, to_remote
from systems.salesforce.refusals import GONE, TRANSIENT, Refusal, is_among, refusal
from systems.salesforce.remote import Org, Result

BATCH = 200
_DOUBLED = Refusal(
    "doubled_at_destination",
    "More than one record is this customer",
    "merge them in Salesforce, then replay",
)
_Wanted = tuple[Write, Mapping[str, Any]]
_Call = Callable[[Sequence[Mapping[str, Any]]], Sequence[Result]]


class Saving:
    """One delivery or removal of objects of one kind; used once."""

    def __init__(self, org: Org, kind: Kind) -> None:
        self._org, self._kind = org, kind
        self._receipts: dict[str, Receipt] = {}
        self._unknown: set[str] = set()
        self._trouble: AccordError | None = None

    def deliver(self, writes: Sequence[Write]) -> list[Receipt]:
        """Deliver all writes; those that could not be tried get a receipt saying `retry`.

        Raises what went wrong when that leaves nothing known about any write.
        """
        kind, org = self._kind, self._org
        single = self._without_doubled(writes)
        new = [(write, _new(kind, write)) for write in single if write.found is None]
        held = [(write, _changed(kind, write)) for write in single if write.found is not None]
        self._save(new, lambda records: org.upsert(kind.sobject, OUR_ID, records))
        for start in range(0, len(held), BATCH):
            batch = held[start : start + BATCH]
            owners = self._owners(batch)
            self._save([it for it in batch if owners.get(_id(it)) == it[0].key], self._update)
            self._adopt([it for it in batch if owners.get(_id(it)) != it[0].key])
        return self._concluded(writes)

    def _adopt(self, batch: Sequence[_Wanted]) -> None:
        """Make records ours that are free; one that two customers match is the first one's."""
        if not batch:
            return
        with self._org.adopting:
            owners = self._owners(batch)
            kept: list[_Wanted] = []
            for wanted in batch:
                write = wanted[0]
                if write.may_take(owners.get(_id(wanted), "")):
                    owners[_id(wanted)] = write.key
                    kept.append(wanted)
                elif self._trouble is None:
                    self._keep([_gone(write, "The record became another customer's meanwhile")])
            self._save(kept, self._update)

    def _owners(self, batch: Sequence[_Wanted]) -> dict[str, str]:
        """Whose these records are by now; nothing is known after trouble."""
        if self._trouble is None:
            try:
                return owners_of(self._org, self._kind, [_id(wanted) for wanted in batch])
            except AccordError as error:
                self._trouble = error
        return {}

    def _update(self, records: Sequence[Mapping[str, Any]]) -> Sequence[Result]:
        return self._org.update(self._kind.sobject, records)

    def remove(
        self, writes: Sequence[Write], policy: Literal["propagate", "archive"]
    ) -> list[Receipt]:
        """Take the found records away; what was not found is gone already. Raises like `deliver`.

        An archived record keeps our id, so that it is the same one that comes back.
        """
        single = self._without_doubled(writes)
        self._keep(Receipt(write.write_id, "delivered") for write in single if write.found is None)
        held = [
            (write, {"id": write.found.destination_ids[0], ARCHIVED: True})
            for write in single
            if write.found is not None
        ]
        if policy == "archive":
            self._save(held, self._update, gone="delivered")
        else:
            self._save(
                held,
                lambda records: self._org.delete([str(record["id"]) for record in records]),
                gone="delivered",
            )
        return self._concluded(writes)

    def _without_doubled(self, writes: Sequence[Write]) -> list[Write]:
        doubled = [it for it in writes if it.found and len(it.found.destination_ids) != 1]
        self._keep(_rejected(write, _DOUBLED) for write in doubled)
        return [write for write in writes if write.write_id not in self._receipts]

    def _save(
        self,
        wanted: Sequence[_Wanted],
        call: _Call,
        *,
        gone: Literal["retry", "delivered"] = "retry",
    ) -> None:
        """Make the calls, up to one that runs into trouble, and keep what they settle."""
        for start in range(0, len(wanted), BATCH):
            if self._trouble is not None:
                return
            batch = wanted[start : start + BATCH]
            try:
                results = call([record for _, record in batch])
            except AccordError as error:
                self._trouble = error
                if isinstance(error, Unanswered):
                    self._unknown |= {write.write_id for write, _ in batch}
                return
            pairs = zip(batch, results, strict=True)
            self._keep(_receipt(write, result, gone=gone) for (write, _), result in pairs)

    def _keep(self, receipts: Iterable[Receipt]) -> None:
        for receipt in receipts:
            self._receipts[receipt.write_id] = receipt

    def _concluded(self, writes: Sequence[Write]) -> list[Receipt]:
        settled, trouble = list(self._receipts.values()), self._trouble
        if trouble is None:
            return settled
        known = {*self._receipts, *self._unknown}
        untried = [
            Receipt(write.write_id, "retry", "", "not_sent", trouble.what, trouble.remedy)
            for write in writes
            if write.write_id not in known
        ]
        if not settled and (not isinstance(trouble, Unanswered) or not untried):
            raise trouble
        return [*settled, *untried]


def _new(kind: Kind, write: Write) -> dict[str, Any]:
    """A record as it is made: with everything that it starts with."""
    return {**_record(kind, {**write.seed, **write.content}), OUR_ID: write.key}


def _changed(kind: Kind, write: Write) -> dict[str, Any]:
    """A record that is there already: with our id, and only what is ours."""
    assert write.found is not None  # noqa: S101 - the caller chose those that were found
    record_id = write.found.destination_ids[0]
    return {"id": record_id, **_record(kind, write.content), OUR_ID: write.key}


def _record(kind: Kind, columns: Mapping[str, Any]) -> dict[str, Any]:
    return {**to_remote(kind, columns), ARCHIVED: False}


def _receipt(write: Write, result: Result, *, gone: Literal["retry", "delivered"]) -> Receipt:
    if result.success:
        return Receipt(write.write_id, "delivered", result.id or "")
    if is_among(result.errors, GONE):
        if gone == "delivered":
            return Receipt(write.write_id, "delivered")
        return _gone(write, "The record is not there any more")
    why = refusal(result.errors)
    if is_among(result.errors, TRANSIENT):
        return Receipt(write.write_id, "retry", "", "busy", why.detail, "it is sent again later")
    return _rejected(write, why)


def _id(wanted: _Wanted) -> str:
    return str(wanted[1]["id"])


def _gone(write: Write, detail: str) -> Receipt:
    return Receipt(write.write_id, "retry", "", "gone", detail, "run again: it is looked up anew")


def _rejected(write: Write, why: Refusal) -> Receipt:
    return Receipt(write.write_id, "rejected", "", why.cause, why.detail, why.remedy)
