"""A company of four systems with customers, on a real store, and a matcher that is easily read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from accord.authority import authority_of
from accord.catalog import Stream
from accord.contracts.model import Contract
from accord.contracts.odcs import load
from accord.golden.consolidate import Consolidated, Entity, consolidate
from accord.golden.identity import Cluster, grouped
from accord.golden.matcher import Matched, Matcher, Matching, Scored, Values
from accord.lineage import Feed
from accord.matching.clustering import cluster
from accord.matching.normalise import normalised
from accord.names import StreamName
from accord.sealing import VARIABLE, SealingKeys
from accord.secrets import Secrets
from accord.settings import CHECKOUT
from accord.store.database import Store, prepared
from accord.store.identity import Decisions, Pair, Two
from accord.store.server import parsed

CUSTOMER = load(CHECKOUT / "contracts" / "customer.v1.odcs.yaml")
AUTHORITY = authority_of(CUSTOMER)
STREAMS = {
    "salesforce": "contacts",
    "stripe": "customers",
    "mailchimp": "members",
    "mainframe": "loyalty_accounts",
}
START = datetime(2026, 11, 2, 9, tzinfo=UTC)
_SEALING = SealingKeys(
    Secrets({VARIABLE: "c2VhbHMgZm9yIHRlc3RzIG9ubHksIDMyIGJ5dGVzISE="}), Path("/nowhere")
)
_VIEW: LiteralString = """
    create view intermediate.{view} as
    select '{stream}'::text as stream, source_key, version as landed_version,
        (payload ->> 'changed_at')::timestamptz as changed_at,
        payload ->> 'known_golden_id' as known_golden_id, said.*
    from (
        select distinct on (source_key) source_key, version,
            convert_from(t.payload, 'UTF8')::jsonb as payload
        from landing.{table} as t order by source_key, version desc
    ) as newest
    cross join lateral jsonb_to_record(payload) as said ({columns})
    where payload is not null
"""
_EMPTY = """
    truncate ops.golden_blocks, ops.golden_pairs, ops.golden_decisions, ops.golden_reviews,
        ops.golden_conflicts, ops.golden_accepted, ops.golden_changes, ops.golden_models,
        ops.golden_marks, ops.golden_passes, ops.golden_members, ops.golden_ids,
        ops.golden_records, ops.ledger, ops.crosswalk, ops.outbox,
        canonical.customers, canonical.customer_members, canonical.customer_holds
"""
_DELIVER: LiteralString = """
    with written as (
        insert into ops.outbox (flow, system, endpoint, kind, object_key, partition_key, content,
            digest, data_version, basis, state, run_id, intended_at, sent_at, settled_at, seed,
            adopted_id)
        values ('customers', %(system)s, 'sandbox', %(kind)s, %(golden)s, '', '{}', 'd', '', '',
            %(state)s, 'r', %(at)s, %(at)s, case %(state)s when 'delivered' then %(at)s end,
            %(seed)s, %(adopted)s)
        returning write_id, state
    )
    insert into ops.crosswalk
        (system, endpoint, kind, object_key, destination_id, digest, write_id)
    select %(system)s, 'sandbox', %(kind)s, %(golden)s, %(key)s, 'd', write_id from written
    where state = 'delivered'
    on conflict (system, endpoint, kind, object_key) do update
    set digest = 'd', write_id = excluded.write_id
