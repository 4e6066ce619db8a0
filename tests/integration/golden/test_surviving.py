"""What the statement says of many golden records is what `accord.authority.decide` says of each."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from accord.authority import Member, decide
from accord.store.database import Role
from tests.support.golden import AUTHORITY, START, STREAMS, Company

VALUES: dict[str, list[str]] = {
    "name": ["Ann", "Bo"],
    "email": ["a@x.example", "b@x.example"],
    "street": ["1 High Street", "2 Low Road"],
    "city": ["Leeds"],
    "birth_date": ["1990-01-02"],
    "consent": ["opted_in", "opted_out", "pending"],
    "loyalty_points": ["7", "12"],
    "currency": ["EUR"],
}


@st.composite
def members(draw: st.DrawFn) -> dict[str, Any]:
    said = {
        name: draw(st.sampled_from(values))
        for name, values in VALUES.items()
        if draw(st.booleans())
    }
    echoed = draw(st.sets(st.sampled_from(sorted(said)))) if said else set()
    accepted = draw(st.sets(st.sampled_from(sorted(said)), max_size=1)) if said else set()
    return {
        "system": draw(st.sampled_from(sorted(STREAMS))),
        "changed_at": draw(st.none() | st.integers(0, 3).map(lambda it: START + timedelta(it))),
        "values": said,
        "echoed": echoed,
        "accepted": accepted if draw(st.integers(0, 5)) == 0 else set(),
    }


golden_records = st.lists(st.lists(members(), min_size=1, max_size=4), min_size=1, max_size=40)


def keep(company: Company, records: list[list[dict[str, Any]]]) -> dict[str, list[Member]]:
    """Put golden records into the store as they are, and return their members."""
    found: dict[str, list[Member]] = {}
    number = 0
    for place, group in enumerate(records, start=1):
        for said in group:
            number += 1
            member = Member(
                number, said["system"], said["changed_at"], said["values"],
                frozenset(said["echoed"]), frozenset(said["accepted"]),
            )  # fmt: skip
            found.setdefault(f"id {place}", []).append(member)
    with company.store.transaction(Role.RESOLVER) as connection:
        for name, group_of in found.items():
            for member in group_of:
                connection.execute(
                    "insert into ops.golden_records overriding system value values"
                    " (%s, 'customer', %s, %s, %s, 1, %s, null, %s, %s, null, %s, false, %s, %s,"
                    " null, 'r')",
                    (
                        member.record_id, member.system, STREAMS[member.system],
                        str(member.record_id), member.changed_at, Jsonb(member.values),
                        Jsonb(member.values), sorted(member.echoed), START, START,
                    ),
                )  # fmt: skip
                if member is group_of[0]:
                    connection.execute(
                        "insert into ops.golden_ids"
                        " (golden_id, entity, founder, founded_at, run_id)"
                        " values (%s, 'customer', %s, %s, 'r')",
                        (name, member.record_id, START),
                    )
                connection.execute(
                    "insert into ops.golden_members (record_id, golden_id, valid_from, decision,"
                    " run_id) values (%s, %s, %s, 'founder', 'r')",
                    (member.record_id, name, START),
                )
                for attribute in member.accepted:
                    connection.execute(
                        "insert into ops.golden_accepted values (%s, %s, '', '', %s, 'ann')",
                        (member.record_id, attribute, START),
                    )
    return found


def texts(row: dict[str, Any]) -> dict[str, str]:
    """What a golden record says, as text."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in row.items()
        if name in AUTHORITY.names
    }


_TWO_ACCEPTED = [
    [
        {"system": "mailchimp", "changed_at": at, "values": {"name": name}, "echoed": echoed,
         "accepted": {"name"}}
        for name, at, echoed in (("Bo", None, set()), ("Ann", START, {"name"}))
    ]
]  # fmt: skip


@given(golden_records)
@example(_TWO_ACCEPTED)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_statement_and_the_function_agree(
    company: Company, records: list[list[dict[str, Any]]]
) -> None:
    company = company.emptied()
    kept = keep(company, records)
    with company.store.transaction(Role.RESOLVER) as connection:
        survivors = company.entity.survivors(connection, at=START, run_id="r")
        assert survivors.write(kept).created == len(kept)
        assert survivors.write(kept) == type(survivors.write([]))()
    for name, row in company.customers().items():
        wanted = decide(AUTHORITY, kept[name])
        assert texts(row) == {
            attribute: decided.value
            for attribute, decided in wanted.items()
            if decided.value is not None
        }
