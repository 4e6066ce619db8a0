"""Turns the bytes of one day file into records and rejected records, by its contract; no I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from accord.contracts.checker import Breach, Check, compiled, shape_change
from accord.contracts.model import Contract
from accord.records import Original, Page, Reading, Record, Rejected
from systems.pos import day_file, faults
from systems.pos.day_file import Line
from systems.pos.record_keys import RecordKeys, RejectedKeys, pair_of

WHOLE_FILE = "file"
RECEIPT, ARTICLE, TIME = "InvoiceNo", "StockCode", "InvoiceDate"

# Up to this size a file's parsed lines are kept between the passes over it, which is faster;
# above, they are parsed anew for each, which keeps the memory flat.
KEPT_BYTES = 2 * 1024 * 1024


def reading(day: str, content: bytes, *, contract: Contract, page_records: int) -> Reading:
    """Read the file of one business day (an ISO day) against its contract.

    A file that cannot be used as a whole is one rejected record called `file`. Such a file, one
    whose last line was cut off and one without any good line are not `complete`: what an earlier
    delivery brought stays.
    """
    digest = hashlib.sha256(content)
    digest.update(contract.digest.encode())
    first = day_file.header(content)
    result = Reading(digest.hexdigest(), (day,), iter(()), shape=faults.shape(first, contract))
    breach = faults.of_file(content, first, contract)
    if breach is not None:
        result.complete = False
        result.pages = iter([Page(rejected=[_rejected(WHOLE_FILE, content, day, breach)])])
    elif first is not None:
        judge = _Judge.of(day, first, contract)
        result.pages = _pages(result, _rereadable(content, first), judge, page_records)
    return result


def replayed(original: Original, *, contract: Contract, page_records: int) -> Reading:
    """Read a rejected record again; see `accord.connector.Replays`.

    A line by itself cannot tell how many alike its file holds, so the key it was rejected under
    stays part of its key, and it stands beside them. The next complete file has the last word.
    """
    day = original.partition
    if original.key == WHOLE_FILE:
        again = reading(day, original.payload, contract=contract, page_records=page_records)
        pages = list(again.pages)
        return Reading("", (day,), iter(pages), again.shape, again.complete)
    shape = original.shape or ",".join(contract.column_names)
    # A line that was cut off stays so until somebody completes it.
    end = b"" if original.cause == faults.TRUNCATED and not original.edited else b"\n"
    content = shape.encode() + b"\n" + original.payload + end
    first = day_file.header(content)
    breach = faults.of_file(content, first, contract)
    if breach is not None or first is None:
        rejected = [_rejected(original.key, original.payload, day, breach)] if breach else []
        return Reading("", (day,), iter([Page(rejected=rejected)]), shape, complete=False)
    page = _beside(original, _Judge.of(day, first, contract), day_file.lines(content, first))
    return Reading("", (day,), iter([page]), shape, complete=False)


def _beside(original: Original, judge: _Judge, lines: Iterable[Line]) -> Page:
    pair = pair_of(*map(judge.header.index, (RECEIPT, ARTICLE)))
    records: list[Record] = []
    rejected: list[Rejected] = []
    for number, line in enumerate(lines, start=1):
        key = original.key if number == 1 else f"{original.key}|{number}"
        breach = judge(line)
        if breach is None:
            records.append(Record(f"{pair(line)}|{key}", line.raw, judge.day))
        else:
            rejected.append(_rejected(key, line.raw, judge.day, breach))
    return Page(records, rejected)


def _rereadable(content: bytes, first: Line) -> Callable[[], Iterable[Line]]:
    """Return what yields the lines of a file, as often as it is called; none before that."""
    if len(content) > KEPT_BYTES:
        return lambda: day_file.lines(content, first)
    kept: list[Line] = []

    def lines() -> Iterable[Line]:
        if not kept:
            kept.extend(day_file.lines(content, first))
        return kept

    return lines


def _pages(
    result: Reading, lines: Callable[[], Iterable[Line]], judge: _Judge, page_records: int
) -> Iterator[Page]:
    """Yield the lines, judged and named; at the end say in `result` whether all was seen."""
    key = RecordKeys(lines, pair_of(*map(judge.header.index, (RECEIPT, ARTICLE))))
    rejected_key = RejectedKeys()
    records: list[Record] = []
    rejected: list[Rejected] = []
    is_cut, is_useful, day = False, False, judge.day
    for line in lines():
        breach = judge(line)
        if breach is None:
            records.append(Record(key(line), line.raw, day))
        else:
            is_cut |= breach.cause == faults.TRUNCATED
            place = f"line {line.number}: "
            rejected.append(_rejected(rejected_key(line.raw), line.raw, day, breach, at=place))
        if len(records) + len(rejected) >= page_records:
            is_useful |= bool(records)
            yield Page(records, rejected)
            records, rejected = [], []
    result.complete = not is_cut and (is_useful or bool(records))
    if records or rejected:
        yield Page(records, rejected)


def _rejected(key: str, raw: bytes, day: str, breach: Breach, *, at: str = "") -> Rejected:
    return Rejected(
        key=key,
        payload=raw,
        partition=day,
        cause=breach.cause,
        detail=at + breach.detail,
        remedy=breach.remedy,
    )


@dataclass(frozen=True, slots=True)
class _Judge:
    """What a line has to meet: its file's header, the contract, the day, and being whole."""

    check: Check
    arranged: Callable[[Sequence[str]], Sequence[str]] | None
    unagreed: tuple[int, ...]
    time: int
    day: str
    header: Sequence[str]

    @classmethod
    def of(cls, day: str, first: Line, contract: Contract) -> _Judge:
        """Prepare the judge of one file, whose header is `first`."""
        received, agreed = list(first.values), list(contract.column_names)
        extras = [place for place, name in enumerate(received) if name not in agreed]
        refused = shape_change(contract, received).extras == "reject_record"
        return cls(
            check=compiled(contract),
            arranged=None if received == agreed else itemgetter(*map(received.index, agreed)),
            unagreed=tuple(extras) if refused else (),
            time=agreed.index(TIME),
            day=day,
            header=received,
        )

    def __call__(self, line: Line) -> Breach | None:
        """Return what is wrong with a line, or None."""
        if line.fault:
            return faults.of_line(line, len(self.header))
        values = self.arranged(line.values) if self.arranged else line.values
        breach = self.check(values)
        if breach is not None:
            is_cut = not line.ended and breach.field == self.header[-1]
            return faults.cut_off(breach.field) if is_cut else breach
        if not values[self.time].startswith(self.day):
            return faults.wrong_day(TIME)
        if self.unagreed and any(line.values[place] for place in self.unagreed):
            return faults.unagreed_column()
        return None
