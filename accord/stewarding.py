"""Replaying dead letters: what was rejected goes again the way it came, as the way is now.

A record of a stream is read again by its system's client and landed, in one transaction with the
letter's settlement. A row that the gate rejected is judged again, and a write that the destination
refused becomes due again, at the next pass; those letters settle when that goes well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from accord.catalog import Stream, System
from accord.connector import Replays
from accord.errors import Stop
from accord.records import Original, Page, Reading, Record, Rejected, Slice
from accord.store import stewardship
from accord.store.audit import By
from accord.store.database import Connection, Role, Store
from accord.store.landing import Lander
from accord.store.queries import queries
from accord.store.stewardship import Letter

RUN_PREFIX = "replay-"
AT_ONCE = 1000

Outcome = Literal[
    "landed", "overtaken", "still rejected", "to be judged", "to be written", "not waiting",
    "cannot be replayed",
]  # fmt: skip
SETTLED: tuple[Outcome, ...] = ("landed", "overtaken")
DUE: tuple[Outcome, ...] = ("to be judged", "to be written")


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of replaying one letter; `detail` and `remedy` hold no values."""

    letter: Letter
    outcome: Outcome
    detail: str = ""
    remedy: str = ""

    @property
    def told(self) -> str:
        """Outcome and detail in one line."""
        return f"{self.outcome}: {self.detail}" if self.detail else self.outcome


@dataclass(frozen=True, slots=True)
class _Read:
    """A letter read again."""

    letter: Letter
    partitions: tuple[str, ...]
    shape: str
    complete: bool
    records: tuple[Record, ...]
    rejected: tuple[Rejected, ...]


@dataclass(frozen=True, slots=True)
class Steward:
    """Replays letters for one person, in one run; `client_of` gives a system's client."""

    store: Store
    systems: Mapping[str, System]
    client_of: Callable[[str], object]
    by: By
    run_id: str

    def replay(self, letters: Iterable[Letter]) -> list[Replayed]:
        """Replay letters; each settles, or not, for itself. Raises Stop when nothing can be read.

        `letters` may come from long ago: one that has been settled since is left alone.
        """
        groups: dict[tuple[str, str, str], list[Letter]] = defaultdict(list)
        for letter in letters:
            piece = letter.piece if letter.stage == "landing" else ""
            groups[letter.stage, letter.name, piece].append(letter)
        done: list[Replayed] = []
        for (stage, name, _), group in sorted(groups.items()):
            if stage == "landing":
                done += self._landed(name, group)
            else:
                done += self._due(stage, name, group)
        return done

    def _due(self, stage: str, name: str, letters: Sequence[Letter]) -> list[Replayed]:
        outcome: Outcome = "to be judged" if stage == "gate" else "to be written"
        with self.store.transaction(Role.STEWARD) as connection:
            waiting, done = _split(letters, stewardship.lock(connection, letters))
            if stage == "gate":
                stewardship.judge_again(connection, {it.partition_key for it in waiting})
            else:
                stewardship.write_again(connection, name, {it.piece for it in waiting})
            self._note(connection, waiting, outcome)
        return [*done, *(Replayed(letter, outcome) for letter in waiting)]

    def _landed(self, name: str, letters: Sequence[Letter]) -> list[Replayed]:
        stream = self._stream(name)
        source = self.client_of(stream.name.system) if stream else None
        if stream is None or not isinstance(source, Replays):
            detail = f"{name} is read by a client without replay"
            remedy = "correct the record in its system, which sends it again"
            return [Replayed(it, "cannot be replayed", detail, remedy) for it in letters]
        done: list[Replayed] = []
        for part in _chunks(letters):
            for batch in _batches(self._read(source, stream, part)):
                done += self._land(stream, batch)
        return done

    def _stream(self, name: str) -> Stream | None:
        streams = (stream for system in self.systems.values() for stream in system.streams)
        return next((stream for stream in streams if str(stream.name) == name), None)

    def _read(self, source: Replays, stream: Stream, letters: Sequence[Letter]) -> Iterator[_Read]:
        with self.store.session(Role.STEWARD) as connection:
            found = stewardship.originals(connection, [it.dead_letter_id for it in letters])
        for letter in letters:
            yield _read(source, stream, letter, found[letter.dead_letter_id])

    def _land(self, stream: Stream, batch: Sequence[_Read]) -> list[Replayed]:
        """Land what is good of a batch of one piece and shape, and settle its letters with it."""
        with self.store.transaction(Role.STEWARD) as connection:
            connection.execute(queries("landing")["serialise"], {"stream": str(stream.name)})
            locked = stewardship.lock(connection, [read.letter for read in batch])
            done = [
                _judged(connection, stream, read)
                if read.letter.dead_letter_id in locked
                else Replayed(read.letter, "not waiting")
                for read in batch
            ]
            good = [read for read, it in zip(batch, done, strict=True) if it.outcome == "landed"]
            for told in sorted({it.told for it in done if it.outcome != "not waiting"}):
                alike = [it for it in done if it.told == told]
                settled = alike[0].outcome in SETTLED
                self._note(connection, [it.letter for it in alike], told, settled=settled)
            if good:
                _land_together(Lander(connection, stream, self.run_id), good)
        return done

    def _note(
        self,
        connection: Connection,
        letters: Sequence[Letter],
        outcome: str,
        *,
        settled: bool = False,
    ) -> None:
        stewardship.note_replay(
            connection, letters, self.by, run_id=self.run_id, outcome=outcome, settled=settled
        )


