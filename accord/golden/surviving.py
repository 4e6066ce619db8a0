"""Survivorship: what authority says about golden records, and how long an acceptance stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from accord.authority import OPTED_OUT, Authority, Decided, Member, decide
from accord.store.survivors import Accepted, Claims, Row, Survivors, Written


def claims_of(authority: Authority) -> Claims:
    """The authority as the statement takes it."""
    ranked = [
        (attribute.name, system, rank)
        for attribute in authority.attributes
        for rank, system in enumerate(attribute.order)
    ]
    return Claims(
        attributes=authority.names,
        together=[attribute.taken_with for attribute in authority.attributes],
        owners=[attribute.owner for attribute in authority.attributes],
        wins=[
            OPTED_OUT if attribute.rule == "any_opt_out" else None
            for attribute in authority.attributes
        ],
        ranked=[name for name, _, _ in ranked],
        systems=[system for _, system, _ in ranked],
        ranks=[rank for _, _, rank in ranked],
    )


def member(row: Row, accepted: Iterable[str] = ()) -> Member:
    """One record, as authority sees it."""
    return Member(
        record_id=row.record_id,
        system=row.system,
        changed_at=row.changed_at,
        values=row.normal,
        echoed=frozenset(row.echoed),
        accepted=frozenset(accepted),
    )


def decided(
    authority: Authority, rows: Sequence[Row], accepted: Sequence[Accepted] = ()
) -> dict[str, Decided]:
    """What authority says of one golden record, given its records and what was accepted."""
    by_record: dict[int, list[str]] = {}
    for it in accepted:
        by_record.setdefault(it.record_id, []).append(it.attribute)
    return decide(authority, [member(row, by_record.get(row.record_id, ())) for row in rows])


def survive(survivors: Survivors, authority: Authority, golden_ids: Iterable[str]) -> Written:
    """Write what these golden records say now; what was accepted ends where its reason is gone."""
    ids = set(golden_ids)
    accepted = survivors.accepted(ids)
    if accepted:
        rows = survivors.members({it.golden_id for it in accepted})
        survivors.end_accepted([it for it in accepted if _is_over(it, authority, rows)])
    return survivors.write(ids)


def _is_over(it: Accepted, authority: Authority, rows: Mapping[str, Sequence[Row]]) -> bool:
    """Whether the record says something else by now, or authority does."""
    members = rows.get(it.golden_id, ())
    said = {row.record_id: row.normal.get(it.attribute) for row in members}
    without = decided(authority, members)[it.attribute]
    return said.get(it.record_id) != it.value or without.value != it.against
