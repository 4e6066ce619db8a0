"""Brings records in Salesforce to their desired state, or takes them away, 200 at a call.

A new record is upserted by our id, so that a repetition finds it; one that a look-up or a match
found is updated by its own id, so that it is never made a second time. Two customers may match one
record, and somebody may opt out meanwhile, so whose it is by now and what it says of that is looked
at just before. A write without a receipt is one whose fate is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from accord.errors import AccordError, Unanswered
from accord.records import Receipt, Write
from systems.salesforce.matching import standings
from systems.salesforce.objects import ARCHIVED, OUR_ID, Kind, Standing, opting_out, to_remote
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
        held = [write for write in single if write.found is not None]
        self._save(new, lambda records: org.upsert(kind.sobject, OUR_ID, records))
        for start in range(0, len(held), BATCH):
            batch = held[start : start + BATCH]
            seen = self._seen(batch)
            self._adopt([it for it in batch if seen[_id(it)].owner != it.key])
            self._change([it for it in batch if seen[_id(it)].owner == it.key], seen)
        return self._concluded(writes)

    def _adopt(self, batch: Sequence[Write]) -> None:
        """Make records ours that are free; one that two customers match is the first one's."""
        if not batch:
            return
        with self._org.adopting:
            seen = dict(self._seen(batch))
            kept: list[Write] = []
            for write in batch:
                here = seen[_id(write)]
                if write.may_take(here.owner):
                    seen[_id(write)] = replace(here, owner=write.key)
                    kept.append(write)
                elif self._trouble is None:
                    self._keep([Receipt(write.write_id, "gone")])  # to another customer
            self._change(kept, seen)

    def _seen(self, batch: Sequence[Write]) -> Mapping[str, Standing]:
        """How the records of these are by now; nothing is known after trouble."""
        seen = {_id(write): Standing() for write in batch}
        if self._trouble is None:
            try:
                return {**seen, **standings(self._org, self._kind, list(seen))}
            except AccordError as error:
                self._trouble = error
        return seen

    def _change(self, batch: Sequence[Write], seen: Mapping[str, Standing]) -> None:
        wanted = [(write, _changed(self._kind, write, seen[_id(write)])) for write in batch]
        self._save(wanted, self._update)

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
        gone: Literal["gone", "delivered"] = "gone",
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
    return _record(kind, write, {**write.seed, **write.content}, Standing())


def _changed(kind: Kind, write: Write, seen: Standing) -> dict[str, Any]:
    """A record that is there already: with our id, and only what is ours."""
    return {"id": _id(write), **_record(kind, write, write.content, seen)}


def _record(kind: Kind, write: Write, columns: Mapping[str, Any], seen: Standing) -> dict[str, Any]:
    own = {ARCHIVED: False, OUR_ID: write.key}
    return {**to_remote(kind, columns), **opting_out(kind, columns, seen), **own}


def _receipt(write: Write, result: Result, *, gone: Literal["gone", "delivered"]) -> Receipt:
    if result.success:
        return Receipt(write.write_id, "delivered", result.id or "")
    if is_among(result.errors, GONE):
        return Receipt(write.write_id, gone)
    why = refusal(result.errors)
    if is_among(result.errors, TRANSIENT):
        return Receipt(write.write_id, "busy", "", "busy", why.detail, "it is sent again later")
    return _rejected(write, why)


def _id(write: Write) -> str:
    """The id of the one record that a write was found to be."""
    assert write.found is not None  # noqa: S101 - the caller chose those that were found
    return write.found.destination_ids[0]


def _rejected(write: Write, why: Refusal) -> Receipt:
    return Receipt(write.write_id, "rejected", "", why.cause, why.detail, why.remedy)
