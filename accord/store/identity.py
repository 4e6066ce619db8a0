"""Who is who: the pairs that are known of, the golden ids, and which records belong to each.

Everything here runs on the connection given, inside the caller's transaction, which has taken its
turn with `accord.store.golden.serialise`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Literal

from psycopg.rows import class_row

from accord.store.database import Connection
from accord.store.queries import listed, queries

Reason = Literal["known_id", "identifier", "matched"]
Two = tuple[int, int]

LARGEST_BLOCK = 200
"""A key that more records share says too little to compare all of them with each other."""
ENOUGH = 20
"""Records whose shared keys are worth so much are compared, however many such pairs there are.

It is the rule of `accord.matching.blocking`, which knows no store, for records that are in one."""
_LESSER_ALWAYS, _LESSER_A_RECORD = 400_000, 20
"""So many pairs that share less are compared; fewer miss more than matching all at once does."""
LARGEST_SHARED = 20
"""An identifier that more records bear identifies nobody, such as a made-up tax id."""
IDENTIFIER = "="
"""What the key of an identifier begins with, among the keys that candidates are found by."""

_LONGEST = 500
"""Characters of a key that the index surely takes; a longer one is kept as its digest."""

_LINES = 10_000
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_COPY_PAIRS = (
    "copy incoming_pairs (left_id, right_id, probability, reason, model_version) from stdin"
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that are, or may be, about the same; `left_id` is the older one."""

    left_id: int
    right_id: int
    probability: float
    reason: Reason
    model_version: str = ""


@dataclass(frozen=True, slots=True)
class Founded:
    """A golden id with the record that founded it, for good; ids are numbered in their order."""

    founder: int
    golden_id: str
    number: int
    survivor: str | None


