"""Registers: undated objects in a store, and a destination in memory that matches and removes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Literal

from psycopg.types.json import Jsonb

from accord.catalog import Deletes, Delivery
from accord.delivery.courier import Approved, Courier, Delivered
from accord.delivery.planning import plan
from accord.errors import Retry, Unanswered
from accord.records import Found, Receipt, Write, content_digest
from accord.store.database import Connection, Role, Store
from accord.store.outbox import Outbox
from tests.support import engine

Mood = Literal["answers", "loses its answer", "is lost on the way", "refuses", "is busy", "is down"]

FIRMS = Delivery(
    flow="members", system="register", kind="firms", model="pub_register__firms", mode="upsert",
    gates=("member",), batch=3, settle_seconds=2.0, partitioned=False,
)  # fmt: skip
PEOPLE = replace(FIRMS, kind="people", model="pub_register__people", after=("firms",), concurrent=3)


_RECORD = """
    insert into ops.golden_records
        (entity, system, stream, source_key, landed_version, given, normal, since, seen_at, run_id)
    values ('member', 'register', %(kind)s, %(source_key)s, 1, '{}', '{}', now(), now(), 'test')
"""
_GOLDEN = """
    with founded as (
        insert into ops.golden_ids (golden_id, entity, founder, founded_at, run_id)
        select %(key)s, 'member', record_id, now(), 'test' from ops.golden_records
        where source_key = %(source_key)s
        returning golden_id, founder
    )
    insert into ops.golden_members (record_id, golden_id, valid_from, decision, run_id)
    select founder, golden_id, now(), 'founder', 'test' from founded
