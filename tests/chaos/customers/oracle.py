"""The oracle: what has to be true whenever all is calm, told from the systems themselves.

It asks the emulators behind the API's back, and the store for what it says of them. Whatever the
weather was, each system holds each golden customer once, as its publish model says; nobody was ever
told what they own; who opted out anywhere is opted out everywhere; and all counts are right.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from accord.catalog import Delivery
from accord.records import content_digest
from accord.store.database import Role
from accord.store.verification import verify
from systems.mailchimp import members
from systems.mailchimp.emulator_people import BY_HAND
from systems.salesforce import objects
from systems.stripe import customers
from tests.chaos.customers.processes import DELIVERIES
from tests.chaos.customers.world import World

Held = Mapping[str, Mapping[str, str]]  # key to the ids it is held under, each with a digest


def differences(world: World) -> list[str]:
    """Say in which ways the world is not as it has to be, as sentences; none when all is well."""
    return [
        *_held(world),
        *_letters(world),
        *_outbox(world),
        *_created(world),
        *_lonely(world),
        *_consent(world),
        *_landing(world),
        *_ledger(world),
        *world.watch.wrong,
        *(f"an emulator broke: {error!r}" for error in world.company.failures),
    ]


def rows(world: World, statement: Any) -> list[dict[str, Any]]:
    """Ask the store, with all rights."""
    with world.admin.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement).fetchall()


def published(world: World, delivery: Delivery) -> dict[str, Mapping[str, Any]]:
    """What a publish model says, by golden id."""
    view = sql.Identifier("publish", delivery.model)
    found = rows(world, sql.SQL("select object_key, content from {}").format(view))
    return {row["object_key"]: row["content"] for row in found}


def held(world: World, delivery: Delivery) -> Held:
    """What a destination holds under keys of ours that is not put aside, by golden id."""
    company = world.company
    found: dict[str, dict[str, str]] = defaultdict(dict)
    match delivery.system:
        case "salesforce":
            kind = objects.kind_of(delivery.kind)
            for row in company.crm.rows(delivery.kind):
                if row[objects.OUR_ID] and not row[objects.ARCHIVED]:
                    found[row[objects.OUR_ID]][row["Id"]] = objects.remote_digest(kind, row)
        case "stripe":
            for it in company.billing.customers():
                if customers.our_id(it) and customers.is_live(it):
                    found[customers.our_id(it)][it["id"]] = customers.digest_of(it)
        case "mailchimp":
            for it in company.marketing.members():
                if members.our_key(it) and it["status"] != members.ARCHIVED:
                    found[members.our_key(it)][it["contact_id"]] = members.digest_of(it)
    return found


def refused(world: World) -> set[tuple[str, str]]:
    """Which golden customers have a write that was refused and waits for a person, by part."""
    found = rows(
        world,
        "select distinct on (system, kind, object_key) system || '.' || kind as part, object_key,"
        " state from ops.outbox where state <> 'superseded'"
        " order by system, kind, object_key, write_id desc",
    )
    return {(row["part"], row["object_key"]) for row in found if row["state"] == "rejected"}


def doubted(world: World) -> set[tuple[str, str]]:
    """Which golden customers a steward has to decide about before a part gets them."""
    found = rows(
        world,
        "select o.system || '.' || o.kind as part, o.object_key from ops.outbox as o"
        " where o.state = 'held' and o.target_id = '' and exists ("
        "select from ops.golden_reviews as v"
        " inner join ops.golden_members as m on m.record_id in (v.left_id, v.right_id)"
        " where v.state = 'open' and m.valid_to is null and m.golden_id = o.object_key)",
    )
    return {(row["part"], row["object_key"]) for row in found}


def _held(world: World) -> Iterator[str]:
    """Each golden customer is there once and right, and nobody else is under a key of ours."""
    waiting = refused(world) | doubted(world)
    for delivery in DELIVERIES:
        part = f"{delivery.system}.{delivery.kind}"
        wanted, there = published(world, delivery), held(world, delivery)
        for key, content in wanted.items():
            digests = list(there.get(key, {}).values())
            if digests != [content_digest(content)] and (part, key) not in waiting:
                how = f"{len(digests)} times" if len(digests) != 1 else "not as it should be"
                yield f"{part} holds {key} {how}"
        for key in there.keys() - wanted.keys():
            yield f"{part} holds {key}, which is nobody's any more"


def _letters(world: World) -> Iterator[str]:
    """Dead letters wait for the planned poison and for nothing else."""
    found = Counter(
        (row["stage"], row["name"], row["cause"], row["key"])
        for row in rows(
            world,
            "select stage, name, cause, case stage when 'delivery' then piece else '' end as key"
            " from ops.dead_letters where state = 'waiting'",
        )
    )
    wanted: Counter[tuple[str, str, str, str]] = Counter()
    if world.company.spoilt:
        wanted["landing", "mainframe.loyalty_accounts", "bad_packed_digit", ""] += 1
    marketing = next(it for it in DELIVERIES if it.system == "mailchimp")
    for key, content in published(world, marketing).items():
        if str(content["email"]).endswith("@fake.example"):
            letter = ("delivery", "customers", "email_refused", f"mailchimp.members {key}")
            wanted[letter] += 1
    if found != wanted:
        yield f"the dead letters lack {wanted - found} and have {found - wanted} too much"


def _outbox(world: World) -> Iterator[str]:
    left = rows(
        world,
        "select system || '.' || kind as part, object_key, state from ops.outbox"
        " where state in ('waiting', 'sending', 'unknown', 'held')",
    )
    in_doubt = doubted(world)
    for row in left:
        if (row["part"], row["object_key"]) not in in_doubt:
            yield f"{row['object_key']} is left {row['state']} for {row['part']}"


def _created(world: World) -> Iterator[str]:
    """Nobody was made twice under one key, unless people had deleted them meanwhile."""
    company = world.company
    made: Counter[tuple[str, str]] = Counter()
    for crm in company.crm.journal():
        if crm.accord_id:
            made["salesforce", crm.accord_id] += _step(crm.effect)
    for bill in company.billing.journal():
        if bill.accord_id:
            made["stripe", bill.accord_id] += _step(bill.effect)
    for member in company.marketing.journal():
        if member.key:
            made["mailchimp", member.key] += _step(member.effect)
    gone = world.people_deleted
    for (system, key), times in made.items():
        if times > 1 + gone[system, key]:
            yield f"{system} was made to create {key} {times} times"


def ours(world: World) -> set[tuple[str, str]]:
    """The objects that the engine has made, as (system, name there)."""
    company = world.company
    return {
        *(("salesforce", it.record_id) for it in company.crm.journal() if it.effect == "created"),
        *(
            ("stripe", it.customer_id)
            for it in company.billing.journal()
            if it.effect == "created" and it.idempotency_key
        ),
        *(
            ("mailchimp", it.member_id)
            for it in company.marketing.journal()
            if it.effect == "created" and it.operation != BY_HAND
        ),
    }


def _lonely(world: World) -> Iterator[str]:
    """No customer lives on by what we ourselves made of them alone."""
    made, records = ours(world), defaultdict(set)
    for row in rows(world, "select golden_id, system, source_key from canonical.customer_members"):
        records[row["golden_id"]].add((row["system"], row["source_key"]))
    for golden_id, known in records.items():
        if known <= made:
            yield f"{golden_id} is known by nothing but what we made: {sorted(known)}"


def made_again(world: World) -> Iterator[str]:
    """Whoever a system had under the same address from the beginning was not made there again."""
    made = ours(world)
    company = world.company
    there: dict[str, dict[str, str]] = {
        "salesforce": {row["Id"]: row["Email"] or "" for row in company.crm.rows("contacts")},
        "stripe": {it["id"]: it["email"] or "" for it in company.billing.customers()},
        "mailchimp": {it["contact_id"]: it["email_address"] for it in company.marketing.members()},
    }
    for system, emails in there.items():
        known = {
            email.casefold() for key, email in emails.items() if email and (system, key) not in made
        }
        for key, email in emails.items():
            if (system, key) in made and email.casefold() in known:
                yield f"{system} had the customer {key} already"


def _step(effect: str) -> int:
    return effect == "created"


def _consent(world: World) -> Iterator[str]:
    """An opt-out anywhere is one everywhere, and whoever opted out was not subscribed again."""
    homes = {
        (row["system"], row["source_key"]): row["golden_id"]
        for row in rows(world, "select * from canonical.customer_members")
    }
    golden = {
        row["golden_id"]: row["consent"]
        for row in rows(world, "select golden_id, consent from canonical.customers")
    }
    company = world.company
    opted_out = {home for (_, key), home in homes.items() if key in world.watch.out}
    for golden_id in opted_out:
        if golden[golden_id] != "opted_out":
            yield f"{golden_id} opted out and does not count as such"
    waiting = refused(world)
    for member in company.marketing.members():
        key, status = members.our_key(member), member["status"]
        is_written_to = status in ("subscribed", "pending")
        if is_written_to and member["contact_id"] in world.watch.out:
            yield f"the member {member['contact_id']} opted out and is subscribed"
        if is_written_to and key in opted_out and ("mailchimp.members", key) not in waiting:
            yield f"{key} opted out and is subscribed"


def _landing(world: World) -> Iterator[str]:
    """What was last read of each system is what it holds."""
    company = world.company
    there: dict[str, dict[str, Any]] = {
        f"salesforce__{kind}": {
            row["Id"]: (row["Phone"], row["Name"], row[objects.OUR_ID])
            for row in company.crm.rows(kind)
        }
        for kind in ("accounts", "contacts")
    }
    there["stripe__customers"] = {
        it["id"]: (it["name"], it["email"], it["phone"], it["metadata"])
        for it in company.billing.customers()
    }
    there["mailchimp__members"] = {
        it["contact_id"]: (it["email_address"], it["status"], it["merge_fields"])
        for it in company.marketing.members()
        if it["status"] != members.ARCHIVED
    }
    names = {
        "salesforce__accounts": ("Phone", "Name", objects.OUR_ID),
        "salesforce__contacts": ("Phone", "Name", objects.OUR_ID),
        "stripe__customers": ("name", "email", "phone", "metadata"),
        "mailchimp__members": ("email_address", "status", "merge_fields"),
    }
    for table, held_there in there.items():
        newest = rows(
            world,
            sql.SQL(
                "select distinct on (source_key) source_key, payload from landing.{}"
                " order by source_key, version desc"
            ).format(sql.Identifier(table)),
        )
        read = {row["source_key"]: json.loads(row["payload"]) for row in newest if row["payload"]}
        if read.keys() != held_there.keys():
            yield f"of {table} {sorted(held_there.keys() ^ read.keys())} were not read as they are"
        for key in read.keys() & held_there.keys():
            told = tuple(read[key].get(name) for name in names[table])
            if "Name" not in read[key] and table == "salesforce__contacts":
                told = (told[0], held_there[key][1], told[2])
            if told != held_there[key]:
                yield f"{key} in {table} was not read as it is"


def _ledger(world: World) -> Iterator[str]:
    with world.store.session(Role.READER) as connection:
        for check in verify(connection):
            for wrong in check.discrepancies:
                yield f"the ledger: {check.says}: {wrong}"