def days_of(connection: Connection, done: Iterable[Replayed]) -> list[str]:
    """The days a pass has to go over to carry on with what was replayed."""
    days = {it.letter.partition_key for it in done if it.outcome in (*DUE, "landed")}
    if "" in days:
        days = days - {""} | {stewardship.newest_day(connection)}
    return sorted(days - {""})


def check_editable(letter: Letter) -> None:
    """Refuse to edit what is not a source record that waits. Raises Stop."""
    if letter.state != "waiting":
        raise Stop(
            f"The dead letter {letter.dead_letter_id} is {letter.state}",
            remedy="edit only what waits; `accord dlq list` shows it",
        )
    if letter.stage != "landing":
        raise Stop(
            f"What the {letter.stage} rejects is made from other records and cannot be edited",
            remedy="correct the record in its system of origin, or the rule; then replay",
        )


def _read(source: Replays, stream: Stream, letter: Letter, original: Original) -> _Read:
    reading = source.replay(stream.name.stream, original)
    pages = list(reading.pages)
    # A letter edited into the same record twice lands once.
    records = {(it.partition, it.key): it for page in pages for it in page.records}
    return _Read(
        letter=letter,
        partitions=tuple(reading.partitions),
        shape=reading.shape,
        complete=reading.complete,
        records=tuple(records.values()),
        rejected=tuple(it for page in pages for it in page.rejected),
    )


def _judged(connection: Connection, stream: Stream, read: _Read) -> Replayed:
    """Say whether what was read again may land now."""
    if not read.records:
        if not read.rejected:
            remedy = "edit it, or discard it"
            return Replayed(read.letter, "still rejected", "it holds no record", remedy)
        why = read.rejected[0]
        detail = f"{why.cause}: {why.detail}"
        return Replayed(read.letter, "still rejected", detail, why.remedy)
    overtaken = stewardship.is_overtaken(
        connection,
        stream.name.table,
        partitions=read.partitions,
        keys=[record.key for record in read.records],
        seen=read.letter.last_seen_at,
    )
    return Replayed(read.letter, "overtaken" if overtaken else "landed")


def _land_together(lander: Lander, batch: Sequence[_Read]) -> None:
    """Land letters of one piece as one reading; the cursor stays, its counts follow."""
    piece = batch[0].letter.piece
    at = {"stream": str(lander.stream.name), "piece": piece}
    sql = queries("stewardship")
    cursor = lander.connection.execute(sql["cursor"], at).fetchone()
    records = {(it.partition, it.key): it for read in batch for it in read.records}
    rejected = [it for read in batch for it in read.rejected]
    days = tuple(sorted({day for read in batch for day in read.partitions}))
    signature = cursor[1] if cursor else ""
    lander.land(
        Slice(piece, batch[0].letter.partition_key, signature),
        Reading(
            digest="",
            partitions=days,
            pages=iter([Page(list(records.values()), rejected)]),
            shape=batch[0].shape,
            complete=batch[0].complete,
        ),
    )
    if cursor:
        digest, _, known, known_rejected, read_at = cursor
        left = max(0, known_rejected + len(rejected) - len(batch))
        total = known + len(records) + len(rejected) - len(batch)
        counts = {"records": max(total, left), "rejected": left}
        lander.connection.execute(
            sql["restore_cursor"],
            {**at, "digest": digest, "signature": signature, "read_at": read_at, **counts},
        )


def _split(letters: Sequence[Letter], waiting: set[str]) -> tuple[list[Letter], list[Replayed]]:
    return (
        [letter for letter in letters if letter.dead_letter_id in waiting],
        [Replayed(it, "not waiting") for it in letters if it.dead_letter_id not in waiting],
    )


def _chunks(letters: Sequence[Letter]) -> Iterator[Sequence[Letter]]:
    return (letters[at : at + AT_ONCE] for at in range(0, len(letters), AT_ONCE))


def _batches(reads: Iterable[_Read]) -> list[list[_Read]]:
    """What may land together: records of one shape; a whole piece lands by itself, and first."""
    whole: list[list[_Read]] = []
    shapes: dict[str, list[_Read]] = defaultdict(list)
    for read in reads:
        if read.complete:
            whole.append([read])
        else:
            shapes[read.shape].append(read)
    return [*whole, *shapes.values()]