"""


@dataclass(frozen=True, slots=True)
class Member:
    """One object as its model wants it."""

    key: str
    name: str
    needs: tuple[str, ...] = ()
    destination_id: str = ""
    seed: Mapping[str, Any] = field(default_factory=dict)


def tables(store: Store) -> None:
    """Make what dbt would make: a view of each kind over a table with revisions."""
    with store.transaction(Role.MODELER) as connection:
        for delivery in (FIRMS, PEOPLE):
            connection.execute(
                f"create table canonical.{delivery.kind} (object_key text primary key, "
                "destination_id text, content jsonb, seed jsonb, needs text[], revision bigint)"
            )
            connection.execute(f"create index on canonical.{delivery.kind} (revision)")
            connection.execute(
                f"create view publish.{delivery.model} as select * from canonical.{delivery.kind}"
            )
        connection.execute("create sequence canonical.revisions")


def emptied(store: Store) -> Store:
    """Forget what the models say."""
    with store.transaction(Role.MODELER) as connection:
        connection.execute("delete from canonical.firms")
        connection.execute("delete from canonical.people")
    return store


def say(store: Store, delivery: Delivery, members: Iterable[Member]) -> None:
    """Let the model say this of these objects; of each that it says anew the revision grows."""
    with store.transaction(Role.MODELER) as connection, connection.cursor() as cursor:
        cursor.executemany(
            f"insert into canonical.{delivery.kind} values"
            " (%s, %s, %s, %s, %s, nextval('canonical.revisions'))"
            " on conflict (object_key) do update set destination_id = excluded.destination_id,"
            " content = excluded.content, seed = excluded.seed, needs = excluded.needs,"
            " revision = excluded.revision",
            [
                (it.key, it.destination_id, Jsonb({"name": it.name}), Jsonb(dict(it.seed)),
                 list(it.needs))
                for it in members
            ],
        )  # fmt: skip


def drop(store: Store, delivery: Delivery, *keys: str) -> None:
    """Let the model know these objects no more."""
    with store.transaction(Role.MODELER) as connection:
        connection.execute(
            f"delete from canonical.{delivery.kind} where object_key = any(%s)", (list(keys),)
        )


def merge(store: Store, survivor: str, *losers: str) -> None:
    """Let keys be golden ids, in this order of age, of which the first survived the others."""
    golden(store, survivor)
    for loser in losers:
        golden(store, loser)
        engine.rows(
            store,
            "update ops.golden_ids set survivor = %(survivor)s where golden_id = %(loser)s",
            {"survivor": survivor, "loser": loser},
        )


def golden(store: Store, key: str, *, source_key: str = "", kind: str = "people") -> None:
    """Let a key be a golden id of its own, to which a record of the register belongs."""
    values = {"key": key, "source_key": source_key or f"founder of {key}", "kind": kind}
    engine.rows(store, _RECORD, values)
    engine.rows(store, _GOLDEN, values)


def approve_all(_: Connection, days: Sequence[str]) -> Approved:
    """An open gate."""
    return Approved(dict.fromkeys(days, "as it is"), basis="test")


def approve_none(_: Connection, __: Sequence[str]) -> Approved:
    """A closed gate."""
    return Approved({}, basis="test")


@dataclass(slots=True)
class Register:
    """Objects by their own id, each with our key where we gave it one; told by its moods.

    Each delivery or removal takes its next mood; one that is busy puts off its first write. Objects
    are the same where their names are.
    """

    moods: list[Mood] = field(default_factory=list)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    archived: list[str] = field(default_factory=list)
    effects: list[tuple[str, str]] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)
    latency: float = 0.0
    at_once: int = 0
    most_at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str, *, key: str = "", **more: Any) -> str:
        """Let somebody else put an object there; return its id."""
        its_id = f"id-{len(self.objects) + len(self.archived) + 1}"
        self.objects[its_id] = {"name": name, "key": key, **more}
        return its_id

    def names(self) -> dict[str, str]:
        """What it holds under our keys."""
        return {it["key"]: it["name"] for it in self.objects.values() if it["key"]}

    def ids(self) -> dict[str, str]:
        """The ids of what it holds under our keys."""
        return {it["key"]: its_id for its_id, it in self.objects.items() if it["key"]}

    def look_up(self, kind: str, keys: Sequence[str]) -> Mapping[str, Found]:
        """Find objects by our key."""
        with self._lock:
            self.looked_up += keys
            found: dict[str, Found] = {}
            for key in keys:
                if ids := [name for name, it in self.objects.items() if it["key"] == key]:
                    digest = content_digest({"name": self.objects[ids[0]]["name"]})
                    found[key] = Found(tuple(ids), digest if len(ids) == 1 else "")
            return found

    def match(self, kind: str, writes: Sequence[Write]) -> Mapping[str, Found]:
        """Find objects by their id or their name that are free to be taken."""
        with self._lock:
            found = {}
            for write in writes:
                free = {name: it for name, it in self.objects.items() if write.may_take(it["key"])}
                ids = [write.destination_id] if write.destination_id in free else [
                    name for name, it in free.items() if it["name"] == write.content["name"]
                ]  # fmt: skip
                if ids:
                    found[write.key] = Found(tuple(sorted(ids)), "")
            return found

    def deliver(self, kind: str, writes: Sequence[Write]) -> Sequence[Receipt]:
        """Bring each object to its content."""
        return self._answered(writes, self._written)

    def remove(self, kind: str, writes: Sequence[Write], policy: str) -> Sequence[Receipt]:
        """Take objects away, or put them aside."""

        def gone(write: Write) -> Receipt:
            for name in write.found.destination_ids if write.found else ():
                self.objects.pop(name)
                if policy == "archive":
                    self.archived.append(name)
                self.effects.append(("removed", write.key))
            return Receipt(write.write_id, "delivered")

        return self._answered(writes, gone)

    def _answered(self, writes: Sequence[Write], act: Any) -> Sequence[Receipt]:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
            mood = self.moods.pop(0) if self.moods else "answers"
        if self.latency:
            time.sleep(self.latency)
        with self._lock:
            self.at_once -= 1
            if mood == "is down":
                raise Retry("It is down", remedy="run again")
            if mood == "is lost on the way":
                raise Unanswered("It was lost", remedy="look it up")
            if mood == "refuses":
                return [
                    Receipt(it.write_id, "rejected", "", "refused", "No", "ask") for it in writes
                ]
            busy = writes[:1] if mood == "is busy" else ()
            receipts = [act(write) for write in writes if write not in busy]
            receipts += [Receipt(write.write_id, "busy", "", "busy", "Open") for write in busy]
        if mood == "loses its answer":
            raise Unanswered("The answer was lost", remedy="look it up")
        return receipts

    def _written(self, write: Write) -> Receipt:
        ids = write.found.destination_ids if write.found else ()
        if ids:
            its_id, effect = ids[0], "updated"
            self.objects[its_id] |= {**write.content, "key": write.key}
        else:
            its_id, effect = self.add(key=write.key, **{**write.seed, **write.content}), "created"
        self.effects.append((effect, write.key))
        return Receipt(write.write_id, "delivered", its_id)


@dataclass(frozen=True, slots=True)
class Keeper:
    """Delivers kinds of objects from a store to a register, each time in a run of its own."""

    store: Store
    register: Any
    runs: list[str] = field(default_factory=list)

    def deliver(
        self, delivery: Delivery, *, is_over: Callable[[], bool] = lambda: False, **options: Any
    ) -> Delivered:
        """Make a run; `options` are those of its delivery."""
        self.runs.append(f"run-{len(self.runs) + 1}")
        outbox = Outbox(delivery, "sandbox", self.runs[-1])
        courier = Courier(self.store, outbox, self.register, sleep=lambda _: None, is_over=is_over)
        approve = options.pop("approve", approve_all)
        return courier.deliver([""], approve, **options)

    def counts(self, delivery: Delivery, **options: Any) -> dict[str, int]:
        """Make a run; return how everything due stands."""
        return dict(self.deliver(delivery, **options).counts.get("", {}))


def with_deletes(delivery: Delivery, policy: Deletes, *, most: float = 1.0) -> Delivery:
    """The same delivery with a policy for what the model no longer has."""
    return replace(delivery, deletes=policy, most_changed=most)


def planned_digest(keeper: Keeper, delivery: Delivery) -> str:
    """The identity of what a run would do now."""
    return plan(keeper.store, Outbox(delivery, "sandbox", "plan"), [""], approve_all).digest


def unseen(times: int) -> Callable[[Register, str, Sequence[str]], Mapping[str, Found]]:
    """A look-up that finds the register out of order so many times."""
    plain, left = Register.look_up, count(times, -1)

    def look_up(register: Register, kind: str, keys: Sequence[str]) -> Mapping[str, Found]:
        if next(left) > 0:
            raise Retry("The register is out of order", remedy="wait")
        return plain(register, kind, keys)

    return look_up
