"""What consolidation needs of matching, and the matching library behind it, imported late."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from accord.golden.identity import Cluster
from accord.store.identity import Pair, Two

if TYPE_CHECKING:
    import pyarrow as pa

    from accord.matching.model import Pair as ComparedPair

Values = Iterable[tuple[int, Mapping[str, str]]]
"""Records with what they are compared by, read once."""

_AT_ONCE = 50_000
_TOLD = ("column", "level", "weight")
_PLACES = ("street", "city", "postcode")
_BILLED = {place: f"billing_{place}" for place in (*_PLACES, "country")}


@dataclass(frozen=True, slots=True)
class Scored:
    """Pairs that were scored, and as JSON what spoke for and against each.

    Only a doubtful pair's evidence is ever looked at, so it is worked out when it is.
    In `silent` pairs, which may be less likely than any of `pairs`, nothing contradicts; `parted`
    ones are made one by no third record.
    """

    pairs: list[Pair]
    evidence: Mapping[Two, str]
    silent: frozenset[Two] = field(default=frozenset(), kw_only=True)
    parted: frozenset[Two] = field(default=frozenset(), kw_only=True)


@dataclass(frozen=True, slots=True)
class Matched(Scored):
    """What was found among all records: to whom each belongs, by the model learnt from them."""

    clusters: Mapping[int, int]
    model: str


class Matcher(Protocol):
    """Says which records are the same; a model is text that it made itself."""

    @property
    def threshold(self) -> float:
        """The odds, in bits, from which a pair is linked without asking."""

    @property
    def compared(self) -> Sequence[str]:
        """The columns that records are found and compared by."""

    @property
    def cluster(self) -> Cluster:
        """How pairs become groups."""

    def version(self, model: str) -> str:
        """The identity of a model."""

    def keys(self, records: Values) -> Iterator[tuple[str, int]]:
        """Under which keys records are found, as (key, record)."""

    def match(
        self, records: Values, must_link: Sequence[Two], cannot_link: Iterable[Two]
    ) -> Matched:
        """Learn a model from all records, and find out which are the same."""

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
        from accord.matching.pairs import LINKS

        return LINKS[self.entity]

    @property
    def compared(self) -> Sequence[str]:
        """The columns that records are found and compared by."""
        from accord.matching.forms import COLUMNS

        return (*COLUMNS[self.entity], *(it for it in _BILLED.values() if it in self.columns))

    @property
    def cluster(self) -> Cluster:
        """How pairs become groups."""
        from accord.matching import cluster

        return cluster

    def version(self, model: str) -> str:
        """The identity of a model."""
        from accord.matching import Model

        return Model.from_json(model).version

    def keys(self, records: Values) -> Iterator[tuple[str, int]]:
        """Under which keys records are found, as (key, record)."""
        from accord.matching import block_keys_all

        rest = iter(records)
        while some := list(islice(rest, _AT_ONCE)):
            for name, keys in block_keys_all(self._table(some), entity=self.entity).items():
                yield from ((key, int(name)) for key in keys)

    def match(
        self, records: Values, must_link: Sequence[Two], cannot_link: Iterable[Two]
    ) -> Matched:
        """Learn a model from all records, and find out which are the same."""
        from accord.matching import match_all

        table = self._table(records)
        ids = frozenset(table.column("id").to_pylist())
        found = match_all(
            table,
            entity=self.entity,
            must_link=_named(must_link, ids),
            cannot_link=_named(cannot_link, ids),
        )
        scored = self._scored(found.pairs, found.model.version)
        clusters = {int(record): int(first) for record, first in found.clusters.items()}
        return Matched(scored.pairs, scored.evidence, clusters, found.model.to_json())

    def score(self, records: Values, pairs: Iterable[Two], model: str, *, among: int) -> Scored:
        """Score these pairs of records, of which there are `among` in all."""
        from accord.matching import Model, score_new

        known, values = Model.from_json(model), dict(records)
        asked = [two for two in pairs if two[0] in values and two[1] in values]
        lefts, rights = {left for left, _ in asked}, {right for _, right in asked}
        if not asked:
            return Scored([], {})
        names = {record: _name(record) for record in lefts | rights}
        found = score_new(
            self._table((record, values[record]) for record in sorted(lefts)),
            self._table((record, values[record]) for record in sorted(rights - lefts)),
            entity=self.entity,
            model=known,
            pairs=[(names[left], names[right]) for left, right in asked],
            records=among,
        )
        scored = self._scored(found, known.version)
        return replace(scored, silent=_twos(found.silent), parted=_twos(found.parted))

    def _scored(self, pairs: Sequence[ComparedPair], version: str) -> Scored:
        from accord.matching.pairs import probabilities

        found: list[Pair] = []
        places: dict[Two, int] = {}
        for place, (one, other, probability) in enumerate(probabilities(pairs)):
            left, right = sorted((int(one), int(other)))
            found.append(Pair(left, right, probability, "matched", version))
            places[left, right] = place
        return Scored(found, _Evidence(pairs, places))

    def _table(self, records: Values) -> pa.Table:
        import pyarrow as pa

        from accord.matching.forms import COLUMNS

        columns = COLUMNS[self.entity]
        schema = pa.schema([(name, pa.string()) for name in ("id", *columns)])
        rest, batches = iter(records), []
        while some := list(islice(rest, _AT_ONCE)):
            ids = pa.array([_name(record) for record, _ in some], pa.string())
            said = [_addressed(values) for _, values in some]
            told = [pa.array([it.get(name) for it in said], pa.string()) for name in columns]
            batches.append(pa.record_batch([ids, *told], schema=schema))
        return pa.Table.from_batches(batches, schema=schema)


@dataclass(frozen=True, slots=True)
class _Evidence(Mapping[Two, str]):
    """What spoke for and against each pair, as JSON, told when asked for."""

    pairs: Sequence[ComparedPair]
    places: Mapping[Two, int]

    def __getitem__(self, two: Two) -> str:
        evidence = self.pairs[self.places[two]].evidence
        return json.dumps([{name: getattr(it, name) for name in _TOLD} for it in evidence])

    def __contains__(self, two: object) -> bool:
        return two in self.places

    def __iter__(self) -> Iterator[Two]:
        return iter(self.places)

    def __len__(self) -> int:
        return len(self.places)


def _addressed(values: Mapping[str, str]) -> Mapping[str, str]:
    """Values in which the address of the bills stands for one of its own, where there is none."""
    if _BILLED["street"] not in values or any(place in values for place in _PLACES):
        return values
    return {**values, **{own: values[it] for own, it in _BILLED.items() if it in values}}


def _named(pairs: Iterable[Two], ids: frozenset[str]) -> list[tuple[str, str]]:
    named = ((_name(left), _name(right)) for left, right in pairs)
    return [two for two in named if ids.issuperset(two)]


def _twos(pairs: Iterable[tuple[str, str]]) -> frozenset[Two]:
    return frozenset((int(left), int(right)) for left, right in pairs)


def _name(record: int) -> str:
    return f"{record:015}"