@dataclass(frozen=True, slots=True)
class Membership:
    """Why a record belongs to a golden id."""

    record_id: int
    golden_id: str
    decision: Literal["founder", "known_id", "identifier", "matched", "steward"]
    score: float | None = None
    model_version: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A pair that only a person can decide."""

    left_id: int
    right_id: int
    probability: float
    model_version: str


@dataclass(frozen=True, slots=True)
class Decisions:
    """What stewards decided about some records."""

    must_link: frozenset[Two]
    cannot_link: frozenset[Two]


def drop_blocks(connection: Connection, records: Sequence[int]) -> None:
    """Forget under which keys these records were found."""
    connection.execute(queries("identity")["drop_blocks"], {"records": listed(records)})


def keep_blocks(
    connection: Connection, records: Sequence[int], keys: Iterable[tuple[str, int]]
) -> None:
    """Keep under which keys these records are found, as (key, record), and forget any other."""
    connection.execute(queries("identity")["incoming_blocks"])
    with (
        connection.cursor() as cursor,
        cursor.copy("copy incoming_blocks (block_key, record_id) from stdin") as copy,
    ):
        lines = iter(_escaped(_indexed(key)) + f"\t{record}\n" for key, record in keys)
        while some := "".join(islice(lines, _LINES)):
            copy.write(some)
    connection.execute(queries("identity")["keep_blocks"], {"records": listed(records)})
    connection.execute(queries("identity")["clear_blocks"])


def _indexed(key: str) -> str:
    """A key as it is kept: the same for the same, and short enough for the index."""
    if len(key) <= _LONGEST:
        return key
    return key[:_LONGEST] + hashlib.sha256(key.encode()).hexdigest()


def candidates(
    connection: Connection, records: Sequence[int], *, lesser: int | None = None
) -> list[Two]:
    """The pairs of these records with others that are worth comparing, in order.

    All that share ENOUGH, and at most `lesser` of the others, those that share most. So what many
    records cost is in proportion to them, however common their names are.
    """
    most = max(_LESSER_ALWAYS, _LESSER_A_RECORD * len(records)) if lesser is None else lesser
    values = {
        "records": listed(records), "largest": LARGEST_BLOCK, "enough": ENOUGH, "most": most,
    }  # fmt: skip
    connection.execute(queries("identity")["walk_keys"], {"bitmaps": "off"})
    found = connection.execute(queries("identity")["candidates"], values).fetchall()
    connection.execute(queries("identity")["walk_keys"], {"bitmaps": "on"})
    return found


def sharing(connection: Connection, records: Sequence[int]) -> list[Two]:
    """The pairs of these records with others that bear the same identifier."""
    return _twos(connection, "sharing", records=listed(records), largest=LARGEST_SHARED)


def known_founders(connection: Connection, entity: str) -> list[Two]:
    """Records of this consolidation of which it is new that a golden id of ours is theirs.

    Each is told with the id's founder.
    """
    return _twos(connection, "known_founders", entity=entity)


def keep_pairs(connection: Connection, pairs: Iterable[Pair]) -> None:
    """Keep pairs; a pair that is known already becomes surer, never less sure."""
    connection.execute(queries("identity")["incoming_pairs"])
    with connection.cursor() as cursor, cursor.copy(_COPY_PAIRS) as copy:
        for it in pairs:
            copy.write_row((it.left_id, it.right_id, it.probability, it.reason, it.model_version))
    connection.execute(queries("identity")["keep_pairs"])
    connection.execute(queries("identity")["clear_pairs"])


def forget_doubts(connection: Connection, records: Sequence[int], *, link: float) -> None:
    """Forget the pairs of these records that were not sure enough to link, to score them anew."""
    values = {"records": listed(records), "link": link}
    connection.execute(queries("identity")["forget_scores"], values)


def forget_scores(connection: Connection, entity: str) -> None:
    """Forget every pair that was found by a model or an identifier, to find them all anew."""
    connection.execute(queries("identity")["forget_all_scores"], {"entity": entity})


def around(connection: Connection, records: Iterable[int], *, link: float) -> list[int]:
    """All records that these are linked to, however far, or belong together with."""
    found = set(records)
    newest = list(found)
    while newest:
        rows = connection.execute(
            queries("identity")["neighbours"], {"records": listed(newest), "link": link}
        ).fetchall()
        newest = [row[0] for row in rows if row[0] not in found]
        found.update(newest)
    return sorted(found)


def everybody(connection: Connection, entity: str) -> list[int]:
    """All records of an entity, those that are gone among them."""
    rows = connection.execute(queries("identity")["everybody"], {"entity": entity})
    return [row[0] for row in rows.fetchall()]


def pairs_among(connection: Connection, records: Sequence[int]) -> list[Pair]:
    """The pairs that are known of between these records."""
    with connection.cursor(row_factory=class_row(Pair)) as cursor:
        rows = cursor.execute(queries("identity")["pairs_among"], {"records": listed(records)})
        return rows.fetchall()


def decisions_among(connection: Connection, records: Sequence[int]) -> Decisions:
    """What stewards decided about pairs of these records."""
    rows = connection.execute(queries("identity")["decisions_among"], {"records": listed(records)})
    return _decisions(rows.fetchall())


def decisions_of(connection: Connection, entity: str) -> Decisions:
    """What stewards decided about an entity's records."""
    rows = connection.execute(queries("identity")["decisions_of"], {"entity": entity})
    return _decisions(rows.fetchall())


def founded(connection: Connection, records: Sequence[int]) -> dict[int, Founded]:
    """The golden ids that these records founded, by record."""
    with connection.cursor(row_factory=class_row(Founded)) as cursor:
        rows = cursor.execute(queries("identity")["founded"], {"records": listed(records)})
        return {row.founder: row for row in rows.fetchall()}


def memberships(connection: Connection, records: Sequence[int]) -> dict[int, str]:
    """The golden id that each of these records belongs to now, where it does to any."""
    rows = connection.execute(queries("identity")["memberships"], {"records": listed(records)})
    return dict(rows.fetchall())


def companions(connection: Connection, records: Sequence[int]) -> dict[int, str]:
    """These records and all that belong together with them, each with its golden id."""
    rows = connection.execute(queries("identity")["companions"], {"records": listed(records)})
    return dict(rows.fetchall())


