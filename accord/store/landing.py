"""Landing: every version of every source record, as received, with its ledger row and cursor.

One reading lands in one transaction: the records, the dead letters, the tombstones, the ledger
entry and the cursor appear together or not at all.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from psycopg import Cursor

from accord.catalog import Stream
from accord.errors import Unbalanced
from accord.records import Reading, Rejected, Slice
from accord.store import copied, dead_letters
from accord.store.database import Connection
from accord.store.queries import for_table, queries

_COPY = f"copy {{into}} ({copied.COLUMNS}) from stdin (format binary)"


@dataclass(slots=True)
class Landed:
    """What one reading came to, per partition: `read = landed + unchanged + rejected`."""

    read: Counter[str] = field(default_factory=Counter)
    landed: Counter[str] = field(default_factory=Counter)
    unchanged: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)

    def changed(self) -> set[str]:
        """The partitions whose landed content is not what it was."""
        return {
            day for day in {*self.landed, *self.removed} if self.landed[day] + self.removed[day]
        }


@dataclass(frozen=True, slots=True)
class Lander:
    """Lands readings of one stream on one connection, for one run."""

    connection: Connection
    stream: Stream
    run_id: str

    def land(self, piece: Slice, reading: Reading) -> Landed:
        """Land one reading inside the caller's transaction and post it to the ledger.

        A piece whose digest is the one at the cursor counts as unchanged without being compared.
        Raises Unbalanced, and so rolls everything back, when the counts do not add up.
        """
        self.take_turn()
        known = self._run("cursor", piece=piece.name).fetchone()
        if known and reading.digest and known[0] == reading.digest:
            landed = _as_before(piece, records=known[1], rejected=known[2])
            self._run("touch_cursor", piece=piece.name, signature=piece.signature)
        else:
            landed = self._merged(piece, reading)
            self._run(
                "move_cursor",
                piece=piece.name,
                partition=piece.partition,
                digest=reading.digest,
                signature=piece.signature,
                records=landed.read.total(),
                rejected=landed.rejected.total(),
                position=reading.position,
            )
        self._run("move_watermark", days=sorted(landed.changed()))
        self._post(reading, landed)
        return landed

    def follow(self, piece: Slice, changes: Reading) -> Landed:
        """Land what has changed since the position at the cursor, and move the position.

        What the source says is gone gets a tombstone; all the rest stays as it was. Raises
        Unbalanced like `land`.
        """
        self.take_turn()
        landed = self._merged(piece, changes)
        self._run(
            "follow_cursor",
            piece=piece.name,
            signature=piece.signature,
            position=changes.position,
        )
        self._run("move_watermark", days=sorted(landed.changed()))
        self._post(changes, landed)
        return landed

    def followed(self, piece: Slice, whole_every_hours: float) -> str:
        """The position from which to follow; "" when the piece is to be read whole."""
        row = self._run("position", piece=piece.name, hours=whole_every_hours).fetchone()
        return str(row[0]) if row else ""

    def take_turn(self) -> None:
        """Wait until nobody else lands this stream; held to the end of the transaction."""
        self._run("serialise")

    def _merged(self, piece: Slice, reading: Reading) -> Landed:
        table, partitions = self.stream.name.table, list(reading.partitions)
        origin = dead_letters.Origin(
            "landing", str(self.stream.name), piece.name, self.run_id, reading.shape
        )
        landed = Landed()
        fresh = not reading.position or reading.complete
        fresh = fresh and not self._one_bool("has_any", partitions=partitions)
        if not fresh:
            self._run("stage")
        rejected, gone = self._copied(f"landing.{table}" if fresh else "incoming", reading, landed)
        self._check_keys("repeats_landed" if fresh else "repeats_incoming", partitions)
        dead_letters.put(self.connection, rejected, origin)
        if fresh:
            landed.landed = landed.read - landed.rejected
        else:
            for day, new, same in self._run("merge").fetchall():
                landed.landed[day], landed.unchanged[day] = new, same
            if reading.complete:
                landed.removed.update(dict(self._run("remove", partitions=partitions).fetchall()))
            elif reading.position:
                self._settle_followed(piece, gone, landed)
        if reading.complete:
            dead_letters.resolve_absent(self.connection, origin)
        elif rejected:
            dead_letters.resolve_overtaken(self.connection, origin)
        return landed

    def _settle_followed(self, piece: Slice, gone: list[str], landed: Landed) -> None:
        """Put tombstones where the source says so, and resolve the letters of what came again."""
        if gone:
            if self._one_bool("are_incoming", keys=gone):
                raise Unbalanced(
                    f"{self.stream.name} gave a record and said that it is gone in one reading",
                    remedy="nothing was landed; let the system's client.py tell each record's end",
                )
            landed.removed.update(dict(self._run("remove_named", keys=gone).fetchall()))
        self._run("resolve_followed", piece=piece.name, keys=gone)

    def _copied(
        self, into: str, reading: Reading, landed: Landed
    ) -> tuple[list[Rejected], list[str]]:
        """Stream the pages into a table and count them.

        Returns what broke its contract, and the keys of what the source says is gone.
        """
        shape_id = self._shape_id(reading.shape)
        rejected: list[Rejected] = []
        gone: list[str] = []
        with self.connection.cursor() as cursor, cursor.copy(_COPY.format(into=into)) as copy:
            copy.write(copied.BEGIN)
            for page in reading.pages:
                copy.write(copied.packed(page.records, shape_id=shape_id, run_id=self.run_id))
                landed.read.update([record.partition for record in page.records])
                rejected.extend(page.rejected)
                gone.extend(page.removed)
            copy.write(copied.END)
        landed.rejected.update([item.partition for item in rejected])
        landed.read.update(landed.rejected)
        return rejected, gone

    def _post(self, reading: Reading, landed: Landed) -> None:
        if not self.stream.partitioned:
            self._run("take_notices")
        for day in dict.fromkeys([*reading.partitions, *landed.read]):
            read, kept = landed.read[day], landed.landed[day] + landed.unchanged[day]
            if read != kept + landed.rejected[day]:
                raise Unbalanced(
                    f"{self.stream.name} read {read} records of {day or 'the stream'} but accounts "
                    f"for {kept} kept and {landed.rejected[day]} rejected",
                    remedy="nothing was landed; keep the source as it is and report this",
                )
            self._run(
                "post",
                partition=day,
                read=read,
                landed=landed.landed[day],
                unchanged=landed.unchanged[day],
                rejected=landed.rejected[day],
                removed=landed.removed[day],
            )

    def _check_keys(self, repeats: str, partitions: list[str]) -> None:
        """Refuse a reading that gives a key twice: one record would hide the other."""
        if self._one_bool(repeats, partitions=partitions):
            raise Unbalanced(
                f"{self.stream.name} gave two records under one key in one reading",
                remedy="nothing was landed; let the system's client.py name each record once",
            )

    def _shape_id(self, shape: str) -> int:
        if not shape:
            return 0
        row = self._run("shape", shape=shape).fetchone()
        return int(row[0]) if row else 0

    def _one_bool(self, name: str, **values: object) -> bool:
        return self._run(name, **values).fetchone() == (True,)

    def _run(self, name: str, **values: object) -> Cursor[Any]:
        statement = for_table(queries("landing")[name], self.stream.name.table)
        known = {"stream": str(self.stream.name), "run_id": self.run_id, **values}
        return self.connection.execute(statement, known)


def _as_before(piece: Slice, *, records: int, rejected: int) -> Landed:
    same = Landed()
    same.read[piece.partition] = records
    same.unchanged[piece.partition] = records - rejected
    same.rejected[piece.partition] = rejected
    return same


def note_first_day(connection: Connection, day: date) -> None:
    """Let business days begin no later than `day`."""
    connection.execute(queries("landing")["note_day"], {"day": day})
