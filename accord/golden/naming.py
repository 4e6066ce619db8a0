"""What people call golden records: an id, part of one, or a record as system:key."""

from __future__ import annotations

from accord.errors import Stop
from accord.store import desk, identity
from accord.store.database import Connection


def the_golden(connection: Connection, entity: str, name: str) -> tuple[str, int]:
    """Return the golden id that a name stands for now, with its founder. Raises Stop."""
    system, _, key = name.partition(":")
    if key:
        record = the_record(connection, entity, system, key)
        name = identity.memberships(connection, [record])[record]
    ids = desk.like(connection, entity, name)
    found = desk.resolve(connection, entity, ids[0]) if len(ids) == 1 else None
    if found is None:
        what = f"{name} is part of several golden ids" if ids else f"There is no golden id {name}"
        raise Stop(what, remedy="give a whole golden id, or a record as system:key")
    return found


def record_named(connection: Connection, entity: str, name: str) -> int:
    """Return the record that a name, as system:key, stands for. Raises Stop."""
    system, _, key = name.partition(":")
    if not key:
        raise Stop(f"{name} names no record", remedy="name it as system:key, such as stripe:cus_1")
    return the_record(connection, entity, system, key)


def the_record(connection: Connection, entity: str, system: str, key: str) -> int:
    """Return the record that a system calls so. Raises Stop."""
    found = desk.records_of(connection, entity, system, key)
    if not found:
        raise Stop(
            f"{system} has told of no record {key}", remedy="look at its key in the system itself"
        )
    return found[0]


def leaving(connection: Connection, entity: str, name: str) -> set[int]:
    """The records that a name stands for, all of which belong to one golden record now."""
    system, _, key = name.partition(":")
    if key:
        return {the_record(connection, entity, system, key)}
    ids = desk.like(connection, entity, name)
    if len(ids) != 1:
        raise Stop(f"There is no one golden id {name}", remedy="give a whole golden id")
    founder = desk.founder(connection, entity, ids[0])
    group = set(desk.group_of(connection, founder))
    now = identity.memberships(connection, [founder])[founder]
    if now == ids[0]:
        raise Stop(
            f"{ids[0]} was not merged into another",
            remedy="name the golden id that was, or a record as system:key",
        )
    return ({founder, *desk.went_along(connection, ids[0])}) & group