def before(connection: Connection, run_id: str) -> dict[int, str]:
    """Where records belonged before a run moved them, for those that are still where it did."""
    return dict(connection.execute(queries("identity")["before"], {"run_id": run_id}).fetchall())


def found(
    connection: Connection, entity: str, founders: Sequence[int], *, at: datetime, run_id: str
) -> dict[int, str]:
    """Give new golden ids to the records that found them; return them by founder."""
    values = {"entity": entity, "founders": list(founders), "at": at, "run_id": run_id}
    return dict(connection.execute(queries("identity")["found"], values).fetchall())


def resolve(connection: Connection, survivors: Mapping[str, str]) -> None:
    """Let each golden id resolve to its survivor; "" where it stands for itself."""
    connection.execute(
        queries("identity")["resolve_to"],
        {"golden_ids": list(survivors), "survivors": list(survivors.values())},
    )


def move(
    connection: Connection, members: Sequence[Membership], *, by: str, at: datetime, run_id: str
) -> None:
    """Let these records belong where it says from now on; what was before stays on record."""
    records = [it.record_id for it in members]
    connection.execute(queries("identity")["leave"], {"records": records, "at": at})
    connection.execute(
        queries("identity")["join"],
        {
            "records": records,
            "golden_ids": [it.golden_id for it in members],
            "decisions": [it.decision for it in members],
            "scores": [it.score for it in members],
            "models": [it.model_version for it in members],
            "by": by,
            "at": at,
            "run_id": run_id,
        },
    )


def doubts(connection: Connection, records: Sequence[int]) -> list[Doubt]:
    """The pairs around these records that a person has to decide, as everybody belongs now."""
    with connection.cursor(row_factory=class_row(Doubt)) as cursor:
        rows = cursor.execute(queries("identity")["doubtful"], {"records": listed(records)})
        return rows.fetchall()


def ask(
    connection: Connection,
    entity: str,
    doubts: Sequence[Doubt],
    evidence: Mapping[Two, str],
    records: Sequence[int],
    *,
    at: datetime,
    run_id: str,
) -> int:
    """Open reviews of these doubts, close those of `records` that are none any more.

    `evidence` is JSON, where there is some at hand. Returns how many are newly open.
    """
    rows = connection.execute(
        queries("identity")["open_reviews_of"], {"records": listed(records)}
    ).fetchall()
    open_now = {(left, right): review for review, left, right in rows}
    wanted = {(it.left_id, it.right_id): it for it in doubts}
    gone = [review for two, review in open_now.items() if two not in wanted]
    connection.execute(
        queries("identity")["close_reviews"], {"reviews": gone, "at": at, "run_id": run_id}
    )
    new = {two: it for two, it in wanted.items() if two not in open_now or two in evidence}
    connection.execute(
        queries("identity")["open_reviews"],
        {
            "entity": entity,
            "lefts": [left for left, _ in new],
            "rights": [right for _, right in new],
            "probabilities": [it.probability for it in new.values()],
            "evidence": [evidence.get(two, "[]") for two in new],
            "models": [it.model_version for it in new.values()],
            "at": at,
            "run_id": run_id,
        },
    )
    return sum(two not in open_now for two in new)


def _escaped(text: str) -> str:
    """A text as COPY reads it: https://www.postgresql.org/docs/current/sql-copy.html."""
    return text if text.isalnum() else text.translate(_ESCAPES)


def _decisions(rows: Iterable[tuple[int, int, str]]) -> Decisions:
    rows = list(rows)
    return Decisions(
        frozenset((left, right) for left, right, kind in rows if kind == "must_link"),
        frozenset((left, right) for left, right, kind in rows if kind == "cannot_link"),
    )


def _twos(connection: Connection, name: str, **values: object) -> list[Two]:
    rows = connection.execute(queries("identity")[name], values).fetchall()
    return sorted({(left, right) if left < right else (right, left) for left, right in rows})
