"""Brings documents in Xero to their desired state, one write or batch after the other.

What has to happen to each write is decided by `plan`, from what a look-up just saw; the rest
carries that out and turns every answer into a receipt. A write without a receipt is one whose fate
is not known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from accord.errors import AccordError, Retry, Unanswered
from accord.http import Answer
from accord.records import Receipt, Write
from systems.xero.documents import KINDS, Kind, to_remote, voided_number
from systems.xero.refusals import Refusal, messages_about, refusal
from systems.xero.remote import Organisation, told

BATCH = 50
_GONE = frozenset({"VOIDED", "DELETED"})
_DOUBLED = Refusal(
    "doubled_at_destination",
    "More than one live document of the same kind has this number",
    "void all but one of them in Xero, then replay",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one write needs: a document to void first, one to update, or a new one; or nothing."""

    write: Write
    kind: Kind
    void: str = ""
    update: str = ""
    is_doubled: bool = False


def plan(write: Write) -> Plan:
    """Decide what to do from what the look-up found under the write's key.

    A document of the other kind is voided, since a change of sign cannot be made to it; both kinds
    at once are what a crash between voiding and creating leaves in an imitation of Xero.
    """
    kind = KINDS[write.content["kind"]]
    found = write.found.destination_ids if write.found else ()
    same = [item for item in found if item.startswith(f"{kind.name}:")]
    other = [item for item in found if item not in same]
    return Plan(
        write,
        kind,
        void="".join(other[:1]),
        update="".join(same[:1]).partition(":")[2],
        is_doubled=len(same) > 1 or len(other) > 1,
    )


class Posting:
    """One delivery of writes to one organisation."""

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation
        self._receipts: dict[str, Receipt] = {}
        self._unknown: set[str] = set()
        self._trouble: AccordError | None = None

    def deliver(self, writes: Sequence[Write]) -> list[Receipt]:
        """Deliver all writes; those that could not be tried get a receipt saying `retry`.

        Raises what went wrong when that leaves nothing known about any write.
        """
        plans = [plan(write) for write in sorted(writes, key=lambda write: write.key)]
        for item in plans:
            if item.is_doubled:
                self._keep([_rejected(item.write, _DOUBLED)])
            elif item.void:
                self._attempt([item.write], partial(self._void, item))
        for item in self._open(plans):
            if item.update:
                self._attempt([item.write], partial(self._update, item))
        for kind in KINDS.values():
            new = [item.write for item in self._open(plans) if item.kind is kind]
            for start in range(0, len(new), BATCH):
                batch = new[start : start + BATCH]
                self._attempt(batch, partial(self._create, kind, batch))
        return self._concluded(writes)

    def _open(self, plans: Iterable[Plan]) -> list[Plan]:
        return [
            item
            for item in plans
            if item.write.write_id not in self._receipts
            and item.write.write_id not in self._unknown
        ]

    def _attempt(self, writes: Sequence[Write], call: Callable[[], Iterable[Receipt]]) -> None:
        """Make one call, unless an earlier one ran into trouble, and keep what it settles."""
        if self._trouble is not None:
            return
        try:
            self._keep(call())
        except AccordError as error:
            self._trouble = error
            if isinstance(error, Unanswered):
                self._unknown |= {write.write_id for write in writes}

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

    def _void(self, item: Plan) -> Iterator[Receipt]:
        """Void the document of the other kind, taking its number away; a refusal is a receipt.

        Should Xero refuse to renumber in the same request, it is voided as it is.
        """
        kind_name, _, document_id = item.void.partition(":")
        kind = KINDS[kind_name]
        path = f"{kind.path}/{document_id}"
        answer = self._organisation.read(path, {})
        status = _status(answer, kind)
        if status in _GONE:
            return
        end = "DELETED" if status in ("DRAFT", "SUBMITTED") else "VOIDED"
        plain = {kind.id_field: document_id, "Status": end}
        renamed = {**plain, kind.number_field: voided_number(item.write.key, document_id)}
        receipt: Receipt | None = None
        for change in (renamed, plain):
            key = _key("void", [item.write], str(sorted(change.items())))
            answer = self._organisation.write(path, {kind.collection: [change]}, key=key)
            receipt = _receipt(item.write, answer, kind)
            if receipt.outcome == "delivered":
                return
        if receipt is not None:
            yield receipt

    def _update(self, item: Plan) -> Iterator[Receipt]:
        kind = item.kind
        document = {kind.id_field: item.update, **to_remote(item.write.content)}
        answer = self._organisation.write(
            f"{kind.path}/{item.update}",
            {kind.collection: [document]},
            key=_key("update", [item.write], item.update),
        )
        yield _receipt(item.write, answer, kind)

    def _create(self, kind: Kind, writes: Sequence[Write]) -> Iterator[Receipt]:
        """Create a batch; where it is refused as a whole, each write is tried alone."""
        answer = self._organisation.write(
            kind.path,
            {kind.collection: [to_remote(write.content) for write in writes]},
            key=_key("create", writes, kind.name),
            params={"summarizeErrors": "false"},
        )
        if len(writes) == 1 and answer.status != 200:
            yield _receipt(writes[0], answer, kind)
        elif answer.status != 200:
            for write in writes:
                yield from self._create(kind, [write])
        else:
            by_number = {
                document.get(kind.number_field): document
                for document in _documents(told(answer), kind)
            }
            for write in writes:
                if (document := by_number.get(write.key)) is not None:
                    yield _settled(write, document, kind)


