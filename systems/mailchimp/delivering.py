"""Brings members to their desired state, and takes them away.

What each write needs is decided by `plan` from the roll; `Delivery` carries it out and turns every
answer into a receipt. A few writes go one by one, which answers at once; more go as one batch,
because an account may have only ten calls under way. Mailchimp's batch subscribe (POST
/lists/{id}) would answer at once too, but it sets the status of whoever is there already, and so
could subscribe somebody who opted out a moment ago; what is used here sets none.

A write without a receipt is one whose fate is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from accord.errors import AccordError, Unanswered
from accord.http import Answer
from accord.records import Receipt, Write
from systems.mailchimp import refusals
from systems.mailchimp.batches import Batches, Operation, Result
from systems.mailchimp.members import (
    ARCHIVED,
    OPTED_OUT,
    due_status,
    first_status,
    merge_fields,
    subscriber_hash,
)
from systems.mailchimp.refusals import Refusal, refusal
from systems.mailchimp.remote import told
from systems.mailchimp.roll import Known, Roll

FEW = 4
"""So many writes at most are sent one by one."""

Call = Callable[[str, str, Mapping[str, Any] | None], Answer]
"""Sends one write below the audience: method, path, body."""


def plan(write: Write, known: Mapping[str, Known], *, taken: bool) -> Operation | Refusal:
    """Decide what a write needs. `known` are the members it was found to be, by id.

    A member who is there keeps the status it has, unless the person opted out elsewhere; one who
    is not there is added by address. `taken` says that the address is another customer's.
    """
    ids = write.found.destination_ids if write.found else ()
    fields = {"merge_fields": merge_fields(write.key, write.content)}
    email = str(write.content.get("email") or "")
    if len(ids) > 1:
        return refusals.DOUBLED
    if taken:
        return refusals.EMAIL_TAKEN if email else refusals.NO_EMAIL
    if ids:
        member = known.get(ids[0])
        is_moved = bool(email) and (member is None or member.hash != subscriber_hash(email))
        status = due_status(member.status, write.content, write.seed) if member else ""
        return Operation(
            write.write_id,
            "PATCH",
            f"/members/{ids[0]}",
            {
                **fields,
                **({"email_address": email} if is_moved else {}),
                **({"status": status} if status else {}),
            },
        )
    if not email:
        return refusals.NO_EMAIL
    status = first_status(write.content, write.seed)
    body = {**fields, "email_address": email, "status_if_new": status}
    return Operation(write.write_id, "PUT", f"/members/{subscriber_hash(email)}", body)


@dataclass(slots=True)
class Delivery:
    """One delivery or removal of writes in one audience.

    `claims` are members and addresses that the roll keeps for these writes until it is told.
    """

    call: Call
    batches: Batches
    roll: Roll
    receipts: dict[str, Receipt] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    claims: list[str] = field(default_factory=list)
    trouble: AccordError | None = None

    def deliver(self, writes: Sequence[Write]) -> list[Receipt]:
        """Deliver all writes; those that could not be tried get a receipt saying `retry`.

        Raises what went wrong when that leaves nothing known about any write.
        """
        by_id = {write.write_id: write for write in sorted(writes, key=lambda write: write.key)}
        results = self._done(self._planned(list(by_id.values())))
        amends = [amend for name, it in results.items() if (amend := _amended(by_id[name], it))]
        amended = self._done(amends)
        for item in amends:
            del results[item.name]
        for name, result in {**results, **amended}.items():
            if receipt := self._receipt(by_id[name], result):
                self.receipts[name] = receipt
            else:
                self.unknown.add(name)
        return self._concluded(writes)

    def remove(
        self, writes: Sequence[Write], policy: Literal["propagate", "archive"]
    ) -> list[Receipt]:
        """Archive members, or delete them for good; who opted out is archived in any case.

        Mailchimp takes back nobody that was deleted, but it also forgets why; of an opt-out a
        record has to stay. Raises like `deliver`.
        """
        mine = self.roll.under([write.key for write in writes])
        parts: dict[str, list[Operation]] = {
            write.write_id: [
                _removal(f"{write.write_id}.{member.id}", member, policy)
                for member in mine.get(write.key, ())
            ]
            for write in writes
        }
        results = self._done([item for items in parts.values() for item in items])
        for name, items in parts.items():
            answers = [results[item.name] for item in items if item.name in results]
            if len(answers) == len(items):
                self.receipts[name] = _removed(name, answers)
                self.roll.forget(item.path.split("/")[2] for item in items)
            elif any(item.name in self.unknown for item in items):
                self.unknown.add(name)
        if self.unknown:
            self.roll.doubt()
        return self._concluded(writes)

    def _planned(self, writes: Sequence[Write]) -> list[Operation]:
        ids = [one for write in writes if write.found for one in write.found.destination_ids]
        known = self.roll.with_ids(ids)
        hashes = {
            write.write_id: subscriber_hash(str(write.content.get("email") or ""))
            for write in writes
        }
        members = self.roll.with_hashes(list(hashes.values()))
        holders = {name: item.key for name, item in members.items() if item.key}
        operations = []
        for write in writes:
            own = next(iter(write.found.destination_ids if write.found else ()), "")
            own = own or hashes[write.write_id]
            by = holders.get(own, "")
            if write.may_take(by):
                by = self.roll.claim(own, write.key)
            if by == write.key:
                self.claims.append(own)
            item = plan(write, known, taken=by != write.key)
            if isinstance(item, Refusal):
                self.receipts[write.write_id] = _rejected(write.write_id, item)
            else:
                operations.append(item)
        return operations

    def _done(self, operations: Sequence[Operation]) -> dict[str, Result]:
        """Carry operations out, unless an earlier one ran into trouble, and return the results."""
        if self.trouble is not None or not operations:
            return {}
        if len(operations) > FEW:
            return self._tried(operations, lambda: self.batches.run(operations))
        results: dict[str, Result] = {}
        for item in operations:
            if self.trouble is None:
                results.update(self._tried([item], partial(self._one, item)))
        return results

    def _one(self, item: Operation) -> dict[str, Result]:
        answer = self.call(item.method, item.path, item.body)
        return {item.name: Result(answer.status, told(answer) if answer.body else {})}

    def _tried(
        self, operations: Sequence[Operation], call: Callable[[], dict[str, Result]]
    ) -> dict[str, Result]:
        try:
            results = call()
        except AccordError as error:
            self.trouble = error
            if isinstance(error, Unanswered):
                self.unknown |= {item.name for item in operations}
            return {}
        self.unknown |= {it.name for it in operations if _is_unclear(results.get(it.name))}
        return {it.name: results[it.name] for it in operations if it.name not in self.unknown}

    def _receipt(self, write: Write, result: Result) -> Receipt | None:
        """Turn an answer into a receipt; None where it does not say what became of the write."""
        if result.status == 404 or _is_put_aside(write, result):
            self.roll.forget(write.found.destination_ids if write.found else ())
            return Receipt(write.write_id, "gone")
        if result.status == 429:
            busy = "Mailchimp had too much to do"
            return Receipt(write.write_id, "busy", "", "busy", busy, "it is sent again later")
        if result.status != 200:
            return _rejected(write.write_id, refusal(result.content))
        contact_id = result.content.get("contact_id")
        return Receipt(write.write_id, "delivered", str(contact_id)) if contact_id else None

    def _concluded(self, writes: Sequence[Write]) -> list[Receipt]:
        settled, trouble = list(self.receipts.values()), self.trouble
        if trouble is None:
            return settled
        known = {*self.receipts, *self.unknown}
        untried = [
            Receipt(write.write_id, "retry", "", "not_sent", trouble.what, trouble.remedy)
            for write in writes
            if write.write_id not in known
        ]
        if not settled and (not isinstance(trouble, Unanswered) or not untried):
            raise trouble
        return [*settled, *untried]


def _amended(write: Write, result: Result) -> Operation | None:
    """Return what is still to be done to a member that was there after all, or put aside."""
    if result.status != 200 or _is_put_aside(write, result):
        return None
    status = due_status(str(result.content.get("status")), write.content, write.seed)
    if not status:
        return None
    path = f"/members/{result.content.get('contact_id')}"
    return Operation(write.write_id, "PATCH", path, {"status": status})


def _is_put_aside(write: Write, result: Result) -> bool:
    """Tell whether a member that was found was archived before the write came to it."""
    return write.found is not None and result.content.get("status") == ARCHIVED


def _removal(name: str, member: Known, policy: str) -> Operation:
    path = f"/members/{member.id}"
    if policy == "propagate" and member.status not in OPTED_OUT:
        return Operation(name, "POST", f"{path}/actions/delete-permanent")
    return Operation(name, "DELETE", path)


def _removed(write_id: str, answers: Sequence[Result]) -> Receipt:
    """Return a removal's receipt; 404 and 405 say that the member is gone or archived already."""
    for result in answers:
        if result.status not in (200, 204, 404, 405):
            return _rejected(write_id, refusal(result.content))
    return Receipt(write_id, "delivered")


def _is_unclear(result: Result | None) -> bool:
    """Tell whether an operation may or may not have been done."""
    return result is None or result.status < 200 or result.status >= 500


def _rejected(write_id: str, why: Refusal) -> Receipt:
    return Receipt(write_id, "rejected", "", why.cause, why.detail, why.remedy)
