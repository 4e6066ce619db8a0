"""Names become tables and modules, so nothing else is let through."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import Stop
from accord.names import StreamName, checked


@pytest.mark.parametrize("name", ["pos", "pos_2", "a", "sales_lines", "a" * 40])
def test_a_lower_snake_case_name_is_let_through(name: str) -> None:
    assert checked(name, what="stream") == name


@pytest.mark.parametrize(
    "name",
    ["", "Pos", "2pos", "pos__x", "_pos", "pos_", "a b", 'a"b', "a;drop", "a" * 41, "é", "a\n"],
)
def test_any_other_name_is_refused_with_the_rule(name: str) -> None:
    with pytest.raises(Stop, match=r"is no stream name.*Remedy: use lower case"):
        checked(name, what="stream")


@given(st.text(max_size=12))
def test_whatever_is_let_through_is_safe_as_an_identifier(name: str) -> None:
    try:
        checked(name, what="stream")
    except Stop:
        return
    assert name.isascii()
    assert name.isidentifier()
    assert name == name.lower()
    assert "__" not in name


def test_a_stream_names_its_table_so_that_no_two_streams_share_one() -> None:
    assert StreamName("pos", "sales_lines").table == "pos__sales_lines"
    assert str(StreamName("pos", "sales_lines")) == "pos.sales_lines"
    for system, stream in (("pos__x", "y"), ("pos", "x__y")):
        with pytest.raises(Stop):
            StreamName(system, stream)
