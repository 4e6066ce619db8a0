"""What matching says: pairs with their evidence, clusters, and the model that judged them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal

Band = Literal["link", "review"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one comparison found, and how far it speaks for (or against) the match, in bits."""

    column: str
    level: str
    weight: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that are, or may be, the same customer or product; `left` < `right`."""

    left: str
    right: str
    probability: float
    band: Band
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Model:
    """The parameters that records are judged by; as JSON it can be stored and used again.

    `m` and `u` give for each comparison, level by level, how often records of one customer and
    records of two are at that level. `links` is how many others a record is linked to on average,
    from which the prior follows for any number of records. `counts` are how often the frequent
    values occur among `records`, under a digest, so that no value can be read from a model.
    """

    entity: str
    records: int
    links: float
    largest_block: int
    m: Mapping[str, Sequence[float]]
    u: Mapping[str, Sequence[float]]
    counts: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the model as canonical JSON."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Model:
        """Read what `to_json` wrote."""
        told: dict[str, Any] = json.loads(text)
        return cls(**told)

    @cached_property
    def version(self) -> str:
        """The digest that identifies these parameters."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Matches:
    """What was found among some records.

    `clusters` maps each record to the smallest id of its cluster, as the engine links on its own;
    `likely` does so for all that is more likely the same than not, which takes in part of what a
    steward is asked about.
    """

    pairs: Sequence[Pair]
    clusters: Mapping[str, str]
    model: Model
    likely: Mapping[str, str]
