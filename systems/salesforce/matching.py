"""Finds the record in Salesforce that is a customer already, though not under our id.

First by the record's own id, where it is known; then by what certainly names a customer: a
person's e-mail address, an organisation's tax id, or its exact name and postcode together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accord.records import Found, Write
from systems.salesforce import soql
from systems.salesforce.objects import (
    ACCOUNTS,
    CONTACTS,
    ID,
    OUR_ID,
    PASSED_ON,
    Kind,
    Standing,
    record_ids,
    remote_digest,
)
from systems.salesforce.remote import Org

_Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Naming:
    """One way to name a customer: `columns` here are `fields` there; the first one is asked for."""

    columns: tuple[str, ...]
    fields: tuple[str, ...]

    def of_write(self, write: Write) -> Hashable | None:
        columns = {**write.seed, **write.content}
        return _folded(columns.get(name) for name in self.columns)

    def of_record(self, record: _Record) -> Hashable | None:
        return _folded(record.get(name) for name in self.fields)


_NAMINGS: Mapping[str, tuple[_Naming, ...]] = {
    ACCOUNTS.name: (
        _Naming(("tax_id",), ("Tax_Id__c",)),
        _Naming(("name", "postcode"), ("Name", "ShippingPostalCode")),
    ),
    CONTACTS.name: (_Naming(("email",), ("Email",)),),
}


def matched(org: Org, kind: Kind, writes: Sequence[Write]) -> dict[str, Found]:
    """Return what matches, by key; more than one candidate is told with all their ids.

    A record that two customers match is the first one's, as it would be if they came one by one.
    """
    found = _by_id(org, kind, writes)
    taken = {record_id for item in found.values() for record_id in item.destination_ids}
    for naming in _NAMINGS[kind.name]:
        rest = [write for write in writes if write.key not in found]
        for key, item in _by_name(org, kind, naming, rest).items():
            if not taken.intersection(item.destination_ids):
                found[key] = item
                taken.update(item.destination_ids)
    return found


def standings(org: Org, kind: Kind, ids: Sequence[str]) -> dict[str, Standing]:
    """How each of these records is just now, by the record's id."""
    fields = [ID, OUR_ID, kind.opt_out, PASSED_ON]
    return {
        str(record[ID]): Standing(
            str(record[OUR_ID] or ""), bool(record[kind.opt_out]), bool(record[PASSED_ON])
        )
        for record in _asked(org, kind, ID, record_ids(ids), fields)
    }


def _by_id(org: Org, kind: Kind, writes: Sequence[Write]) -> dict[str, Found]:
    """What has the write's `destination_id`, or our very id or a former one and was put aside."""
    by_id = {write.destination_id: write for write in writes if write.destination_id}
    keys = [key for write in writes for key in (write.key, *write.former)]
    aside = {str(it[OUR_ID]): it for it in _asked(org, kind, OUR_ID, keys, kind.shown)}
    found = {it.key: _found(kind, [aside[it.key]]) for it in writes if it.key in aside}
    for record in _asked(org, kind, ID, record_ids(list(by_id)), kind.shown):
        write = by_id.get(record[ID])
        if write is not None and write.may_take(record[OUR_ID] or ""):
            found.setdefault(write.key, _found(kind, [record]))
    for write in writes:
        for key in write.former:
            if key in aside:
                found.setdefault(write.key, _found(kind, [aside[key]]))
    return found


def _by_name(org: Org, kind: Kind, naming: _Naming, writes: Sequence[Write]) -> dict[str, Found]:
    named = {write.key: naming.of_write(write) for write in writes}
    values = [
        str({**write.seed, **write.content}[naming.columns[0]])
        for write in writes
        if named[write.key] is not None
    ]
    fields = dict.fromkeys([*kind.shown, *naming.fields])
    records: dict[Hashable, list[_Record]] = defaultdict(list)
    for record in _asked(org, kind, naming.fields[0], values, fields):
        name = naming.of_record(record)
        if name is not None and not record[OUR_ID]:
            records[name].append(record)
    return {
        key: _found(kind, records[name])
        for key, name in named.items()
        if name is not None and name in records
    }


def _asked(
    org: Org, kind: Kind, field: str, values: Sequence[str], fields: Iterable[str]
) -> list[dict[str, Any]]:
    return [
        record
        for listed in soql.lists(dict.fromkeys(values))
        for record in org.records(
            soql.select(fields, kind.sobject, where=f"{field} IN {listed}", order=[ID])
        )
    ]


def _found(kind: Kind, records: Sequence[_Record]) -> Found:
    ids = tuple(sorted(str(record[ID]) for record in records))
    return Found(ids, remote_digest(kind, records[0]) if len(records) == 1 else "")


def _folded(values: Iterable[Any]) -> Hashable | None:
    """The values without regard to case and spaces at their ends, or None where one is missing."""
    told = tuple(str(value or "").strip().casefold() for value in values)
    return told if all(told) else None
