"""Which systems there are: discovered from their folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from accord.catalog import Delivery, deliveries, discover, in_order
from accord.errors import Stop

TOML = """
title = "Shop floor"
role = "production"
[address]
url = "https://example.test"
[limits]
batch = 10
settle_seconds = 2.5
[[streams]]
name = "orders"
title = "Orders"
contract = "orders.v1.odcs.yaml"
[[deliveries]]
flow = "{flow}"
kind = "jobs"
model = "pub_{name}__jobs"
gates = ["sale"]
mode = "upsert"
"""


def declared(folder: Path, name: str, text: str = TOML, *, flow: str = "planning") -> None:
    (folder / name).mkdir()
    told = text.replace("{name}", name).replace("{flow}", flow)
    (folder / name / "system.toml").write_text(told, encoding="utf-8")


def test_every_folder_with_a_declaration_is_a_system(tmp_path: Path) -> None:
    declared(tmp_path, "shop_floor")
    (tmp_path / "no_system").mkdir()
    (system,) = discover(tmp_path).values()
    assert (system.name, system.title, system.url) == (
        "shop_floor", "Shop floor", "https://example.test",
    )  # fmt: skip
    (stream,) = system.streams
    assert (str(stream.name), stream.partitioned, stream.read_back) == (
        "shop_floor.orders", False, False,
    )  # fmt: skip
    assert stream.contract == tmp_path / "shop_floor" / "contracts" / "orders.v1.odcs.yaml"
    (delivery,) = system.deliveries
    assert (delivery.system, delivery.batch, delivery.settle_seconds) == ("shop_floor", 10, 2.5)


def test_deliveries_come_in_the_order_of_flow_and_system(tmp_path: Path) -> None:
    for name, flow in (("b", "takings"), ("a", "takings"), ("c", "billing")):
        declared(tmp_path, name, flow=flow)
    found = [(item.flow, item.system) for item in deliveries(discover(tmp_path))]
    assert found == [("billing", "c"), ("takings", "a"), ("takings", "b")]


@pytest.mark.parametrize(
    "text",
    [
        "title = ",
        TOML.replace('title = "Shop floor"', ""),
        TOML.replace("batch = 10", ""),
        TOML.replace('contract = "orders.v1.odcs.yaml"', ""),
    ],
)
def test_a_declaration_that_cannot_be_used_is_refused_by_its_file(
    tmp_path: Path, text: str
) -> None:
    declared(tmp_path, "shop_floor", text)
    with pytest.raises(Stop, match=r"systems/shop_floor/system\.toml.*Remedy: "):
        discover(tmp_path)


def test_a_name_that_is_no_identifier_is_refused(tmp_path: Path) -> None:
    declared(tmp_path, "Shop-Floor")
    with pytest.raises(Stop, match="Remedy: use lower case"):
        discover(tmp_path)


def test_discovering_loads_no_client() -> None:
    """A light command asks which systems there are; it must not pay for their libraries."""
    import subprocess
    import sys

    told = subprocess.run(
        [
            sys.executable, "-c",
            "import sys; from accord.catalog import discover; discover();"
            "print([name for name in sys.modules if name.startswith('systems.')])",
        ],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert told.stdout.strip() == "[]"


def test_deliveries_go_after_those_of_their_system_that_are_sent_first() -> None:
    def delivery(system: str, kind: str, *after: str) -> Delivery:
        return Delivery("f", system, kind, "m", "upsert", ("g",), 1, 1.0, after=after)

    said = [delivery("s", "a", "b"), delivery("s", "b", "c"), delivery("s", "c", "not here")]
    found = [it.kind for it in in_order([*said, delivery("t", "b")]) if it.system == "s"]
    assert found == ["c", "b", "a"]
    assert len(in_order([*said, delivery("t", "b")])) == 4
