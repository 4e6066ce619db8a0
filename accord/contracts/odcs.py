"""Reads ODCS v3 contract files (https://bitol-io.github.io/open-data-contract-standard).

A file is checked against the standard's own model and then narrowed to what the engine keeps.
What the engine would have to ignore is refused by name, so that no promise in a contract is empty.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from accord.contracts import odcs_schema
from accord.contracts.model import Column, Comparison, Contract, Quality, SchemaMode
from accord.contracts.odcs_schema import decimal, refuse

if TYPE_CHECKING:
    from open_data_contract_standard.model import OpenDataContractStandard

SUFFIX = ".odcs.yaml"
_UNITS = {"d": "days", "day": "days", "h": "hours", "hour": "hours", "m": "minutes"}
_COUNTRY = re.compile("[A-Z]{2}")
_VERSIONED = re.compile(r"(?P<entity>[a-z][a-z0-9_]*)\.v(?P<version>\d+)\.odcs\.yaml")


def load(path: Path) -> Contract:
    """Read the contract file `path`. Raises Stop, naming the file, the fault and the remedy."""
    try:
        content = path.read_bytes()
    except OSError as error:
        refuse(path.name, "cannot be read", remedy=f"put a readable contract at {path}", of=error)
    return _parsed(path.name, content)


def entities(folder: Path) -> dict[str, Contract]:
    """Read `<entity>.v<version>.odcs.yaml` below `folder`: the highest version of each entity.

    Raises Stop for a file whose name does not say entity and version, or that has no key.
    """
    newest: dict[str, tuple[int, Path]] = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        match = _VERSIONED.fullmatch(path.name)
        if match is None:
            refuse(path.name, "is no entity contract", remedy="call it <entity>.v1.odcs.yaml")
        entity, version = match["entity"], int(match["version"])
        newest[entity] = max(newest.get(entity, (0, path)), (version, path))
    contracts = {entity: load(path) for entity, (_, path) in newest.items()}
    for entity, contract in contracts.items():
        if contract.key_column is None:
            file = newest[entity][1].name
            refuse(file, "names no key", remedy="mark one column with primaryKey: true")
    return contracts


@lru_cache(maxsize=256)
def _parsed(file: str, content: bytes) -> Contract:
    document = _document(file, content)
    tables = document.schema_ or []
    if len(tables) != 1:
        refuse(file, "does not describe exactly one table", remedy="give `schema` one entry")
    table = tables[0]
    columns = tuple(odcs_schema.column(file, item) for item in table.properties or ())
    custom = _custom(document)
    names = [column.name for column in columns]
    if doubled := next((name for name in names if names.count(name) > 1), None):
        refuse(file, f"lists {doubled} twice", remedy="give every column its own name")
    keys = [column.name for column in columns if column.primary_key]
    parts = [item.name for item in table.properties or () if item.partitioned]
    if not columns or len(keys) > 1 or len(parts) > 1:
        refuse(
            file,
            "needs columns, at most one primaryKey and at most one partitioned column",
            remedy="list the columns; build one key column from the parts of a longer key",
        )
    return Contract(
        name=document.name or document.id or "",
        version=document.version or "",
        table=table.physicalName or table.name or "",
        grain=table.dataGranularityDescription or "",
        description=(table.description or "").strip(),
        owner=_owner(document),
        schema_mode=_mode(file, custom),
        partition_column=parts[0] if parts else None,
        key_column=keys[0] if keys else None,
        reject_budget=_budget(file, custom),
        columns=columns,
        rules=tuple(odcs_schema.rules(file, table)),
        freshness=_freshness(file, document),
        digest=hashlib.sha256(content).hexdigest(),
        home_country=_home(file, custom),
    )


def _document(file: str, content: bytes) -> OpenDataContractStandard:
    import yaml
    from open_data_contract_standard.model import OpenDataContractStandard
    from pydantic import ValidationError

    try:
        raw = yaml.safe_load(content)
        document = OpenDataContractStandard.model_validate(raw)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" near line {mark.line + 1}" if mark else ""
        refuse(file, f"is no YAML{where}", remedy="mend its indentation and quotes", of=error)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the top"
        remedy = "compare it with the standard"
        refuse(file, f"breaks ODCS at {where}: {first['msg']}", remedy=remedy, of=error)
    dumped = document.model_dump(by_alias=True, exclude_unset=True)
    if unknown := next(_unknown(raw, dumped, ""), None):
        refuse(file, f"has {unknown}, which ODCS does not know", remedy="correct its spelling")
    if not (document.apiVersion or "").startswith("v3.") or document.kind != "DataContract":
        remedy = "write apiVersion: v3.1.0 and kind: DataContract"
        refuse(file, "does not say that it is an ODCS v3 contract", remedy=remedy)
    return document


def _unknown(raw: Any, known: Any, where: str) -> Iterator[str]:
    """Yield paths of `raw` that the model dropped: it forbids unknown keys at the top only."""
    if isinstance(raw, Mapping) and isinstance(known, Mapping):
        for key, value in raw.items():
            path = f"{where}.{key}".lstrip(".")
            if key not in known:
                yield path
            else:
                yield from _unknown(value, known[key], path)
    elif isinstance(raw, list) and isinstance(known, list):
        for number, (value, other) in enumerate(zip(raw, known, strict=True)):
            yield from _unknown(value, other, f"{where}[{number}]")


def _custom(document: OpenDataContractStandard) -> Mapping[str, Any]:
    return {item.property or "": item.value for item in document.customProperties or ()}


def _mode(file: str, custom: Mapping[str, Any]) -> SchemaMode:
    mode = custom.get("schemaMode", "evolve")
    if mode not in get_args(SchemaMode):
        remedy = f"use one of {', '.join(get_args(SchemaMode))}"
        refuse(file, "has an unknown schemaMode", remedy=remedy)
    return cast("SchemaMode", mode)


def _budget(file: str, custom: Mapping[str, Any]) -> Decimal:
    budget = decimal(file, custom.get("rejectBudget", 0)) or Decimal(0)
    if not 0 <= budget <= 1:
        refuse(file, "has no sensible rejectBudget", remedy="give a share such as 0.01 for 1 %")
    return budget


def _home(file: str, custom: Mapping[str, Any]) -> str | None:
    home = custom.get("homeCountry")
    if home is not None and not (isinstance(home, str) and _COUNTRY.fullmatch(home)):
        refuse(file, "has an odd homeCountry", remedy="give its ISO 3166-1 code, such as GB")
    return home


def _owner(document: OpenDataContractStandard) -> str:
    team = document.team
    if team is None:
        return ""
    members = team if isinstance(team, list) else team.members or []
    ranked = sorted(members, key=lambda member: member.role != "owner")
    named = ranked[0].username if ranked else None
    return named or ("" if isinstance(team, list) else team.name or "")


def _freshness(file: str, document: OpenDataContractStandard) -> timedelta | None:
    for item in document.slaProperties or ():
        if item.property in ("freshness", "latency"):
            unit = _UNITS.get((item.unit or "").rstrip("s"))
            if unit is None or not isinstance(item.value, int | float):
                remedy = "write a number as value and d, h or m as unit"
                refuse(file, f"has an unclear {item.property}", remedy=remedy)
            return timedelta(**{unit: item.value})
    return None


__all__ = ["Column", "Comparison", "Contract", "Quality", "entities", "load"]
