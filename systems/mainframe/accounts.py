"""Turns the records of an extract that adds up into pages, each judged by the contract."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from accord.contracts import json_check, json_forms
from accord.contracts.json_check import JsonCheck
from accord.contracts.json_forms import Certain
from accord.contracts.model import Contract
from accord.contracts.text_forms import Breach
from accord.copybook import Frame, Undecodable
from accord.records import Original, Page, Reading, Record, Rejected
from systems.mainframe import faults, records
from systems.mainframe.extract import ACCOUNT, HEADER, TRAILER, Survey
from systems.mainframe.records import Decoders

WHOLE_FILE = "file"


@dataclass(frozen=True, slots=True)
class Judge:
    """Decodes accounts and holds them to the contract.

    `certain` recognises the many that keep it; `check` tells exactly about the others.
    """

    decoders: Decoders
    certain: Certain
    check: JsonCheck

    @classmethod
    def of(cls, decoders: Decoders, contract: Contract) -> Judge:
        """Prepare for a contract."""
        certain = json_forms.compiled(contract, key=records.KEY)
        return cls(decoders, certain, json_check.compiled(contract))

    def __call__(self, raw: bytes) -> Record | Rejected:
        """Return an account as a record, or as rejected with its cause."""
        try:
            found = records.fields(self.decoders.account(raw))
        except Undecodable as error:
            return self.rejected(raw, faults.undecodable(error))
        payload = records.payload(raw, found)
        key = self.certain(payload)
        if not key and (breach := self.check({**found, records.RAW: raw.hex()})):
            return self.rejected(raw, breach, payload)
        return Record(key or found[records.KEY], payload, "")

    def rejected(self, raw: bytes, breach: Breach, payload: bytes = b"") -> Rejected:
        """Refuse a record, under its account's number where it is an account."""
        number = self.decoders.account_number(raw)
        named = self.decoders.kind(raw) == ACCOUNT and number.isascii() and number.isalnum()
        key = number if named else hashlib.sha256(raw).hexdigest()[:16]
        return _rejected(key, payload or records.payload(raw), breach)


def refused(survey: Survey, breach: Breach) -> Page:
    """Refuse an extract as a whole; its last record stands for it."""
    return Page(rejected=[_rejected(WHOLE_FILE, records.payload(survey.last), breach)])


def pages(
    reading: Reading, frames: Iterable[Frame], survey: Survey, judge: Judge, *, page_records: int
) -> Iterator[Page]:
    """Yield the accounts of an extract. `reading` is complete only if all of them were good.

    Otherwise an account that was refused tonight would be taken for one that was closed.
    """
    good: list[Record] = []
    bad: list[Rejected] = []
    for frame in frames:
        judged = _judged(frame, survey, judge)
        if isinstance(judged, Record):
            good.append(judged)
        elif judged is not None:
            bad.append(judged)
            reading.complete = False
        if len(good) + len(bad) >= page_records:
            yield Page(good, bad)
            good, bad = [], []
    if good or bad:
        yield Page(good, bad)


def replayed(original: Original, judge: Judge) -> Reading:
    """Read a rejected record again; see `accord.connector.Replays`."""
    try:
        raw = records.received(original.payload)
    except (ValueError, KeyError, TypeError):
        breach = faults.other("unreadable_correction")
        page = Page(rejected=[_rejected(original.key, original.payload, breach)])
        return Reading("", ("",), iter([page]), complete=False)
    judged = judge(raw)
    if isinstance(judged, Record):
        page = Page(records=[judged])
    else:
        breach = Breach(judged.cause, "", judged.detail, judged.remedy)
        page = Page(rejected=[_rejected(original.key, judged.payload, breach)])
    return Reading("", ("",), iter([page]), complete=False)


def _judged(frame: Frame, survey: Survey, judge: Judge) -> Record | Rejected | None:
    """Judge one record; None for the header and the trailer, which the survey has seen."""
    raw, decoders = frame.raw, judge.decoders
    kind = decoders.kind(raw)
    if kind == ACCOUNT:
        if hash(decoders.account_number(raw)) in survey.repeated:
            return _numbered(frame, judge.rejected(raw, faults.other("repeated_account")))
        return judge(raw)
    if (kind == HEADER and frame.number == 1) or (kind == TRAILER and raw == survey.last):
        return None
    return judge.rejected(raw, faults.other("unknown_record_type"))


def _numbered(frame: Frame, rejected: Rejected) -> Rejected:
    """Give each of several records under one account number a key of its own."""
    key = f"{rejected.key}|{hashlib.sha256(frame.raw).hexdigest()[:8]}|{frame.number}"
    return Rejected(key, rejected.payload, "", rejected.cause, rejected.detail, rejected.remedy)


def _rejected(key: str, payload: bytes, breach: Breach) -> Rejected:
    return Rejected(key, payload, "", breach.cause, breach.detail, breach.remedy)
