"""The oracle: what has to be true in the end, told from the last whole files and from nothing else.

It knows no faults, no runs and no engine: what the tills mean decides what either system holds,
which records wait for a person, and what every counter says.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, LiteralString

from psycopg.rows import dict_row

from accord.records import content_digest
from accord.store.database import Role
from accord.store.verification import verify
from systems.xero.documents import CREDIT_NOTE, INVOICE, from_remote, is_live
from tests.chaos import models
from tests.chaos.meant import Meant
from tests.chaos.schedules import Schedule
from tests.chaos.world import World

Held = Mapping[str, Mapping[str, str]]  # key to the ids it is held under, each with a digest


def differences(world: World, schedule: Schedule) -> list[str]:
    """Say in which ways the world is not as it has to be, as sentences; none when all is well."""
    meant = [Meant(file) for file in schedule.final]
    return [
        *_landing(world, meant),
        *_letters(world, meant),
        *_ledger(world, meant),
        *_held(world, meant),
        *_crosswalk(world, meant),
        *_outbox(world, meant),
        *_gate(world),
        *_read_back(world),
        *_journals(world),
        *(f"an emulator broke: {error!r}" for error in world.accounting.failures),
        *(f"an emulator broke: {error!r}" for error in world.poor.failures),
    ]


def _rows(world: World, statement: LiteralString) -> list[dict[str, Any]]:
    with world.admin.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement).fetchall()


def _landing(world: World, meant: list[Meant]) -> Iterator[str]:
    rows = _rows(
        world,
        "select distinct on (partition_key, source_key) partition_key, payload"
        " from landing.pos__sales_lines order by partition_key, source_key, version desc",
    )
    live = Counter((row["partition_key"], row["payload"]) for row in rows if row["payload"])
    wanted = Counter((it.file.day, line.raw(it.file.day)) for it in meant for line in it.landed)
    if live != wanted:
        yield f"landing lacks {wanted - live} and has {live - wanted} too much"


def _letters(world: World, meant: list[Meant]) -> Iterator[str]:
    rows = _rows(
        world, "select stage, name, record_key, cause from ops.dead_letters where state = 'waiting'"
    )
    # What was refused of a day before the gate closed on it stays refused.
    left = {key for it in meant if it.is_closed for key in (it.number, it.reference)}
    found = Counter(tuple(row.values()) for row in rows if row["record_key"] not in left)
    wanted = Counter(letter for it in meant for letter in it.letters())
    if found != wanted:
        yield f"the dead letters lack {wanted - found} and have {found - wanted} too much"


def _ledger(world: World, meant: list[Meant]) -> Iterator[str]:
    """The sums over all entries are those of the rows; the last entries are what the files say."""
    counted = _rows(
        world,
        "select partition_key, count(payload) as landed, count(*) - count(payload) as removed"
        " from landing.pos__sales_lines group by partition_key order by 1",
    )
    posted = _rows(
        world,
        "select partition_key, sum(landed) as landed, sum(removed) as removed from ops.ledger"
        " where stage = 'landing' and name = 'pos.sales_lines'"
        " group by partition_key having sum(landed) > 0 order by 1",
    )
    if counted != posted:
        yield f"the ledger says {posted} was landed, the rows say {counted}"
    last = _rows(
        world,
        "select distinct on (name, partition_key) * from ops.ledger"
        " order by name, partition_key, entry_id desc",
    )
    entries = {(row["name"], row["partition_key"]): row for row in last}
    for it in meant:
        yield from _day_of_ledger(it, entries)
    with world.store.session(Role.READER) as connection:
        for check in verify(connection):
            for wrong in check.discrepancies:
                yield f"the ledger: {check.says}: {wrong}"


def _day_of_ledger(it: Meant, entries: Mapping[tuple[str, str], dict[str, Any]]) -> Iterator[str]:
    day, read = it.file.day, len(it.file.lines)
    wanted: dict[str, dict[str, int]] = {
        models.STREAM: {"read": read, "rejected": read - len(it.landed)},
        models.TAKINGS.name: {
            "checked": len(it.landed),
            "rejected": len(it.landed) - len(it.passed),
        },
    }
    if not it.is_closed:
        state = "rejected" if it.is_barred else "unchanged"
        wanted["takings"] = wanted["petty_takings"] = {"due": 1, state: 1}
    for name, counts in wanted.items():
        entry = entries.get((name, day), {})
        found = {count: entry.get(count) for count in counts}
        if found != counts:
            yield f"the ledger's last entry of {name} on {day} says {found} instead of {counts}"


def _held(world: World, meant: list[Meant]) -> Iterator[str]:
    """Every day that can arrive is there once and right; any other at most once."""
    accounting, poor = accounting_holds(world), poor_holds(world)
    for it in meant:
        day = it.file.day
        for where, held, key, content in (
            ("accounting", accounting, it.number, models.document(day, it.amounts)),
            ("the poor system", poor, it.reference, models.entry(day, it.amounts)),
        ):
            found = list(held.get(key, {}).values())
            if it.arrives and found != [content_digest(content)]:
                yield f"{where} holds {key} {len(found)} times, or not as it should be"
            if len(found) > 1:
                yield f"{where} holds {key} {len(found)} times"
    keys = {key for it in meant for key in (it.number, it.reference)}
    if extra := {*accounting, *poor} - keys:
        yield f"somebody holds {sorted(extra)}, which no till ever told"


def accounting_holds(world: World) -> Held:
    """The live documents in accounting."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for document in world.accounting.documents():
        if is_live(document):
            content = from_remote(document)
            found[content["number"]][_name(document)] = content_digest(content)
    return found


