"""A matcher that is easily foreseen: what certainly names a customer links, a name alone asks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from accord.golden.identity import Cluster, grouped
from accord.golden.matcher import Matched, Scored, Values
from accord.matching.clustering import cluster
from accord.store.identity import Decisions, Pair, Two

_NAMES = ("email", "phone", "home", "name")
_DOUBTFUL = "name"


@dataclass(frozen=True, slots=True)
class PlainMatcher:
    """Equal addresses, numbers, or names at one postcode are linked; equal names are doubtful."""

    threshold: float = 6.0
    models: str = "plain"

    @property
    def compared(self) -> Sequence[str]:
        """What names a record."""
        return ("email", "phone", "organisation", "name", "postcode", "billing_postcode")

    @property
    def cluster(self) -> Cluster:
        """Groups as the engine groups."""
        return cluster

    def version(self, model: str) -> str:
        """The only one."""
        return model

    def keys(self, records: Values) -> Iterator[tuple[str, int]]:
        """Whatever names a record."""
        for record, said in records:
            yield from ((f"{name}:{value}", record) for name, value in _named(said).items())

    def match(
        self, records: Values, must_link: Sequence[Two], cannot_link: Iterable[Two]
    ) -> Matched:
        """Compare all with all, and group them as the engine groups."""
        known = dict(records)
        pairs = [(a, b) for a in known for b in known if a < b]
        scored = self.score(known.items(), pairs, self.models, among=len(known))
        decisions = Decisions(frozenset(must_link), frozenset(cannot_link))
        groups = grouped(
            sorted(known), scored.pairs, decisions, cluster, threshold=self.threshold, together={}
        )
        homes = {record: min(group) for group in groups for record in group}
        return Matched(scored.pairs, scored.evidence, homes, self.models)

    def score(self, records: Values, pairs: Iterable[Two], model: str, *, among: int) -> Scored:  # noqa: ARG002
        """Say what pairs have in common."""
        named = {record: _named(said) for record, said in records}
        found, evidence = [], {}
        for left, right in pairs:
            mine, other = named.get(left, {}), named.get(right, {})
            same = [it for it in _NAMES if it in mine and mine[it] == other.get(it)]
            if same:
                odds = 0.5 if same == [_DOUBTFUL] else 0.9999
                found.append(Pair(left, right, odds, "matched", model))
                told = [{"column": name, "level": "equal", "weight": 9.0} for name in same]
                evidence[left, right] = json.dumps(told)
        return Scored(found, evidence)


def _named(said: Mapping[str, str]) -> dict[str, str]:
    name = (said.get("organisation") or said.get("name") or "").casefold()
    postcode = said.get("postcode") or said.get("billing_postcode") or ""
    told = {
        "email": said.get("email", ""),
        "phone": said.get("phone", ""),
        "home": f"{name} {postcode}" if name and postcode else "",
        "name": name,
    }
    return {key: value for key, value in told.items() if value}
