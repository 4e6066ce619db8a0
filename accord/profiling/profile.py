"""What a profile holds: tables with their columns, who repeats, who disagrees, what to do first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accord.profiling.columns import ColumnProfile
from accord.profiling.repeats import Repeated, Shared


@dataclass(frozen=True, slots=True)
class TableProfile:
    """One stream or one system's part of an entity, column by column.

    `rejected` counts the dead letters that wait, by cause; `repeated` the records that share a key.
    `owned` are the columns whose values are to be good here, since nobody else's come first.
    """

    name: str
    title: str
    records: int
    columns: tuple[ColumnProfile, ...]
    rejected: Mapping[str, int]
    repeated: tuple[Repeated, ...] = ()
    repeated_any: int = 0
    owned: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """How often a system has another value than the one with authority, for one attribute.

    `is_copy` says that the system is to hold the owner's value, so that a sync will write it there.
    """

    system: str
    attribute: str
    owner: str
    compared: int
    apart: int
    is_copy: bool = True

    @property
    def share(self) -> float:
        """The share of the values compared that are apart."""
        return self.apart / self.compared if self.compared else 0.0


@dataclass(frozen=True, slots=True)
class SystemProfile:
    """Everything about one system's streams."""

    system: str
    title: str
    tables: tuple[TableProfile, ...]


@dataclass(frozen=True, slots=True)
class EntityProfile:
    """One entity over all systems that know it: each alone, each two, and against authority."""

    entity: str
    tables: tuple[TableProfile, ...]
    shared: tuple[Shared, ...]
    disagreements: tuple[Disagreement, ...]
