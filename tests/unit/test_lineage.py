"""Which models there are and what each is built from, read from dbt's own description."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from accord import lineage
from accord.lineage import (
    code_version,
    dbt_folder,
    described,
    feeding,
    feeds,
    is_described,
    keep_description,
    models,
)


def a_model(name: str, schema: str, *parents: str) -> dict[str, Any]:
    return {
        "resource_type": "model", "name": name, "schema": schema, "description": f"All {name}",
        "columns": {"id": {"data_type": "text", "description": "Its name"}},
        "depends_on": {"nodes": list(parents)},
    }  # fmt: skip


def a_source(system: str, stream: str, schema: str = "landing") -> dict[str, Any]:
    return {
        "resource_type": "source", "source_name": system, "name": stream, "schema": schema,
        "identifier": f"{system}__{stream}",
    }  # fmt: skip


MANIFEST = {
    "nodes": {
        "m.published": a_model("pub_books__days", "publish", "m.days", "seed.rates"),
        "m.days": a_model("days", "canonical", "m.sales", "source.accord.ops.rejected_rows"),
        "m.sales": a_model("sales", "canonical", "m.lines"),
        "m.lines": a_model("int_lines__joined", "intermediate", "m.stg", "m.stg2"),
        "m.stg": a_model("stg_pos__lines", "staging", "s.pos", "s.shapes"),
        "m.stg2": a_model("stg_shop__orders", "staging", "s.shop"),
        "seed.rates": {"resource_type": "seed", "name": "rates", "schema": "canonical"},
    },
    "sources": {
        "s.pos": a_source("pos", "lines"),
        "s.shop": a_source("shop", "orders"),
        "s.shapes": a_source("landing", "shapes"),
        "source.accord.ops.rejected_rows": a_source("ops", "rejected_rows", "ops"),
    },
}


def test_models_come_after_what_they_are_built_from() -> None:
    found = models(MANIFEST)
    assert [model.name for model in found] == ["sales", "days", "pub_books__days"]


def test_views_in_between_are_looked_through() -> None:
    sales, days, published = models(MANIFEST)
    assert sales.inputs == (("landing", "pos__lines"), ("landing", "shop__orders"))
    assert days.inputs == (("canonical", "sales"),)
    assert published.inputs == (("canonical", "days"),)
    assert sales.columns == {"id": ("text", "Its name")}


def test_every_model_knows_the_streams_it_comes_from() -> None:
    for model in models(MANIFEST):
        assert model.streams == ("pos.lines", "shop.orders")
    assert feeding(MANIFEST, "stg_pos__lines") == ("pos.lines",)
    assert feeding(MANIFEST, "no_such_model") == ()


def test_what_reads_verdicts_is_behind_the_gate_and_all_after_it() -> None:
    assert [model.behind_gate for model in models(MANIFEST)] == [False, True, True]


def test_the_version_follows_every_file_dbt_reads_and_nothing_else(tmp_path: Path) -> None:
    project, systems = tmp_path / "project", tmp_path / "systems"
    (project / "models").mkdir(parents=True)
    (project / "target").mkdir()
    systems.mkdir()
    versions = [code_version(project, systems)]
    for path in ("models/a.sql", "models/a.yml", "seeds.csv", "../systems/stg.sql"):
        (project / path).write_text("select 1", encoding="utf-8")
        versions.append(code_version(project, systems))
    assert len(set(versions)) == len(versions)
    for path in ("target/compiled.sql", "models/notes.txt"):
        (project / path).write_text("select 2", encoding="utf-8")
    assert code_version(project, systems) == versions[-1]


def dbt_wrote(home: Path, text: str) -> None:
    """Write what dbt writes whenever it is called, and leaves half when it is killed."""
    dbt_folder(home).mkdir(parents=True, exist_ok=True)
    (dbt_folder(home) / "manifest.json").write_text(text, encoding="utf-8")


def test_a_description_counts_only_for_the_project_it_was_made_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert described(tmp_path) is None
    dbt_wrote(tmp_path, '{"nodes": {}}')
    assert not is_described(tmp_path)
    keep_description(tmp_path)
    assert is_described(tmp_path)
    assert described(tmp_path) == {"nodes": {}}
    monkeypatch.setattr(lineage, "code_version", lambda: "another")
    assert not is_described(tmp_path)


def test_a_description_stands_while_dbt_writes_its_own_or_dies_over_it(tmp_path: Path) -> None:
    dbt_wrote(tmp_path, '{"nodes": {}}')
    keep_description(tmp_path)
    dbt_wrote(tmp_path, '{"nod')
    assert is_described(tmp_path)
    assert described(tmp_path) == {"nodes": {}}


def with_golden_records() -> dict[str, Any]:
    """The project with a customer entity that one system feeds and one model publishes."""
    fed = a_model("int_customers__from_shop", "intermediate", "m.stg2")
    fed |= {"config": {"meta": {"feeds": "customer"}}, "checksum": {"checksum": "c0de"}}
    golden = a_source("golden", "customers", "canonical")
    golden |= {"config": {"meta": {"entity": "customer"}}}
    members = a_source("golden", "customer_members", "canonical")
    members |= {"config": {"meta": {"entity": "customer", "kept_with": "customers"}}}
    return {
        "nodes": MANIFEST["nodes"]
        | {"m.fed": fed, "m.sent": a_model("pub_shop__people", "publish", "s.gold", "s.members")},
        "sources": MANIFEST["sources"] | {"s.gold": golden, "s.members": members},
    }


def test_golden_records_come_from_the_views_that_feed_their_entity() -> None:
    manifest = with_golden_records()
    (feed,) = feeds(manifest, "customer")
    assert (feed.schema, feed.model) == ("intermediate", "int_customers__from_shop")
    assert (feed.system, feed.streams) == ("shop", ("orders",))
    assert feeds(manifest, "product") == ()
    assert feeding(manifest, "pub_shop__people") == ("shop.orders",)
    sent = next(model for model in models(manifest) if model.name == "pub_shop__people")
    assert sent.inputs == (("canonical", "customers"),)


def test_the_version_of_a_feed_follows_the_code_it_is_made_by() -> None:
    before, after = with_golden_records(), with_golden_records()
    stg = {**after["nodes"]["m.stg2"], "checksum": {"checksum": "new"}}
    after["nodes"] = after["nodes"] | {"m.stg2": stg}
    assert feeds(before, "customer") != feeds(after, "customer")
