"""Which models there are and what each is built from, read from dbt's own description of them.

Nothing here is listed by hand, so a model that comes with a new system's folder joins by itself.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from accord.settings import CHECKOUT

PROJECT = CHECKOUT / "dbt_project"
_KINDS = ("*.sql", "*.yml", "*.csv")

Table = tuple[str, str]
"""A schema and a name in it."""

_TABLED = ("canonical", "publish")
_VERDICTS = "source.accord.ops.rejected_rows"
_SHARED = "landing"
_GOLDEN = "golden"


@dataclass(frozen=True, slots=True)
class Model:
    """One dbt model of the canonical or publish layer.

    `inputs` are the tables it is built from, staging and intermediate views looked through.
    `streams` are the streams it ultimately comes from. A model `behind_gate` reads verdicts.
    """

    name: str
    schema: str
    description: str
    columns: Mapping[str, tuple[str, str]]
    inputs: tuple[Table, ...]
    streams: tuple[str, ...]
    behind_gate: bool

    @property
    def key(self) -> Table:
        """Its schema and name."""
        return self.schema, self.name


@dataclass(frozen=True, slots=True)
class Feed:
    """A view in which one system tells of its records of an entity; `version` is that of its code.

    `streams` are those of the system that it is made from.
    """

    schema: str
    model: str
    system: str
    streams: tuple[str, ...]
    version: str


def code_version(project: Path = PROJECT, systems: Path = CHECKOUT / "systems") -> str:
    """The identity of everything dbt reads: models, macros, seeds and the systems' models."""
    digest = hashlib.sha256()
    files = (
        path for folder in (project, systems) for kind in _KINDS for path in folder.rglob(kind)
    )
    for path in sorted(path for path in files if "target" not in path.parts):
        digest.update(path.as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def dbt_folder(home: Path) -> Path:
    """Where dbt writes what it makes, its manifest among it; it rewrites that at every call."""
    return home / "dbt"


def _description(home: Path) -> Path:
    return home / "description" / "manifest.json"


def is_described(home: Path) -> bool:
    """Tell whether the description is there and of the project as it is now."""
    path = _description(home)
    stamp = path.with_suffix(".version")
    return path.exists() and stamp.exists() and stamp.read_text("utf-8") == code_version()


def keep_description(home: Path) -> None:
    """Keep the manifest that dbt has just written as the description of the project as it is now.

    It is our own copy, put in place whole: whoever reads it, or is killed, never meets half a file.
    """
    path = _description(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    _put(path, (dbt_folder(home) / "manifest.json").read_bytes())
    _put(path.with_suffix(".version"), code_version().encode())


def _put(path: Path, content: bytes) -> None:
    """Write a file so that others see the old content or the new."""
    whole = path.with_name(f"{path.name}.{os.getpid()}")
    whole.write_bytes(content)
    whole.replace(path)


def described(home: Path) -> Mapping[str, Any] | None:
    """The last description, or None before the first."""
    path = _description(home)
    return json.loads(path.read_bytes()) if path.exists() else None


def feeding(manifest: Mapping[str, Any], table: str) -> tuple[str, ...]:
    """The streams that a model, of whatever layer, ultimately comes from."""
    nodes = {**manifest["nodes"], **manifest["sources"]}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["name"] == table:
            return _streams(_ancestors(node, nodes), nodes)
    return ()


def feeds(manifest: Mapping[str, Any], entity: str) -> tuple[Feed, ...]:
    """The views that tell of an entity, one a system: models whose `meta` says what they feed."""
    nodes = {**manifest["nodes"], **manifest["sources"]}
    found = []
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and _meta(node).get("feeds") == entity:
            ancestors = _ancestors(node, nodes)
            streams = _streams(ancestors, nodes)
            code = [_checksum(nodes[name]) for name in sorted(ancestors)]
            found.append(
                Feed(
                    schema=node["schema"],
                    model=node["name"],
                    system=streams[0].partition(".")[0] if streams else "",
                    streams=tuple(name.partition(".")[2] for name in streams),
                    version=hashlib.sha256("".join([_checksum(node), *code]).encode()).hexdigest(),
                )
            )
    return tuple(sorted(found, key=lambda feed: feed.model))


def models(manifest: Mapping[str, Any]) -> tuple[Model, ...]:
    """The models of the canonical and publish layers, each after what it is built from."""
    nodes = {**manifest["nodes"], **manifest["sources"]}
    found = [
        _model(node, nodes)
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] in _TABLED
    ]
    return _in_order(sorted(found, key=lambda model: model.key))


def _in_order(found: Iterable[Model]) -> tuple[Model, ...]:
    by_key = {model.key: model for model in found}
    order = TopologicalSorter(
        {key: [name for name in model.inputs if name in by_key] for key, model in by_key.items()}
    )
    return tuple(by_key[key] for key in order.static_order())


def _model(node: Mapping[str, Any], nodes: Mapping[str, Any]) -> Model:
    ancestors = _ancestors(node, nodes)
    return Model(
        name=node["name"],
        schema=node["schema"],
        description=node["description"],
        columns={
            name: (column.get("data_type") or "", column["description"])
            for name, column in node["columns"].items()
        },
        inputs=tuple(sorted(set(_inputs(node, nodes)))),
        streams=_streams(ancestors, nodes),
        behind_gate=_VERDICTS in ancestors,
    )


def _streams(ancestors: Iterable[str], nodes: Mapping[str, Any]) -> tuple[str, ...]:
    found = (nodes[name] for name in ancestors if _is_stream(nodes[name]))
    return tuple(sorted(f"{node['source_name']}.{node['name']}" for node in found))


def _is_stream(node: Mapping[str, Any]) -> bool:
    """A source that a system declares of itself, over a landing table."""
    return bool(
        node["resource_type"] == "source"
        and node["schema"] == "landing"
        and node["source_name"] != _SHARED
    )


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    return node.get("config", {}).get("meta") or node.get("meta") or {}


def _checksum(node: Mapping[str, Any]) -> str:
    checksum: str = node.get("checksum", {}).get("checksum", "")
    return checksum


def _parents(node: Mapping[str, Any]) -> list[str]:
    return list(node.get("depends_on", {}).get("nodes", ()))


def _ancestors(node: Mapping[str, Any], nodes: Mapping[str, Any]) -> set[str]:
    """All that a model comes from; a golden table comes from the views that feed its entity."""
    found: set[str] = set()
    waiting = _parents(node)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_parents(nodes[name]))
            if entity := _golden_entity(nodes[name]):
                waiting.extend(
                    key for key, other in nodes.items() if _meta(other).get("feeds") == entity
                )
    return found


def _golden_entity(node: Mapping[str, Any]) -> str:
    """The entity whose golden records a source is a table of; "" for any other source or model."""
    is_golden = node["resource_type"] == "source" and node["source_name"] == _GOLDEN
    return str(_meta(node).get("entity", "")) if is_golden else ""


def _inputs(node: Mapping[str, Any], nodes: Mapping[str, Any]) -> Iterable[Table]:
    for name in _parents(node):
        parent = nodes[name]
        if _is_stream(parent):
            yield "landing", parent["identifier"]
        elif _golden_entity(parent):
            yield parent["schema"], _meta(parent).get("kept_with", parent["name"])
        elif parent["resource_type"] == "model" and parent["schema"] in _TABLED:
            yield parent["schema"], parent["name"]
        elif parent["resource_type"] == "model":
            yield from _inputs(parent, nodes)
