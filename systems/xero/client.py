"""Xero as Accord sees it: takings documents are looked up, posted, and read back.

`documents` maps them, `posting` writes them, `remote` makes the calls. Vendor's description:
https://developer.xero.com/documentation/api/accounting/overview
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from accord.connector import Connection
from accord.contracts.json_check import unreadable
from accord.errors import AccordError, Stop
from accord.records import (
    Found,
    Health,
    Page,
    Reading,
    Receipt,
    Record,
    Rejected,
    Slice,
    Window,
    Write,
)
from systems.xero.documents import (
    CREDIT_NOTE,
    INVOICE,
    KINDS,
    NUMBERS_BEGIN,
    Kind,
    day_of,
    is_live,
    is_ours,
    remote_digest,
)
from systems.xero.posting import BATCH, Posting
from systems.xero.remote import Organisation

OBJECT = "documents"


def connect(connection: Connection) -> XeroClient:
    """Return a client; nothing is sent and no secret is read before its first use."""
    return XeroClient(Organisation(connection))


class XeroClient:
    """One Xero organisation, as a source and as a destination."""

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation

    def close(self) -> None:
        """Give the connections back."""
        self._organisation.close()

    def health(self) -> Sequence[Health]:
        """Check the sign-in, the organisation and the documents, in this order, up to a failure."""
        findings: list[Health] = []
        for name, check, detail in self._checks():
            try:
                check()
            except AccordError as error:
                return [*findings, Health(name, False, error.what, error.remedy)]
            findings.append(Health(name, True, detail))
        return findings

    def _checks(self) -> Iterable[tuple[str, Callable[[], object], str]]:
        yield "credentials", self._organisation.sign_in, "a token was issued"
        yield "organisation", self._organisation.tenant, "the application is connected to one"
        one = self._organisation.pages(INVOICE, {}, size=1)
        yield "documents", lambda: next(one, None), "invoices can be read"

    def look_up(self, kind: str, keys: Sequence[str]) -> Mapping[str, Found]:
        """Find the live documents with these numbers, of both kinds."""
        _checked(kind)
        wanted = frozenset(keys)
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for document_kind, document in self._candidates(sorted(wanted)):
            number = document.get(document_kind.number_field)
            if number in wanted and is_ours(document_kind, document) and is_live(document):
                name = document_kind.destination_id(str(document[document_kind.id_field]))
                found[str(number)][name] = remote_digest(document)
        return {
            number: Found(tuple(sorted(ids)), next(iter(ids.values())) if len(ids) == 1 else "")
            for number, ids in found.items()
        }

    def _candidates(self, numbers: Sequence[str]) -> Iterator[tuple[Kind, dict[str, Any]]]:
        for start in range(0, len(numbers), BATCH):
            batch = numbers[start : start + BATCH]
            queries = {
                INVOICE: {"InvoiceNumbers": ",".join(batch)},
                CREDIT_NOTE: {"where": _numbered(CREDIT_NOTE, os.path.commonprefix(batch))},
            }
            for kind, query in queries.items():
                for page in self._organisation.pages(kind, query):
                    yield from ((kind, msgspec.json.decode(raw)) for raw in page)

    def deliver(self, kind: str, writes: Sequence[Write]) -> Sequence[Receipt]:
        """Bring each document to its desired state; see `Posting.deliver`."""
        _checked(kind)
        return Posting(self._organisation).deliver(writes)

    def slices(self, stream: str, window: Window) -> Iterable[Slice]:
        """Return the window as one piece; an open end is where the documents begin or end."""
        _checked(stream)
        first, last = window.first, window.last
        if first is None or last is None:
            days = sorted(
                record.partition for page in self._read(first, last) for record in page.records
            )
            if not days:
                return []
            first = first or date.fromisoformat(days[0])
            last = last or date.fromisoformat(days[-1])
        return [Slice(f"{first}..{last}", "", "")] if first <= last else []

    def read(self, stream: str, piece: Slice) -> Reading:
        """Read all takings documents, live or voided, whose number names a day of the piece."""
        _checked(stream)
        first, last = (date.fromisoformat(end) for end in piece.name.split(".."))
        days = [
            (first + timedelta(days=number)).isoformat()
            for number in range((last - first).days + 1)
        ]
        return Reading(digest="", partitions=days, pages=self._read(first, last))

    def _read(self, first: date | None, last: date | None) -> Iterator[Page]:
        window = Window(first, last)
        start = os.path.commonprefix([str(first or ""), str(last or "")])
        for kind in KINDS.values():
            seen: set[str] = set()
            query = {"where": _numbered(kind, NUMBERS_BEGIN + start), "order": kind.id_field}
            for raws in self._organisation.pages(kind, query):
                yield _page(kind, raws, window, seen)


def _page(kind: Kind, raws: Sequence[msgspec.Raw], window: Window, seen: set[str]) -> Page:
    """Keep the takings documents of the window that no earlier page had."""
    records: list[Record] = []
    rejected: list[Rejected] = []
    for raw in raws:
        document = msgspec.json.decode(raw)
        day = day_of(document.get(kind.number_field)) if isinstance(document, dict) else None
        if day is None or not window.holds(day) or not is_ours(kind, document):
            continue
        payload, partition = bytes(raw), day.isoformat()
        document_id = document.get(kind.id_field)
        if not isinstance(document_id, str) or not document_id:
            rejected.append(_without_id(kind, document, payload, partition))
        elif breach := unreadable(document):
            rejected.append(
                Rejected(
                    kind.destination_id(document_id), payload, partition, breach.cause,
                    breach.detail, breach.remedy,
                )
            )  # fmt: skip
        elif document_id not in seen:
            seen.add(document_id)
            records.append(Record(kind.destination_id(document_id), payload, partition))
    return Page(records, rejected)


def _without_id(kind: Kind, document: dict[str, Any], payload: bytes, partition: str) -> Rejected:
    return Rejected(
        key=str(document[kind.number_field]),
        payload=payload,
        partition=partition,
        cause="missing_id",
        detail=f"{kind.id_field} is missing or no text",
        remedy="ask Xero's support; the next reading takes the document when it has an id",
    )


def _numbered(kind: Kind, start: str) -> str:
    """Write the filter for numbers beginning with `start`; numbers may be null."""
    field = kind.number_field
    return f'Type=="{kind.type_code}"&&{field}!=null&&{field}.StartsWith("{start}")'


def _checked(name: str) -> None:
    if name != OBJECT:
        raise Stop(f"Xero has no {name!r} here", remedy=f"use {OBJECT!r} in system.toml")
