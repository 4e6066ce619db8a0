"""What consolidation needs of matching, and the matching library behind it, imported late."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from accord.golden.identity import Cluster
from accord.store.identity import Decisions, Pair, Two

if TYPE_CHECKING:
    import pyarrow as pa

Values = Iterable[tuple[int, Mapping[str, str]]]
"""Records with their normalised values, read once."""

_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class Scored:
    """Pairs that were scored, and as JSON what spoke for and against each."""

    pairs: list[Pair]
    evidence: Mapping[Two, str]


class Matcher(Protocol):
    """Says which records are the same; a model is text that it made itself."""

    @property
    def threshold(self) -> float:
        """The odds, in bits, from which a pair is linked without asking."""

    @property
    def cluster(self) -> Cluster:
        """How pairs become groups."""

    def version(self, model: str) -> str:
        """The identity of a model."""

    def keys(self, records: Values) -> Iterator[tuple[str, int]]:
        """Under which keys records are found, as (key, record)."""

    def match(self, records: Values, decisions: Decisions, model: str | None) -> tuple[Scored, str]:
        """Score all pairs worth it, learning a model first where none is given; and the model."""

    def score(self, records: Values, pairs: Iterable[Two], model: str, *, among: int) -> Scored:
        """Score these pairs of records, of which there are `among` in all."""


@dataclass(frozen=True, slots=True)
class Matching:
    """The matching library, for one entity."""

    entity: str
    columns: tuple[str, ...]

    @property
    def threshold(self) -> float:
        """The odds, in bits, from which a pair is linked without asking."""
        from accord.matching.engine import LINK

        return LINK

    @property
    def cluster(self) -> Cluster:
        """How pairs become groups."""
        from accord.matching.clustering import cluster

        return cluster

    def version(self, model: str) -> str:
        """The identity of a model."""
        from accord.matching.model import Model

        return Model.from_json(model).version

    def keys(self, records: Values) -> Iterator[tuple[str, int]]:
        """Under which keys records are found, as (key, record)."""
        from accord.matching.engine import block_keys_all

        rest = iter(records)
        while some := list(islice(rest, _AT_ONCE)):
            for name, keys in block_keys_all(self._table(some), entity=self.entity).items():
                yield from ((key, int(name)) for key in keys)

    def match(self, records: Values, decisions: Decisions, model: str | None) -> tuple[Scored, str]:
        """Score all pairs worth it, learning a model first where none is given; and the model."""
        from accord.matching.engine import match_all
        from accord.matching.model import Model

        table = self._table(records)
        ids = frozenset(table.column("id").to_pylist())
        found = match_all(
            table,
            entity=self.entity,
            must_link=_named(decisions.must_link, ids),
            cannot_link=_named(decisions.cannot_link, ids),
            model=Model.from_json(model) if model else None,
        )
        return self._scored(found.pairs, found.model.version), found.model.to_json()

    def score(self, records: Values, pairs: Iterable[Two], model: str, *, among: int) -> Scored:
        """Score these pairs of records, of which there are `among` in all."""
        from accord.matching.engine import score_new
        from accord.matching.model import Model

        known, values = Model.from_json(model), dict(records)
        asked = [two for two in pairs if two[0] in values and two[1] in values]
        lefts, rights = {left for left, _ in asked}, {right for _, right in asked}
        if not asked:
            return Scored([], {})
        found = score_new(
            self._table((record, values[record]) for record in sorted(lefts)),
            self._table((record, values[record]) for record in sorted(rights - lefts)),
            entity=self.entity,
            model=known,
            pairs=[(_name(left), _name(right)) for left, right in asked],
            records=among,
        )
        return self._scored(found, known.version)

    def _scored(self, pairs: Iterable[Any], version: str) -> Scored:
        found: list[Pair] = []
        evidence: dict[Two, str] = {}
        for it in pairs:
            left, right = sorted((int(it.left), int(it.right)))
            found.append(Pair(left, right, it.probability, "matched", version))
            evidence[left, right] = json.dumps([asdict(item) for item in it.evidence])
        return Scored(found, evidence)

    def _table(self, records: Values) -> pa.Table:
        import pyarrow as pa

        names = ("id", *self.columns)
        schema = pa.schema([(name, pa.string()) for name in names])
        rest, batches = iter(records), []
        while some := list(islice(rest, _AT_ONCE)):
            ids = pa.array([_name(record) for record, _ in some], pa.string())
            columns = [
                pa.array([values.get(name) for _, values in some], pa.string())
                for name in self.columns
            ]
            batches.append(pa.record_batch([ids, *columns], schema=schema))
        return pa.Table.from_batches(batches, schema=schema)


def _named(pairs: Iterable[Two], ids: frozenset[str]) -> list[tuple[str, str]]:
    named = ((_name(left), _name(right)) for left, right in pairs)
    return [two for two in named if ids.issuperset(two)]


def _name(record: int) -> str:
    return f"{record:015}"