def _name(document: Mapping[str, Any]) -> str:
    kind = INVOICE if document["Type"] == INVOICE.type_code else CREDIT_NOTE
    return kind.destination_id(document[kind.id_field])


def poor_holds(world: World) -> Held:
    """The entries in the poor system."""
    return {
        reference: {name: content_digest(content) for name, content in entries.items()}
        for reference, entries in world.poor.live().items()
    }


def _crosswalk(world: World, meant: list[Meant]) -> Iterator[str]:
    """What it says is so, and it says something of every day that arrives; "" is a doubt."""
    rows = _rows(world, "select system, object_key, destination_id, digest from ops.crosswalk")
    held = {"xero": accounting_holds(world), "poor": poor_holds(world)}
    for row in rows:
        there = held[row["system"]].get(row["object_key"], {})
        if row["digest"] and there != {row["destination_id"]: row["digest"]}:
            yield f"the crosswalk is wrong about {row['object_key']} in {row['system']}"
    sure = {(row["system"], row["object_key"]) for row in rows if row["digest"]}
    known = {(row["system"], row["object_key"]) for row in rows}
    arriving = {key for it in meant if it.arrives for key in (it.number, it.reference)}
    for system, keys in held.items():
        for key in keys:
            if (system, key) not in (sure if key in arriving else known):
                yield f"the crosswalk does not know {key} in {system}"


def _outbox(world: World, meant: list[Meant]) -> Iterator[str]:
    closed = {it.file.day for it in meant if it.is_closed}
    rows = _rows(world, "select object_key, partition_key, state from ops.outbox")
    for row in rows:
        if row["state"] in ("sending", "unknown") or (
            row["state"] == "waiting" and row["partition_key"] not in closed
        ):
            yield f"{row['object_key']} is left {row['state']}"


def _read_back(world: World) -> Iterator[str]:
    """What was last read of accounting is what it holds, voided documents included."""
    rows = _rows(
        world,
        "select distinct on (source_key) source_key, payload from landing.xero__documents"
        " order by source_key, version desc",
    )
    read = {row["source_key"]: json.loads(row["payload"]) for row in rows if row["payload"]}
    there = {_name(document): document for document in world.accounting.documents()}
    if read.keys() != there.keys() or any(
        read[name]["Status"] != there[name]["Status"]
        or content_digest(from_remote(read[name])) != content_digest(from_remote(there[name]))
        for name in there
    ):
        yield f"of the documents {sorted(there)} these were read back: {sorted(read)}"


def _gate(world: World) -> Iterator[str]:
    """No write was intended for a version of the lines that had not passed by then."""
    rows = _rows(
        world,
        "select object_key from ops.outbox as o where not exists ("
        " select from ops.verdicts as v where v.passed and v.partition_key = o.partition_key"
        " and v.data_version = o.data_version and v.judged_at <= o.approved_at)",
    )
    for row in rows:
        yield f"{row['object_key']} was intended without a passing verdict"


def _journals(world: World) -> Iterator[str]:
    """Every effect comes from one write that is known to have had it, and from no other."""
    rows = _rows(world, "select write_id::text, object_key, system, state from ops.outbox")
    delivered = {row["write_id"] for row in rows if row["state"] == "delivered"}
    writes = Counter(effect.write_id for effect in world.poor.journal)
    for effect in world.poor.journal:
        if effect.write_id not in delivered:
            yield f"{effect.reference} was {effect.effect} by a write nobody calls delivered"
    for write_id, times in writes.items():
        if times > 1:
            yield f"the write {write_id} took effect {times} times in the poor system"
    most = Counter(
        row["object_key"] for row in rows if (row["system"], row["state"]) == ("xero", "delivered")
    )
    yield from _accounting_journal(world, most)


def _accounting_journal(world: World, most: Counter[str]) -> Iterator[str]:
    live: dict[str, set[str]] = defaultdict(set)
    effects: Counter[str] = Counter()
    keys: Counter[tuple[str, str]] = Counter()
    for effect in world.accounting.journal():
        number = effect.number[: len("POS-2011-01-31")]
        keys[effect.idempotency_key, effect.document_id] += 1
        if effect.effect == "voided":
            live[number].discard(effect.document_id)
            continue
        effects[number] += 1
        live[number].add(effect.document_id)
        if len(live[number]) > 1:
            yield f"accounting held {number} twice for a while"
    for number, times in (effects - most).items():
        yield f"{number} was written {times} times more often than it was delivered"
    if any(times > 1 for times in keys.values()):
        yield "an idempotency key took effect twice"
