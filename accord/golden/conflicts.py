"""Conflicts: edits in systems that do not own the field, told from our own writes that come back.

A value is ours when it is one that its golden record had while it may have been on its way, or one
that we sent with a new record; that it had none is such a value too. What differs from the golden
record without being ours is an edit; one that did not win is a conflict.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from accord.authority import Attribute, Authority
from accord.golden.surviving import decided
from accord.store.survivors import Changed, Conflict, Echo, Held, Survivors

POLICY = "policy"
"""Who answered, where nobody was asked."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A record's attribute that has another value than before, and not by us."""

    record: Changed
    attribute: str


def echo_of(
    record: Changed, known: Mapping[str, Collection[str | None]], held: Collection[str]
) -> Echo:
    """Tell which of a record's values are our own, given all that was ours in its time.

    `held` are the attributes that its system keeps; others are only worked out from those. Whatever
    an adopted record says, somebody made it.
    """
    before = record.previous or {}
    echoed = {
        name
        for name, value in record.normal.items()
        if (
            name in record.was_echoed if before.get(name) == value else value in known.get(name, ())
        )
    }
    return Echo(
        record.record_id,
        tuple(sorted(echoed)),
        is_echo=(record.was_echo or record.previous is None)
        and not record.is_adopted
        and echoed >= record.normal.keys() & set(held),
    )


def edits_of(record: Changed, echo: Echo, known: Mapping[str, Collection[str | None]]) -> list[str]:
    """The attributes that somebody changed in the record's system, cleared ones among them."""
    if record.previous is None:
        return []
    return sorted(
        name
        for name in _changed(record)
        if name not in echo.echoed and (name in record.normal or None not in known.get(name, ()))
    )


def answered(conflict: Conflict, attribute: Attribute) -> Conflict:
    """What the attribute's policy does about a conflict."""
    if attribute.conflict == "hold":
        return conflict
    return replace(conflict, state="answered", answer=attribute.conflict, answered_by=POLICY)


def note_echoes(
    survivors: Survivors, authority: Authority, records: Sequence[Changed]
) -> list[Edit]:
    """Note which values of these records are our own; return what was edited.

    In doubt an opt-out is somebody's own: only where we say the same right now it is not.
    """
    strict = {it.name for it in authority.attributes if it.rule == "any_opt_out"}
    composed = [it for it in authority.attributes if it.composed]
    edits: list[Edit] = []
    homes = survivors.golden_ids([it.record_id for it in records])
    once, now = survivors.once(records), survivors.values(homes.values())
    held = {system: authority.held_by(system) for system in {it.system for it in records}}
    names, echoes = frozenset(authority.names), []
    for record in records:
        golden = now.get(homes.get(record.record_id, ""), {})
        known = {name: {golden.get(name)} for name in names & _changed(record)}
        before = once.get(record.record_id, ())
        for said in before:
            for name in known.keys() & said.keys() - strict:
                known[name].add(None if said[name] is None else str(said[name]))
        for attribute in composed:
            if attribute.name in known:
                put_together = map(attribute.composed_from, (golden, *before))
                known[attribute.name].update(it for it in put_together if it)
        echo = echo_of(record, known, held[record.system])
        if (set(echo.echoed), echo.is_echo) != (set(record.was_echoed), record.was_echo):
            echoes.append(echo)
        edits += [Edit(record, name) for name in edits_of(record, echo, known)]
    survivors.mark_echoes(echoes)
    survivors.note_edited(edit.record.record_id for edit in edits)
    return edits


def settle(
    survivors: Survivors, authority: Authority, edits: Sequence[Edit], golden_ids: Iterable[str]
) -> int:
    """Find the conflicts among edits, now that it is decided what counts, and answer them.

    Whatever a copy shows instead of the golden value is sent again, unless it is held. Returns how
    many conflicts there are.
    """
    records = {edit.record.record_id: edit.record for edit in edits}
    homes = survivors.golden_ids(list(records))
    ids = {*golden_ids, *homes.values()}
    held = survivors.held(ids)
    values = survivors.values({*homes.values(), *(it.golden_id for it in held)})
    survivors.end([it.conflict_id for it in held if _is_over(it, values)])
    found = [
        answered(conflict, authority[edit.attribute])
        for edit in edits
        if edit.attribute in authority.names
        and (conflict := _conflict(edit, authority, homes, values)) is not None
    ]
    for conflict in found:
        survivors.open(conflict)
    _accept(survivors, authority, found)
    survivors.hold(ids)
    return len(found)


def differing(
    survivors: Survivors, authority: Authority, records: Sequence[Changed]
) -> set[tuple[str, str]]:
    """The copies, as (system, golden id), that do not show what they should."""
    homes = survivors.golden_ids([it.record_id for it in records])
    values = survivors.values(homes.values())
    held = {(it.system, it.golden_id, it.attribute) for it in survivors.held(homes.values())}
    copies = {system: authority.copied_to(system) for system in {it.system for it in records}}
    return {
        (record.system, home)
        for record in records
        if (home := homes.get(record.record_id)) in values
        for name in copies[record.system]
        if record.normal.get(name) != values[home].get(name)
        and (record.system, home, name) not in held
    }


def _conflict(
    edit: Edit, authority: Authority, homes: Mapping[int, str], values: Mapping[str, Any]
) -> Conflict | None:
    """The conflict that an edit is, if its system holds the field and the edit did not win."""
    record, attribute = edit.record, authority[edit.attribute]
    home = homes.get(record.record_id, "")
    is_source = not authority.copied_to(record.system)
    if home not in values or not (record.system in attribute.copies or is_source):
        return None
    value, golden = record.normal.get(edit.attribute), values[home].get(edit.attribute)
    if value == golden or record.system == attribute.owner:
        return None
    if value is None and record.system not in attribute.copies:
        return None  # it never had to say anything
    previous = record.previous or {}
    return Conflict(
        record_id=record.record_id,
        golden_id=home,
        attribute=edit.attribute,
        owner=attribute.owner,
        was=previous.get(edit.attribute),
        value=value,
        golden_value=golden,
        state="held",
    )


def _accept(survivors: Survivors, authority: Authority, found: Sequence[Conflict]) -> None:
    """Let values win that the policy accepts, as long as authority says no other."""
    accepted = [it for it in found if it.answer == "accept_once" and it.value is not None]
    rows = survivors.members({it.golden_id for it in accepted})
    for it in accepted:
        against = decided(authority, rows[it.golden_id])[it.attribute].value
        survivors.accept(it, against, by=it.answered_by)
    survivors.write({it.golden_id for it in accepted})


def _changed(record: Changed) -> set[str]:
    """The attributes of which a record says something else than before."""
    before, now = record.previous or {}, record.normal
    return {name for name in {*before, *now} if before.get(name) != now.get(name)}


def _is_over(held: Held, values: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether a conflict that waits is none any more, or another one by now."""
    golden = values.get(held.golden_id)
    return (
        held.is_removed
        or golden is None
        or held.now_value != held.value
        or golden.get(held.attribute) == held.value
    )