def _receipt(write: Write, answer: Answer, kind: Kind) -> Receipt:
    """Turn the answer to a request about one document into its receipt."""
    if answer.status == 404:
        return Receipt(write.write_id, "gone")
    if answer.status != 200:
        return _rejected(write, refusal(_messages(answer, kind)))
    documents = _documents(told(answer), kind)
    if not documents:
        raise _unclear()
    return _settled(write, documents[0], kind)


def _messages(answer: Answer, kind: Kind) -> list[str]:
    """Return what a refused request was told; its body may be anything."""
    try:
        content = answer.json()
    except Retry:
        return []
    found = [text for item in _documents(content, kind) for text in messages_about(item) or ()]
    return found or ([str(content.get("Message", ""))] if _is(content) else [])


def _status(answer: Answer, kind: Kind) -> str:
    """Return the status of a document just read; one that is not there counts as deleted."""
    if answer.status == 404:
        return "DELETED"
    documents = _documents(answer.json(), kind) if answer.status == 200 else []
    if not documents:
        raise Retry(
            f"Xero answered {answer.status} without a document to the reading of one",
            remedy="run again; if it stays, look at the document in Xero",
        )
    return str(documents[0].get("Status"))


def _unclear() -> Unanswered:
    return Unanswered(
        "Xero's answer to a write names no document",
        remedy="the write is looked up before it is sent again",
    )


def _settled(write: Write, document: Mapping[str, Any], kind: Kind) -> Receipt:
    messages = messages_about(document)
    if messages is not None:
        return _rejected(write, refusal(messages))
    document_id = document.get(kind.id_field)
    if not document_id:
        raise _unclear()
    return Receipt(write.write_id, "delivered", kind.destination_id(str(document_id)))


def _rejected(write: Write, why: Refusal) -> Receipt:
    return Receipt(write.write_id, "rejected", "", why.cause, why.detail, why.remedy)


def _documents(content: Any, kind: Kind) -> list[Mapping[str, Any]]:
    """Return the documents of an answer, or the elements of a refusal."""
    listed = content.get(kind.collection, content.get("Elements")) if _is(content) else None
    return [item for item in listed or () if _is(item)]


def _is(content: Any) -> bool:
    return isinstance(content, Mapping)


def _key(step: str, writes: Sequence[Write], *more: str) -> str:
    """Return an idempotency key: the same for the same step of the same writes, else another."""
    parts = [step, *more, *(f"{write.write_id} {write.digest}" for write in writes)]
    return "accord-" + hashlib.sha256("\n".join(parts).encode()).hexdigest()
