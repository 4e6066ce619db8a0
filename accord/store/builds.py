"""What was modelled from what: the days whose models are stale, and the days without a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accord.store.database import Connection
from accord.store.queries import queries


@dataclass(frozen=True, slots=True)
class Span:
    """ISO days from `first` to `last`, both included."""

    first: str
    last: str

    @property
    def bounds(self) -> Mapping[str, str]:
        """The values the statements take."""
        return {"first": self.first, "last": self.last}


def golden_target(flow: str) -> str:
    """What the build of a flow's golden records is noted under; its partition is ""."""
    return f"golden {flow}"


def landed_basis(connection: Connection, streams: Sequence[str], span: Span) -> dict[str, str]:
    """What a model of each landed day depends on: how often its streams changed."""
    return _pairs(connection, "landed", span, streams=list(streams))


def judged_basis(
    connection: Connection, before: str, entities: Sequence[str], span: Span
) -> dict[str, str]:
    """What a model behind the gates depends on: the build before it and its verdicts."""
    return _pairs(connection, "judged", span, before=before, entities=list(entities))


def stale(connection: Connection, target: str, basis: Mapping[str, str], span: Span) -> list[str]:
    """The days whose models in `target` were built from another basis than `basis`, or never."""
    built = _pairs(connection, "built", span, target=target)
    return sorted(day for day, wanted in basis.items() if built.get(day) != wanted)


def note(connection: Connection, target: str, basis: Mapping[str, str]) -> None:
    """Note what the days of `target` have been built from."""
    connection.execute(
        queries("builds")["note"],
        {"target": target, "partitions": list(basis), "bases": list(basis.values())},
    )


def to_judge(
    connection: Connection, target: str, entity: str, contract: str, span: Span
) -> list[str]:
    """The built days that have no verdict on what they hold now under this contract."""
    rows = connection.execute(
        queries("builds")["to_judge"],
        {"target": target, "entity": entity, "contract": contract, **span.bounds},
    )
    return [row[0] for row in rows.fetchall()]


def whole_to_judge(connection: Connection, target: str, entity: str, contract: str) -> bool:
    """Tell whether a table without partitions has no verdict on what it holds now."""
    found = connection.execute(
        queries("builds")["whole_to_judge"],
        {"target": target, "entity": entity, "contract": contract},
    )
    return found.fetchone() == (True,)


def _pairs(connection: Connection, name: str, span: Span, **values: object) -> dict[str, str]:
    return dict(connection.execute(queries("builds")[name], {**values, **span.bounds}).fetchall())