"""


@dataclass(frozen=True, slots=True)
class PlainMatcher:
    """Equal e-mail addresses are linked, equal names are doubtful, and nothing else is."""

    threshold: float = 6.0
    models: str = "plain"

    @property
    def compared(self) -> Sequence[str]:
        return ("email", "name")

    @property
    def cluster(self) -> Cluster:
        return cluster

    def version(self, model: str) -> str:
        return model

    def keys(self, records: Values) -> Iterator[tuple[str, int]]:
        for record, said in records:
            yield from (
                (f"{name}:{said[name]}", record) for name in ("email", "name") if name in said
            )

    def match(
        self, records: Values, must_link: Sequence[Two], cannot_link: Iterable[Two]
    ) -> Matched:
        known = dict(records)
        pairs = [(a, b) for a in known for b in known if a < b]
        scored = self.score(known.items(), pairs, self.models, among=len(known))
        clusters = grouped(
            sorted(known),
            scored.pairs,
            Decisions(frozenset(must_link), frozenset(cannot_link)),
            cluster,
            threshold=self.threshold,
            together={},
        )
        homes = {record: min(group) for group in clusters for record in group}
        return Matched(scored.pairs, scored.evidence, homes, self.models)

    def score(self, records: Values, pairs: Iterable[Two], model: str, *, among: int) -> Scored:
        said = dict(records)
        found, evidence = [], {}
        for left, right in pairs:
            same = [
                name
                for name in ("email", "name")
                if said.get(left, {}).get(name)
                and said[left][name] == said.get(right, {}).get(name)
            ]
            if same:
                odds = 0.999 if "email" in same else 0.5
                found.append(Pair(left, right, odds, "matched", model))
                evidence[left, right] = json.dumps(
                    [{"column": name, "level": "equal", "weight": 9.0} for name in same]
                )
        return Scored(found, evidence)


@dataclass(slots=True)
class Company:
    """Four systems, what they say, and the golden records made of it."""

    store: Store
    matcher: Matcher = field(default_factory=PlainMatcher)
    contract: Contract = CUSTOMER
    time: datetime = START
    runs: int = 0

    @property
    def entity(self) -> Entity:
        return Entity(self.contract, AUTHORITY, self.matcher, normalised, clock=self._tick)

    @property
    def feeds(self) -> list[Feed]:
        return [
            Feed("intermediate", f"int_customers__from_{system}", system, (stream,), "1")
            for system, stream in STREAMS.items()
        ]

    def say(self, system: str, key: str, **said: object) -> None:
        """Land a version of a record."""
        told = {name: str(value) for name, value in said.items() if value is not None}
        told.setdefault("kind", "person")
        self._land(system, key, told)

    def forget(self, system: str, key: str) -> None:
        """Land a tombstone."""
        self._land(system, key, None)

    def consolidate(self, **options: Any) -> Consolidated:
        """Bring the golden records up to what the systems say."""
        self.runs += 1
        return consolidate(
            self.store, self.feeds, self.entity, run_id=f"run {self.runs}", **options
        )

    def deliver(self, system: str, golden_id: str, key: str, **seed: str) -> None:
        """Note that we delivered a golden record to a system, where it is called `key`."""
        self._send(system, golden_id, key, "delivered", seed)

    def adopt(self, system: str, golden_id: str, key: str, **seed: str) -> None:
        """Note the same of a record that somebody had made there."""
        self._send(system, golden_id, key, "delivered", seed, adopted=key)

    def send(self, system: str, golden_id: str, **seed: str) -> None:
        """Note that we sent a golden record to a system, and do not know yet whether it came."""
        self._send(system, golden_id, "", "unknown", seed)

    def rows(
        self, statement: LiteralString, values: Mapping[str, object] | None = None
    ) -> list[dict[str, Any]]:
        """Run one statement with all rights and return its rows, if any."""
        with psycopg.connect(
            self.store.address.conninfo, autocommit=True, row_factory=dict_row
        ) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def customers(self) -> dict[str, dict[str, Any]]:
        """The golden records by id, without what is empty."""
        return {
            row["golden_id"]: {name: value for name, value in row.items() if value is not None}
            for row in self.rows("select * from canonical.customers")
        }

    def homes(self) -> dict[str, str]:
        """The golden id of each record, by system:key."""
        rows = self.rows("select * from canonical.customer_members")
        return {f"{row['system']}:{row['source_key']}": row["golden_id"] for row in rows}

    def customer(self, record: str) -> dict[str, Any]:
        """The golden record that a record, given as system:key, belongs to."""
        return self.customers()[self.homes()[record]]

    def groups(self) -> set[frozenset[str]]:
        """Which records are one."""
        found: dict[str, set[str]] = {}
        for record, home in self.homes().items():
            found.setdefault(home, set()).add(record)
        return {frozenset(group) for group in found.values()}

    def learn_from_strangers(self, **said: str) -> None:
        """Match by the matching library, and let there be thirty customers to learn from.

        None of them is named like another; `said` may hold `{}` for the number of each.
        """
        self.matcher = Matching(CUSTOMER.name, AUTHORITY.names)
        for number in range(30):
            told = {name: value.format(number) for name, value in said.items()}
            self.say(
                "salesforce", f"other{number}", first_name="Tomas",
                last_name=f"Brenner{number:02}ov", city="York", **told,
            )  # fmt: skip

    def emptied(self) -> Company:
        """Forget everything."""
        tables = ", ".join(f"landing.{system}__{stream}" for system, stream in STREAMS.items())
        self.rows(f"{_EMPTY}, {tables}")  # type: ignore[arg-type]
        return replace(self, time=START, runs=0, matcher=PlainMatcher(), contract=CUSTOMER)

    def _send(
        self,
        system: str,
        golden_id: str,
        key: str,
        state: str,
        seed: Mapping[str, str],
        *,
        adopted: str = "",
    ) -> None:
        told = {"system": system, "kind": STREAMS[system], "golden": golden_id, "key": key}
        how = {"at": self.time, "state": state, "seed": Jsonb(seed), "adopted": adopted}
        self.rows(_DELIVER, {**told, **how})

    def _land(self, system: str, key: str, said: Mapping[str, str] | None) -> None:
        statement = sql.SQL(
            "insert into landing.{} (partition_key, source_key, content_hash, payload, run_id)"
            " values ('', %s, sha256(coalesce(%s::bytea, ''::bytea)), %s, 'landed')"
        ).format(sql.Identifier(f"{system}__{STREAMS[system]}"))
        payload = None if said is None else json.dumps(said).encode()
        with psycopg.connect(self.store.address.conninfo, autocommit=True) as connection:
            connection.execute(statement, (key, payload, payload))

    def _tick(self) -> datetime:
        self.time += timedelta(minutes=1)
        return self.time


def a_company(url: str) -> Company:
    """Put an empty store, and the views that feed it, into an empty database."""
    streams = [
        Stream(StreamName(system, stream), Path("none"), False, False, stream)
        for system, stream in STREAMS.items()
    ]
    company = Company(prepared(parsed(url), streams, _SEALING))
    columns = ", ".join(
        f"{column.name} {column.physical_type}"
        for column in CUSTOMER.columns
        if column.name in AUTHORITY.names
    )
    for system, stream in STREAMS.items():
        statement = _VIEW.format(
            view=f"int_customers__from_{system}",
            stream=stream,
            table=f"{system}__{stream}",
            columns=columns,
        )
        company.rows(statement)  # type: ignore[arg-type]
    company.rows("grant select on all tables in schema intermediate to accord_reader")
    return company


def named(groups: Iterable[Sequence[str]]) -> set[frozenset[str]]:
    """Groups of records, to compare with."""
    return {frozenset(group) for group in groups}
