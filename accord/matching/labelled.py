"""Files of records whose truth is known: read, renamed, and checked against each other."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from accord.errors import Stop
from accord.matching.clustering import Groups
from accord.matching.forms import COLUMNS

_TRUTH = ("id", "cluster", "id1", "id2")
# The column that says which file a record is from.
SOURCE = "source"
_DELIMITERS = ",;\t|"
_SIDES = ("1:", "2:")


@dataclass(frozen=True)
class Labelled:
    """Records, and for each the cluster that it truly belongs to.

    Where two files are linked, each id has its file in front, so that both may use the same ones.
    """

    records: pa.Table
    truth: Mapping[str, str]
    is_linked: bool

    @staticmethod
    def side(record: str) -> str:
        """Return which of two linked files a record is from."""
        return record[:2]


def labelled(
    records: Path,
    truth: Path,
    *,
    link: Path | None = None,
    entity: str,
    names: Mapping[str, str],
) -> Labelled:
    """Read one file of records, or two to be linked, and the file that says what belongs together.

    `names` maps columns of the files to canonical ones; several to the same are put together.
    A record that the truth does not name is a customer of its own. Raises Stop.
    """
    if entity not in COLUMNS:
        raise Stop(f"{entity!r} is no entity to match", remedy=f"use {' or '.join(COLUMNS)}")
    files = [records, *([link] if link else [])]
    tables = [_table(path) for path in files]
    answers = _table(truth)
    _check_names(names, [*tables, answers], entity)
    read = [
        _prepared(table, path=path, entity=entity, names=names, before=side if link else "")
        for table, path, side in zip(tables, files, _SIDES, strict=False)
    ]
    together = pa.concat_tables(
        [
            table.append_column(SOURCE, pa.array([side] * table.num_rows, pa.string()))
            for table, side in zip(read, _SIDES, strict=False)
        ],
        promote_options="default",
    )
    ids = [table.column("id").to_pylist() for table in read]
    return Labelled(
        together, _truth(_renamed(answers, names, _TRUTH), truth, ids), link is not None
    )


def _table(path: Path) -> pa.Table:
    if not path.is_file():
        raise Stop(f"there is no file {path}", remedy="give the path of a CSV file with a header")
    with path.open("rb") as file:
        start = file.read(65536)
    encoding = "utf-8" if _is_utf8(start) else "latin-1"
    header = start.decode(encoding, "replace").lstrip("\ufeff").split("\n", 1)[0].strip("\r")
    delimiter = max(_DELIMITERS, key=header.count)
    columns = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
    if not any(columns):
        raise Stop(f"{path} is empty", remedy="give a CSV file with a header")
    try:
        return arrow_csv.read_csv(
            path,
            read_options=arrow_csv.ReadOptions(
                column_names=columns, skip_rows=1, encoding=encoding
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid as error:
        raise Stop(
            f"{path} is no CSV file that can be read", remedy=f"correct it: {error}"
        ) from error


def _is_utf8(start: bytes) -> bool:
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > len(start) - 4
    return True


def _check_names(names: Mapping[str, str], tables: Sequence[pa.Table], entity: str) -> None:
    canonical = {*COLUMNS[entity], *_TRUTH}
    there = {name for table in tables for name in table.column_names}
    for given, name in names.items():
        if name not in canonical:
            raise Stop(
                f"{name!r} is no column of a {entity}",
                remedy=f"map to one of {', '.join(sorted(canonical))}",
            )
        if given not in there:
            raise Stop(
                f"no file has a column {given!r} to be read as {name}",
                remedy=f"map one of {', '.join(sorted(there))}",
            )


def _renamed(table: pa.Table, names: Mapping[str, str], wanted: Sequence[str]) -> pa.Table:
    """Return the wanted columns under their canonical names; those of one name put together."""
    parts: dict[str, list[pa.ChunkedArray]] = {}
    renamed = {names[given] for given in table.column_names if given in names}
    for place, given in enumerate(table.column_names):
        name = names.get(given, given.lower())
        if name in wanted and (given in names or name not in renamed):
            parts.setdefault(name, []).append(table.column(place))
    return pa.table(
        {
            name: found[0]
            if len(found) == 1
            else pc.binary_join_element_wise(*found, " ", null_handling="skip")
            for name, found in parts.items()
        }
    )


def _prepared(
    table: pa.Table, *, path: Path, entity: str, names: Mapping[str, str], before: str
) -> pa.Table:
    found = _renamed(table, names, ("id", *COLUMNS[entity]))
    if "id" not in found.column_names:
        raise Stop(
            f"{path} has no column id",
            remedy=f"name it with --map COLUMN=id; it has {', '.join(table.column_names)}",
        )
    if found.num_columns == 1:
        raise Stop(
            f"{path} has nothing to compare",
            remedy=f"map its columns to any of {', '.join(COLUMNS[entity])}",
        )
    ids = pc.utf8_trim_whitespace(found.column("id"))
    if ids.null_count:
        raise Stop(f"{path} has {ids.null_count} records without an id", remedy="give each one")
    repeated = found.num_rows - len(pc.unique(ids))
    if repeated:
        raise Stop(f"{path} has {repeated} repeated ids", remedy="give each record its own id")
    named = pc.binary_join_element_wise(before, ids, "") if before else ids
    return found.set_column(found.column_names.index("id"), "id", named)


def _truth(answers: pa.Table, path: Path, ids: Sequence[Sequence[str]]) -> dict[str, str]:
    columns = answers.column_names
    known = {record for side in ids for record in side}
    groups = Groups(known)
    if {"id1", "id2"} <= set(columns):
        sides = _SIDES if len(ids) == 2 else ("", "")
        pairs = [
            (sides[0] + left.strip(), sides[1] + right.strip())
            for left, right in zip(
                answers.column("id1").to_pylist(), answers.column("id2").to_pylist(), strict=True
            )
            if left and right
        ]
        _all_known([record for pair in pairs for record in pair], known, path)
    elif {"id", "cluster"} <= set(columns):
        pairs = _same_cluster(answers, path, known, linked=len(ids) == 2)
    else:
        raise Stop(
            f"{path} says neither (id, cluster) nor (id1, id2)",
            remedy="rename its columns with --map COLUMN=id1 --map COLUMN=id2, or give a header",
        )
    for left, right in pairs:
        groups.join(left, right)
    return groups.all()


def _same_cluster(
    answers: pa.Table, path: Path, known: set[str], *, linked: bool
) -> list[tuple[str, str]]:
    first: dict[str, str] = {}
    pairs = []
    for record, named in zip(
        answers.column("id").to_pylist(), answers.column("cluster").to_pylist(), strict=True
    ):
        if not record or not named:
            continue
        for found in _of_either(record.strip(), known) if linked else [record.strip()]:
            pairs.append((first.setdefault(named, found), found))
    _all_known([record for pair in pairs for record in pair], known, path)
    return pairs


def _of_either(record: str, known: set[str]) -> list[str]:
    found = [side + record for side in _SIDES if side + record in known]
    if len(found) == 2:
        raise Stop(
            "both files have records of the ids in the truth's clusters",
            remedy="say which belong together as (id1, id2), of the first and the second file",
        )
    return found or [_SIDES[0] + record]


def _all_known(asked: Sequence[str], known: set[str], path: Path) -> None:
    unknown = Counter(record for record in asked if record not in known)
    if unknown:
        raise Stop(
            f"{path} names {len(unknown)} ids that are in no file of records",
            remedy="give the records that it was made for; ids are compared as text",
        )
