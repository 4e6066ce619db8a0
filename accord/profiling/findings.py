"""What to mend first: findings over a profile, the ones that touch most records on top."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from accord.profiling.columns import ColumnProfile
from accord.profiling.profile import EntityProfile, SystemProfile, TableProfile

Kind = Literal["rejected", "invalid", "duplicates", "conflicts", "formats", "gaps", "outliers"]

_WEIGHTS: dict[Kind, float] = {
    "rejected": 5, "duplicates": 4, "invalid": 3, "conflicts": 3,
    "formats": 1, "gaps": 0.5, "outliers": 0.5,
}  # fmt: skip
_WORTH_SAYING = 0.01
_EMPTY = 0.0
_GAPPY = 0.9
_FEW = 0.03


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend: where it is, what it is, and what an integration engineer does about it.

    `weight` orders findings: the records concerned, times how much harm such a fault does.
    """

    kind: Kind
    where: str
    records: int
    says: str
    remedy: str

    @property
    def weight(self) -> float:
        """How much it matters beside the others."""
        return self.records * _WEIGHTS[self.kind]


def findings(profile: SystemProfile | EntityProfile) -> list[Finding]:
    """Everything worth mending, the most harmful first."""
    found = [item for table in profile.tables for item in _of_table(table)]
    if isinstance(profile, EntityProfile):
        found += _of_authority(profile)
    return sorted(found, key=lambda item: (-item.weight, item.where, item.kind))


def _of_table(table: TableProfile) -> Iterator[Finding]:
    for cause, records in table.rejected.items():
        yield Finding(
            "rejected", table.name, records,
            f"{records:,} records break their contract: {cause}",
            f"see `accord dlq list --cause {cause}`; or change the contract",
        )  # fmt: skip
    if table.repeated_any:
        keys = ", ".join(f"{item.key} {item.records:,}" for item in table.repeated if item.records)
        yield Finding(
            "duplicates", table.name, table.repeated_any,
            f"{table.repeated_any:,} records share what names somebody with another ({keys})",
            "merge them at the source, or let stewards decide: `accord match review`",
        )  # fmt: skip
    for column in table.columns:
        yield from _of_column(table, column)
    yield from _gaps(table)


def _of_column(table: TableProfile, column: ColumnProfile) -> Iterable[Finding]:
    where = f"{table.name}.{column.name}"
    if column.invalid > _WORTH_SAYING * column.filled:
        yield Finding(
            "invalid", where, column.invalid,
            f"{column.invalid:,} of {column.filled:,} values are not what the column says",
            "correct them at the source; they are left out of the golden records",
        )  # fmt: skip
    if column.odd > _WORTH_SAYING * column.filled:
        common = column.formats[0].shape if column.formats else ""
        yield Finding(
            "formats", where, column.odd,
            f"{column.odd:,} of {column.filled:,} values are not written like most: {common}",
            "agree on one way to write it at the source",
        )  # fmt: skip
    if 0 < column.far <= _FEW * column.filled:  # more of them are a long tail and no mistakes
        yield Finding(
            "outliers", where, column.far,
            f"{column.far:,} numbers lie far from the others, which are {column.usual}",
            "look at them at the source; a range in the contract would reject them",
        )  # fmt: skip


def _gaps(table: TableProfile) -> Iterator[Finding]:
    """What is missing, told together for columns that are missing together."""
    missing: dict[tuple[int, int], list[str]] = defaultdict(list)
    for column in table.columns:
        is_owned = table.owned is None or column.name in table.owned
        if is_owned and _EMPTY < column.completeness < _GAPPY:
            missing[column.records - column.filled, column.records].append(column.name)
    for (absent, records), names in missing.items():
        yield Finding(
            "gaps", f"{table.name}.{', '.join(names)}", absent,
            f"{absent:,} of {records:,} records have no value",
            "ask for it where records are entered, or let another system stand in (authority)",
        )  # fmt: skip


def _of_authority(profile: EntityProfile) -> Iterator[Finding]:
    for item in profile.disagreements:
        if item.is_copy and item.share > _WORTH_SAYING:
            yield Finding(
                "conflicts", f"{item.system}.{item.attribute}", item.apart,
                f"{item.apart:,} of {item.compared:,} values are not those of {item.owner}",
                "a sync will overwrite them: make sure, or name another authority in the contract",
            )  # fmt: skip
