"""Why two records are taken for one or not: what is known of the pair, and how it scores now."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accord.errors import Stop
from accord.golden.consolidate import Entity
from accord.golden.desk import Field, fields
from accord.golden.naming import record_named
from accord.store import desk, golden, identity
from accord.store.database import Connection
from accord.store.desk import Decision, Side
from accord.store.identity import Pair


@dataclass(frozen=True, slots=True)
class Explained:
    """Two records, what links them or keeps them apart, and their score; None where too low."""

    left: Side
    right: Side
    fields: tuple[Field, ...]
    probability: float | None
    evidence: Sequence[Mapping[str, Any]]
    model_version: str
    known: Pair | None
    decisions: tuple[Decision, ...]


def explain(connection: Connection, entity: Entity, first: str, second: str) -> Explained:
    """Explain a pair of records, each given as system:key. Raises Stop."""
    two = sorted(record_named(connection, entity.name, name) for name in (first, second))
    if two[0] == two[1]:
        raise Stop("Both names are of one record", remedy="name two records")
    model = golden.model(connection, entity.name)
    if model is None:
        raise Stop("Nothing was matched yet", remedy="run accord run first")
    left, right = desk.sides(connection, two)
    pair = (left.record_id, right.record_id)
    live, _ = golden.counted(connection, entity.name)
    scored = entity.matcher.score(golden.values_of(connection, two), [pair], model, among=live)
    known = identity.pairs_among(connection, two)
    return Explained(
        left=left,
        right=right,
        fields=fields(entity, left, right),
        probability=next((it.probability for it in scored.pairs), None),
        evidence=json.loads(scored.evidence.get(pair, "[]")),
        model_version=entity.matcher.version(model),
        known=known[0] if known else None,
        decisions=(
            *desk.between(connection, "must_link", [two[0]], [two[1]]),
            *desk.between(connection, "cannot_link", [two[0]], [two[1]]),
        ),
    )
